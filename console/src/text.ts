// text.ts - strings and numbers from elsewhere, made fit for eyes.
import type { Value } from './types';

// Control, format (bidi overrides, zero width, tags), half surrogates, line and paragraph separators.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const NAMED: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOne(c: string): string {
	const code = c.codePointAt(0) ?? 0;
	return NAMED[c] ?? (code < 0x100
		? `\\x${code.toString(16).padStart(2, '0')}`
		: `\\u${code > 0xffff ? `{${code.toString(16)}}` : code.toString(16).padStart(4, '0')}`);
}

/** The same text with everything invisible written as an escape. */
export function visible(text: string): string {
	return text.replace(UNSEEN, escapeOne);
}

/** Pieces of a text: plain ones, and ones that stand for something invisible. */
export function pieces(text: string): { text: string; isEscape: boolean }[] {
	const out: { text: string; isEscape: boolean }[] = [];
	let from = 0;
	for (const match of text.matchAll(UNSEEN)) {
		if (match.index > from) {
			out.push({ text: text.slice(from, match.index), isEscape: false });
		}
		out.push({ text: escapeOne(match[0]), isEscape: true });
		from = match.index + match[0].length;
	}
	if (from < text.length) {
		out.push({ text: text.slice(from), isEscape: false });
	}
	return out;
}

/** A value as one line of text. */
export function valueText(value: Value | undefined): string {
	if (value === null || value === undefined) {
		return '';
	}
	if (typeof value === 'boolean') {
		return value ? 'yes' : 'no';
	}
	return Array.isArray(value) ? value.join(', ') : String(value);
}

const numbers = new Intl.NumberFormat('en');

export function count(n: number): string {
	return numbers.format(n);
}

export function plural(n: number, one: string, many = `${one}s`): string {
	return `${count(n)} ${n === 1 ? one : many}`;
}

export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
	return valueText(a) === valueText(b);
}
