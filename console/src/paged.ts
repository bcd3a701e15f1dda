// paged.ts - a list that is loaded page by page as one scrolls.
import { useMemo, useRef, useState } from 'preact/hooks';
import { useLoad } from './load';

/** deps say which list it is. reload() leaves a list alone that was scrolled past its first page. */
export function usePages<P extends { items: unknown[]; next: string | null }>(
	load: (after: string | null, abort?: AbortSignal) => Promise<P>, deps: readonly unknown[],
) {
	type T = P['items'][number];
	const first = useLoad((abort) => load(null, abort), deps);
	const [more, setMore] = useState<{ base: P; items: T[]; next: string | null } | null>(null);
	const isLoading = useRef(false);
	const base = first.data;
	const further = base && more?.base === base ? more : null;
	const items = useMemo((): T[] => [...base?.items ?? [], ...further?.items ?? []], [base, further]);
	const next = further ? further.next : base?.next ?? null;
	const loadMore = async () => {
		if (!base || !next || isLoading.current) {
			return;
		}
		isLoading.current = true;
		try {
			const page = await load(next);
			setMore({ base, items: [...further?.items ?? [], ...page.items], next: page.next });
		} catch {
			// The lost connection is shown above; scrolling on asks again.
		} finally {
			isLoading.current = false;
		}
	};
	const isScrolledOn = useRef(false);
	isScrolledOn.current = further !== null;
	const refresh = () => {
		if (!isScrolledOn.current) {
			first.reload();
		}
	};
	return { base, items, next, loadMore, refresh, reload: first.reload, error: first.error };
}
