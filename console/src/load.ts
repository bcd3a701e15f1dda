// load.ts - a component's data: loaded, loaded again when asked, cancelled when it goes.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { type ApiError, asApiError } from './api';
import { epoch } from './stream';

export interface Loaded<T> {
	/** What was last loaded; it stays while it is loaded again. */
	data: T | null;
	error: ApiError | null;
	reload(): void;
	/** Replaces the data by what the caller made of it (live updates). */
	update(change: (data: T) => T): void;
}

/** deps say which thing is loaded: when they change, the data of the thing before is dropped. */
export function useLoad<T>(load: (abort: AbortSignal) => Promise<T>, deps: readonly unknown[]): Loaded<T> {
	const [state, setState] = useState<{ id: string; data: T | null; error: ApiError | null }>(
		{ id: '', data: null, error: null });
	const [turn, setTurn] = useState(0);
	const id = JSON.stringify(deps);

	useEffect(() => {
		const abort = new AbortController();
		load(abort.signal).then(
			(data) => !abort.signal.aborted && setState({ id, data, error: null }),
			(error) => {
				if (!abort.signal.aborted) {
					setState((old) => ({ id, data: old.id === id ? old.data : null, error: asApiError(error) }));
				}
			});
		return () => abort.abort();
	}, [id, turn, epoch.value]);

	const reload = useCallback(() => setTurn((n) => n + 1), []);
	const update = useCallback((change: (data: T) => T) => {
		setState((old) => (old.data === null ? old : { ...old, data: change(old.data) }));
	}, []);
	const isCurrent = state.id === id;
	return { data: isCurrent ? state.data : null, error: isCurrent ? state.error : null, reload, update };
}

/** Calls at most once in ms, the last time included. */
export function throttled(ms: number, call: () => void): () => void {
	let timer = 0;
	return () => {
		timer ||= setTimeout(() => {
			timer = 0;
			call();
		}, ms);
	};
}
