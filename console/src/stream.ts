// stream.ts - the live stream: reconnects by itself, never delivers a change twice, says when it is lost.
//
// EventSource shows neither the keep-alive comments nor why a connection failed, so a
// heartbeat asks /healthz, and an ended session is told from an absent server.
import { signal } from '@preact/signals';
import { address, ApiError, getHealth, getOverview } from './api';
import type { Change } from './types';

export interface Connection {
	state: 'starting' | 'live' | 'lost' | 'paused';
	/** When it was lost (ms since 1970). */
	since: number;
	/** When the next attempt is made. */
	retryAt: number;
}

export const connection = signal<Connection>({ state: 'starting', since: 0, retryAt: 0 });

/** Rises when changes may have been missed: what was loaded before must be loaded again. */
export const epoch = signal(0);

/** Changes the server says this reader was too slow for, since the page was opened. */
export const missed = signal(0);

const FLUSH_MS = 50;
const BATCH_MAX = 500;
const HEARTBEAT_MS = 10_000;
const HEARTBEAT_TIMEOUT_MS = 8_000;
const RETRY_MAX_MS = 10_000;
const HIDDEN_MS = 60_000;

type ChangesListener = (batch: readonly Change[]) => void;

const changesListeners = new Set<ChangesListener>();
const sensorsListeners = new Set<() => void>();
const knowledgeListeners = new Set<() => void>();

let source: EventSource | null = null;
let last = { no: 0, index: -1 };
let pending: Change[] = [];
let flushTimer = 0;
let retryTimer = 0;
let heartbeatTimer = 0;
let hiddenTimer = 0;
let attempts = 0;
let isWanted = false;

/** Calls back with changes, oldest first. Returns what ends it. */
export function onChanges(listener: ChangesListener): () => void {
	changesListeners.add(listener);
	return () => void changesListeners.delete(listener);
}

/** Calls back when a sensor came, went or was heard of. Returns what ends it. */
export function onSensors(listener: () => void): () => void {
	sensorsListeners.add(listener);
	return () => void sensorsListeners.delete(listener);
}

/** Calls back when the feeds say something else. Returns what ends it. */
export function onKnowledge(listener: () => void): () => void {
	knowledgeListeners.add(listener);
	return () => void knowledgeListeners.delete(listener);
}

function flush(): void {
	clearTimeout(flushTimer);
	flushTimer = 0;
	const batch = pending;
	pending = [];
	if (batch.length > 0) {
		changesListeners.forEach((listener) => listener(batch));
	}
}

function isNew(change: Change): boolean {
	return change.no > last.no || (change.no === last.no && change.index > last.index);
}

function receive(event: MessageEvent<string>): void {
	const change = JSON.parse(event.data) as Change;
	if (!isNew(change)) {
		return;
	}
	last = { no: change.no, index: change.index };
	pending.push(change);
	if (pending.length >= BATCH_MAX) {
		flush();
	} else if (!flushTimer) {
		flushTimer = setTimeout(flush, FLUSH_MS);
	}
}

function noteGap(event: MessageEvent<string>): void {
	missed.value += Number((JSON.parse(event.data) as { missed?: number }).missed ?? 0);
	epoch.value++;
}

function close(): void {
	source?.close();
	source = null;
	clearTimeout(retryTimer);
	clearTimeout(heartbeatTimer);
}

function lose(): void {
	close();
	if (!isWanted) {
		return;
	}
	attempts++;
	const wait = Math.min(RETRY_MAX_MS, 500 * 2 ** Math.min(attempts, 6)) * (0.75 + Math.random() / 2);
	const { state, since } = connection.value;
	connection.value = {
		state: 'lost',
		since: state === 'lost' ? since : Date.now(),
		retryAt: Date.now() + wait,
	};
	retryTimer = setTimeout(reconnect, wait);
}

async function beat(): Promise<void> {
	const mine = source;
	try {
		await getHealth(AbortSignal.timeout(HEARTBEAT_TIMEOUT_MS));
		heartbeatTimer = setTimeout(beat, HEARTBEAT_MS);
	} catch {
		if (mine && mine === source) {
			lose();
		}
	}
}

function open(): void {
	close();
	// One change number may hold several rows, so ask for the last one again; isNew() drops what is known.
	const url = address('/api/v1/stream', { after: Math.max(0, last.index < 0 ? last.no : last.no - 1) });
	const mine = new EventSource(url);
	source = mine;
	mine.onopen = () => {
		attempts = 0;
		connection.value = { state: 'live', since: 0, retryAt: 0 };
		heartbeatTimer = setTimeout(beat, HEARTBEAT_MS);
	};
	mine.onerror = () => {
		if (mine === source) {
			lose();
		}
	};
	mine.addEventListener('change', receive);
	mine.addEventListener('gap', noteGap);
	mine.addEventListener('sensors', () => sensorsListeners.forEach((listener) => listener()));
	mine.addEventListener('knowledge', () => knowledgeListeners.forEach((listener) => listener()));
}

async function reconnect(): Promise<void> {
	try {
		const overview = await getOverview(AbortSignal.timeout(HEARTBEAT_TIMEOUT_MS));
		if (overview.last_change_no < last.no) {
			// The server was restored from an older state: begin anew.
			startStream(overview.last_change_no);
			epoch.value++;
			return;
		}
		open();
	} catch (error) {
		if (!(error instanceof ApiError && error.status === 401)) {
			lose();
		}
	}
}

/** Opens the stream behind a change; what was open is closed. */
export function startStream(after: number): void {
	close();
	pending = [];
	last = { no: after, index: -1 };
	attempts = 0;
	isWanted = true;
	open();
}

export function stopStream(): void {
	isWanted = false;
	close();
	pending = [];
	connection.value = { state: 'starting', since: 0, retryAt: 0 };
}

export function retryNow(): void {
	clearTimeout(retryTimer);
	void reconnect();
}

async function wake(): Promise<void> {
	try {
		startStream((await getOverview()).last_change_no);
		epoch.value++;
	} catch {
		lose();
	}
}

// Browsers allow a host few connections over all tabs: a tab that nobody looks at gives its own back.
document.addEventListener('visibilitychange', () => {
	clearTimeout(hiddenTimer);
	if (!isWanted) {
		return;
	}
	if (document.hidden) {
		hiddenTimer = setTimeout(() => {
			close();
			connection.value = { state: 'paused', since: 0, retryAt: 0 };
		}, HIDDEN_MS);
	} else if (connection.value.state === 'paused') {
		void wake();
	}
});

addEventListener('offline', () => isWanted && lose());
addEventListener('online', () => connection.value.state === 'lost' && retryNow());
