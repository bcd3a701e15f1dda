// events.ts - what happened on assets: pages of it, and the stream of what happens now.
//
// The stream is one of its own, open only while a page shows events: most pages never need them,
// and there may be thousands a second.
import { address, call, v1 } from './api';
import type { AssetEvent, Page } from './types';

export interface EventFilter {
	asset: string | null;
	kind: string | null;
	since: string | null;
	until: string | null;
}

export const getEvents = (filter: EventFilter, before: number | null, limit: number, abort?: AbortSignal) =>
	call<Page<AssetEvent, number>>('GET', v1('events'), { query: { ...filter, before, limit }, abort });

const FLUSH_MS = 100;
const BATCH_MAX = 500;
const RETRY_MS = 2000;
const RETRY_MAX_MS = 15_000;

interface Follower {
	/** Newest last. */
	onEvents(batch: AssetEvent[]): void;
	/** The reader was too slow for so many: they are in the list, not in the stream. */
	onMissed(count: number): void;
}

/** Follows the stream behind an event. Returns what ends it. */
export function followEvents(filter: EventFilter, after: number, follower: Follower): () => void {
	let last = after;
	let source: EventSource | null = null;
	let pending: AssetEvent[] = [];
	let flushTimer = 0;
	let retryTimer = 0;
	let failures = 0;

	const flush = () => {
		clearTimeout(flushTimer);
		flushTimer = 0;
		const batch = pending;
		pending = [];
		if (batch.length > 0) {
			follower.onEvents(batch);
		}
	};
	const receive = (message: MessageEvent<string>) => {
		const event = JSON.parse(message.data) as AssetEvent;
		if (event.no <= last) {
			return;
		}
		last = event.no;
		pending.push(event);
		if (pending.length >= BATCH_MAX) {
			flush();
		} else {
			flushTimer ||= setTimeout(flush, FLUSH_MS);
		}
	};
	const open = () => {
		source = new EventSource(address('/api/v1/stream', {
			events: filter.kind ?? 'all', changes: 'false', asset: filter.asset, after_event: last,
		}));
		source.onopen = () => (failures = 0);
		source.onerror = () => {
			source?.close();
			source = null;
			retryTimer = setTimeout(open, Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** failures++));
		};
		source.addEventListener('event', receive);
		source.addEventListener('events_gap', (message: MessageEvent<string>) =>
			follower.onMissed(Number((JSON.parse(message.data) as { missed?: number }).missed ?? 0)));
	};
	// A tab that nobody looks at gives its connection back.
	const onVisibility = () => {
		if (document.hidden) {
			source?.close();
			source = null;
			clearTimeout(retryTimer);
		} else if (!source) {
			open();
		}
	};
	document.addEventListener('visibilitychange', onVisibility);
	open();
	return () => {
		document.removeEventListener('visibilitychange', onVisibility);
		source?.close();
		clearTimeout(retryTimer);
		clearTimeout(flushTimer);
	};
}
