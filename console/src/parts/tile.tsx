// tile.tsx - a number with what it counts.
import type { ComponentChildren } from 'preact';
import { count } from '../text';

export function Tile({ label, value, note, to }: { label: string; value: number | null; note: ComponentChildren; to?: string }) {
	return (
		<div class="tile">
			<h2>{to ? <a href={to}>{label}</a> : label}</h2>
			<p class="figure">{value === null ? '–' : count(value)}</p>
			<p class="note">{note}</p>
		</div>
	);
}
