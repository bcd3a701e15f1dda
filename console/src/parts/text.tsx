// text.tsx - foreign strings as text nodes, moments as relative times.
import { useComputed, useSignal } from '@preact/signals';
import { pieces, valueText, visible } from '../text';
import { absolute, relative } from '../time';
import type { Value } from '../types';

const SHOWN_MAX = 400;

/** A foreign string: its direction cannot reach its neighbours, and what is invisible is written out. */
export function Text({ of, max = SHOWN_MAX }: { of: string; max?: number }) {
	const cut = of.length > max ? `${of.slice(0, max)}…` : of;
	return (
		<bdi>
			{pieces(cut).map((piece) => (piece.isEscape ? <span class="escape">{piece.text}</span> : piece.text))}
		</bdi>
	);
}

/** A moment as "3 min ago"; the title has the absolute time. */
export function Ago({ at, never = 'never' }: { at: string | number | null; never?: string }) {
	const ms = typeof at === 'number' ? at : Date.parse(at ?? '');
	// Only the text node follows the clock; the component is not rendered again each second.
	const moment = useSignal(ms);
	moment.value = ms;
	const shown = useComputed(() => relative(moment.value));
	return Number.isNaN(ms) ? <span class="muted">{never}</span> : <time title={absolute(ms)}>{shown}</time>;
}

export const isMoment = (value: Value | undefined): value is string =>
	typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value);

/** A column's value. */
export function Cell({ value, isTime = isMoment(value) }: { value: Value | undefined; isTime?: boolean }) {
	if (value === null || value === undefined) {
		return <span class="null" title="no value">–</span>;
	}
	if (isTime && isMoment(value)) {
		return <Ago at={value} />;
	}
	return <Text of={valueText(value)} />;
}

/** For titles and labels, which are attributes. */
export function titleOf(value: Value | undefined): string {
	return isMoment(value) ? absolute(Date.parse(value)) : visible(valueText(value).slice(0, 2000));
}
