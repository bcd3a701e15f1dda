// router.ts - the address behind the #, as a signal. Every view is an address, so links and Back work.
import { signal } from '@preact/signals';

export interface Route {
	/** Decoded parts of the path: #/assets/ID/packages -> ["assets", "ID", "packages"]. */
	parts: string[];
	query: URLSearchParams;
}

function decode(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}

export function parseHash(hash: string): Route {
	const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
	return { parts: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

export const route = signal<Route>(parseHash(location.hash));

addEventListener('hashchange', () => {
	route.value = parseHash(location.hash);
});

/** The address of a view. The tenant of the present address is carried along. */
export function href(parts: readonly string[], query: Record<string, string | null | undefined> = {}): string {
	const params = new URLSearchParams();
	const wanted = { tenant: route.value.query.get('tenant'), ...query };
	for (const [name, value] of Object.entries(wanted)) {
		if (value) {
			params.set(name, value);
		}
	}
	const search = params.toString();
	return `#/${parts.map(encodeURIComponent).join('/')}${search ? `?${search}` : ''}`;
}

export function go(to: string): void {
	location.hash = to;
}

/** Changes the address without a new entry in the history (typing in a search box). */
export function replace(to: string): void {
	history.replaceState(null, '', to);
	route.value = parseHash(to);
}
