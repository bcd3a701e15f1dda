// time.ts - moments, relative to now by the server's clock.
import { signal } from '@preact/signals';
import { clockAheadMs } from './api';

/** Ticks once a second while anyone looks. */
export const now = signal(Date.now());

setInterval(() => {
	if (!document.hidden) {
		now.value = Date.now();
	}
}, 1000);

document.addEventListener('visibilitychange', () => (now.value = Date.now()));

const UNITS: [number, string][] = [[86_400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

function span(seconds: number): string {
	for (const [size, unit] of UNITS) {
		if (seconds >= size) {
			return `${Math.floor(seconds / size)} ${unit}`;
		}
	}
	return '0 s';
}

/** "3 min ago", "in 12 d", "just now". */
export function relative(ms: number): string {
	const seconds = (now.value + clockAheadMs.value - ms) / 1000;
	if (Math.abs(seconds) < 2) {
		return 'just now';
	}
	return seconds > 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
}

/** "4 min", since a moment of this machine's clock. */
export function elapsed(sinceMs: number): string {
	return span(Math.max(0, (now.value - sinceMs) / 1000));
}

const two = (n: number) => String(n).padStart(2, '0');

export function clockTime(ms: number): string {
	const d = new Date(ms);
	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

export function localDay(ms: number): string {
	const d = new Date(ms);
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/** Both what this machine's clock says and UTC. */
export function absolute(ms: number): string {
	if (Number.isNaN(ms)) {
		return '';
	}
	const utc = new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC');
	return `${localDay(ms)} ${clockTime(ms)} local time\n${utc}`;
}

/** The value of an <input type="datetime-local"> for a moment, and back. */
export const toInput = (ms: number) => `${localDay(ms)}T${clockTime(ms)}`;
export const fromInput = (value: string) => Date.parse(value);
