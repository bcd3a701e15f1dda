// lazy.tsx - a component whose code is loaded when it is first looked at.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { asApiError, type ApiError } from './api';
import { Failure, Loading } from './parts/states';

/** what: for people, while it loads. The code is loaded once; a failure can be tried again. */
export function lazy<P extends object>(what: string, load: () => Promise<ComponentType<P>>): ComponentType<P> {
	let known: ComponentType<P> | null = null;
	return function Lazy(props: P) {
		const [, setTurn] = useState(0);
		const [error, setError] = useState<ApiError | null>(null);
		const start = () => {
			setError(null);
			load().then(
				(component) => {
					known = component;
					setTurn((turn) => turn + 1);
				},
				(reason: unknown) => setError(asApiError(reason)));
		};
		useEffect(() => {
			if (!known) {
				start();
			}
		}, []);
		if (known) {
			const Known = known;
			return <Known {...props} />;
		}
		return error ? <Failure error={error} retry={start} /> : <Loading what={what} />;
	};
}
