// live.ts - what every page may show live: the counts, the newest changes, the changes a minute.
import { signal } from '@preact/signals';
import { type ApiError, asApiError, clockAheadMs, getChangeRate, getChanges, getOverview } from './api';
import { type Burst, mergeBursts, MinuteRing } from './ring';
import { epoch, onChanges, onSensors, startStream, stopStream } from './stream';
import type { Overview } from './types';

export const RECENT_MAX = 100;
export const RATE_MINUTES = 60;
const REFRESH_SOON_MS = 2000;
const REFRESH_MS = 30_000;

export const overview = signal<Overview | null>(null);
export const recent = signal<readonly Burst[] | null>(null);
export const rate = signal<[number[], number[]] | null>(null);
export const liveError = signal<ApiError | null>(null);

let ring: MinuteRing | null = null;
let refreshTimer = 0;
let generation = 0;

function showRate(): void {
	if (ring) {
		ring.advance(Date.now() + clockAheadMs.value);
		rate.value = ring.series();
	}
}

async function load(mine: number): Promise<Overview | null> {
	const counts = await getOverview();
	if (mine === generation) {
		overview.value = counts;
	}
	const [changes, perMinute] = await Promise.all([getChanges(100), getChangeRate(RATE_MINUTES)]);
	if (mine !== generation) {
		return null;
	}
	recent.value = mergeBursts(recent.value ?? [], changes.items, RECENT_MAX);
	ring = new MinuteRing(Date.parse(perMinute.start), perMinute.counts, RATE_MINUTES);
	liveError.value = null;
	showRate();
	return counts;
}

function refreshIn(ms: number): void {
	clearTimeout(refreshTimer);
	const mine = generation;
	refreshTimer = setTimeout(async () => {
		if (!document.hidden) {
			await load(mine).catch(() => null);
		}
		if (mine === generation) {
			refreshIn(REFRESH_MS);
		}
	}, ms);
}

/** Loads everything for the present tenant and follows the stream from there. */
export async function startLive(): Promise<void> {
	const mine = ++generation;
	stopStream();
	overview.value = recent.value = rate.value = liveError.value = null;
	try {
		const counts = await load(mine);
		if (counts) {
			startStream(counts.last_change_no);
			refreshIn(REFRESH_MS);
		}
	} catch (error) {
		if (mine === generation) {
			liveError.value = asApiError(error);
		}
	}
}

export function stopLive(): void {
	generation++;
	clearTimeout(refreshTimer);
	stopStream();
}

let soonTimer = 0;

/** The counts are the server's; ask again, but not for every change. */
function refreshCountsSoon(): void {
	if (!soonTimer) {
		soonTimer = setTimeout(async () => {
			const mine = generation;
			const counts = await getOverview().catch(() => null);
			soonTimer = 0;
			if (counts && mine === generation) {
				overview.value = counts;
			}
		}, REFRESH_SOON_MS);
	}
}

onChanges((batch) => {
	recent.value = mergeBursts(recent.value ?? [], batch, RECENT_MAX);
	batch.forEach((change) => ring?.add(Date.parse(change.at)));
	showRate();
	const counts = overview.value;
	if (counts) {
		const { last_hour, last_day } = counts.changes;
		overview.value = {
			...counts,
			changes: { last_hour: last_hour + batch.length, last_day: last_day + batch.length },
		};
	}
	refreshCountsSoon();
});

onSensors(refreshCountsSoon);

epoch.subscribe((value) => {
	if (value > 0) {
		refreshIn(0);
	}
});

setInterval(showRate, 5000);
