// ring.ts - lists that live data may flow into for days: their length is fixed.
import type { Change } from './types';

function isNewer(a: Change, b: Change): boolean {
	return a.no > b.no || (a.no === b.no && a.index > b.index);
}

/** The newest max changes of both, newest first, none twice. Neither argument is changed. */
export function mergeNewest(held: readonly Change[], arrived: readonly Change[], max: number): Change[] {
	const all = [...arrived, ...held].sort((a, b) => b.no - a.no || b.index - a.index);
	const merged: Change[] = [];
	for (const change of all) {
		const previous = merged[merged.length - 1];
		if (merged.length >= max) {
			break;
		}
		if (!previous || isNewer(previous, change)) {
			merged.push(change);
		}
	}
	return merged;
}

/** Rows of one commit that went the same way in the same table: the newest few, and how many there are. */
export interface Burst {
	id: string;
	shown: readonly Change[];
	count: number;
}

const SHOWN_MAX = 3;

/** The newest max bursts after changes arrived, newest first. Changes that are in a burst already are not counted again. */
export function mergeBursts(held: readonly Burst[], arrived: readonly Change[], max: number): Burst[] {
	const bursts = new Map(held.map((burst) => [burst.id, burst]));
	const oldestFirst = [...arrived].sort((a, b) => a.no - b.no || a.index - b.index);
	for (const change of oldestFirst) {
		const id = `${change.no} ${change.asset} ${change.table} ${change.op}`;
		const old = bursts.get(id);
		if (!old) {
			bursts.set(id, { id, shown: [change], count: 1 });
		} else if (change.index > old.shown[0]!.index) {
			bursts.set(id, { id, shown: [change, ...old.shown].slice(0, SHOWN_MAX), count: old.count + 1 });
		}
	}
	const newest = (burst: Burst) => burst.shown[0]!;
	return [...bursts.values()]
		.sort((a, b) => newest(b).no - newest(a).no || newest(b).index - newest(a).index)
		.slice(0, max);
}

/** Counts a minute over the last so many minutes. */
export class MinuteRing {
	private counts: number[];

	/** startMs is the start of the first minute. */
	constructor(private startMs: number, counts: readonly number[], private readonly length: number) {
		this.counts = counts.slice(-length);
		this.startMs += (counts.length - this.counts.length) * 60_000;
		while (this.counts.length < length) {
			this.counts.unshift(0);
			this.startMs -= 60_000;
		}
	}

	/** Moves on until the minute of nowMs is the last. */
	advance(nowMs: number): void {
		const behind = Math.floor((nowMs - this.startMs) / 60_000) - (this.length - 1);
		if (behind >= this.length) {
			this.counts.fill(0);
		}
		for (let i = 0; i < Math.min(behind, this.length - 1); i++) {
			this.counts.shift();
			this.counts.push(0);
		}
		if (behind > 0) {
			this.startMs += behind * 60_000;
		}
	}

	/** Counts one thing that happened at atMs; what is older than the ring is dropped. */
	add(atMs: number): void {
		this.advance(atMs);
		const index = Math.floor((atMs - this.startMs) / 60_000);
		if (index >= 0 && index < this.length) {
			this.counts[index]!++;
		}
	}

	/** [start of each minute in seconds, counts], copies. */
	series(): [number[], number[]] {
		return [this.counts.map((_, i) => this.startMs / 1000 + i * 60), this.counts.slice()];
	}
}
