// networknav.tsx - the head of every page about the network: its title and the ways to the others.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { throttled } from '../load';
import { href } from '../router';
import { onChanges } from '../stream';

const PAGES: [part: string, title: string][] = [
	['', 'Map'], ['ports', 'Ports'], ['certificates', 'Certificates'], ['tls', 'TLS'], ['exposures', 'Exposures'], ['alerts', 'Alerts'], ['scopes', 'Scopes'],
];

export function NetworkHead({ here, title, children }: { here: string; title: string; children?: ComponentChildren }) {
	const ways = useRef<HTMLElement>(null);
	useEffect(() => {
		document.title = `${title} · Bartizan`;
	}, [title]);
	useEffect(() => {
		// Not scrollIntoView(), which would move the page too.
		const chip = ways.current?.querySelector<HTMLElement>('[aria-current]');
		ways.current?.scrollTo({ left: (chip?.offsetLeft ?? 0) - ways.current.clientWidth / 2 });
	}, [here]);
	return (
		<>
			<nav ref={ways} class="chips" aria-label="Network">
				{PAGES.map(([part, name]) => (
					<a key={part} class="chip" href={href(part ? ['network', part] : ['network'])} aria-current={part === here ? 'page' : undefined}>{name}</a>
				))}
			</nav>
			<header class="page-head">
				<h1>{title}</h1>
				{children}
			</header>
		</>
	);
}

/** Calls back, not too often, when rows of these tables came or went; of one asset where it is named. */
export function useTablesFollow(tables: readonly string[], reload: () => void, asset: string | null = null, ms = 3000): void {
	useEffect(() => {
		const soon = throttled(ms, reload);
		return onChanges((batch) => batch.some((change) => tables.includes(change.table) && (!asset || change.asset === asset)) && soon());
	}, [asset]);
}
