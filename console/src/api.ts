// api.ts - the public API, one function a call. Every failure is an ApiError whose message says what to do.
import { signal } from '@preact/signals';
import { session, signedOutBecause, tenant } from './session';
import type {
	AssetDetail, AssetPage, Change, ChangeRate, EnrolmentToken, Overview, Page, QueryResult, Rows,
	SchemaTable, Sensor, SensorDetail, Session,
} from './types';

export class ApiError extends Error {
	constructor(readonly status: number, readonly code: string, message: string) {
		super(message);
	}
}

/** Any failure as one that can be shown. */
export function asApiError(error: unknown): ApiError {
	return error instanceof ApiError ? error : new ApiError(0, 'unknown', `The console failed: ${String(error)}`);
}

/** Milliseconds that the server's clock is ahead of this one; differences below 2 s count as none. */
export const clockAheadMs = signal(0);

const CLOCK_NOISE_MS = 2000;

interface Options {
	query?: Record<string, string | number | null | undefined>;
	body?: unknown;
	abort?: AbortSignal | undefined;
	/** A 401 is an answer, not the end of the session. */
	isSignIn?: boolean;
}

export function address(path: string, query: Options['query'] = {}): string {
	const params = new URLSearchParams();
	const all = { ...query, tenant: session.value?.is_platform ? tenant.value : null };
	for (const [name, value] of Object.entries(all)) {
		if (value !== null && value !== undefined && value !== '') {
			params.set(name, String(value));
		}
	}
	const search = params.toString();
	return search ? `${path}?${search}` : path;
}

function noteClock(response: Response): void {
	const date = Date.parse(response.headers.get('Date') ?? '');
	if (!Number.isNaN(date)) {
		const ahead = date - Date.now();
		clockAheadMs.value = Math.abs(ahead) > CLOCK_NOISE_MS ? ahead : 0;
	}
}

async function failure(response: Response): Promise<ApiError> {
	try {
		const { error } = (await response.json()) as { error: { code: string; message: string } };
		return new ApiError(response.status, String(error.code), String(error.message));
	} catch {
		return new ApiError(response.status, 'unknown',
			`The server answered ${response.status} without saying why; its log tells more.`);
	}
}

/** One request. Pages that are loaded later have their calls in files of their own. */
export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
	const init: RequestInit = { method, credentials: 'same-origin', signal: options.abort ?? null };
	if (options.body !== undefined) {
		init.body = JSON.stringify(options.body);
		init.headers = { 'Content-Type': 'application/json' };
	}
	let response: Response;
	try {
		response = await fetch(address(path, options.query), init);
	} catch (cause) {
		if (options.abort?.aborted) {
			throw cause;
		}
		throw new ApiError(0, 'unreachable',
			'The server does not answer. Check that bartizand runs and that this machine reaches it.');
	}
	noteClock(response);
	if (!response.ok) {
		const error = await failure(response);
		if (error.status === 401 && !options.isSignIn && session.value) {
			signedOutBecause.value = 'Your session has ended. Sign in again to go on where you were.';
			session.value = null;
		}
		throw error;
	}
	return (response.status === 204 ? undefined : await response.json()) as T;
}

export const v1 = (...parts: string[]) => `/api/v1/${parts.map(encodeURIComponent).join('/')}`;

export const getSession = () => call<Session>('GET', v1('session'), { isSignIn: true });
export const signIn = (secret: { token: string } | { code: string }) =>
	call<Session>('POST', v1('session'), { body: secret, isSignIn: true });
export const signOut = () => call<void>('DELETE', v1('session'));
export const getHealth = (abort: AbortSignal) => call<unknown>('GET', '/healthz', { abort });

export const getOverview = (abort?: AbortSignal) => call<Overview>('GET', v1('overview'), { abort });
export const getChanges = (limit: number, abort?: AbortSignal) =>
	call<Page<Change, number>>('GET', v1('changes'), { query: { limit }, abort });
export const getChangeRate = (minutes: number, abort?: AbortSignal) =>
	call<ChangeRate>('GET', v1('changes', 'rate'), { query: { minutes }, abort });

export const getAssets = (query: { search?: string; after?: string | null; limit: number }, abort?: AbortSignal) =>
	call<AssetPage>('GET', v1('assets'), { query, abort });
export const getAsset = (id: string, abort?: AbortSignal) => call<AssetDetail>('GET', v1('assets', id), { abort });
export const getAssetTable = (id: string, table: string, at: string | null, abort?: AbortSignal) =>
	call<Rows>('GET', v1('assets', id, 'tables', table), { query: { at }, abort });
export const getHistory = (
	id: string, query: { table?: string | null; before?: number | null; limit: number }, abort?: AbortSignal,
) => call<Page<Change, number>>('GET', v1('assets', id, 'history'), { query, abort });

export const changeTags = (id: string, change: { add?: string[]; remove?: string[] }) =>
	call<{ tags: string[] }>('PUT', v1('assets', id, 'tags'), { body: change });

export const runQuery = (sql: string, abort: AbortSignal) =>
	call<QueryResult>('POST', v1('query'), { body: { sql }, abort });
export const getSchema = (abort?: AbortSignal) =>
	call<{ tables: SchemaTable[]; events: SchemaTable[] }>('GET', v1('schema'), { abort });

export const getSensors = (abort?: AbortSignal) => call<{ items: Sensor[] }>('GET', v1('sensors'), { abort });
export const getSensor = (id: string, abort?: AbortSignal) => call<SensorDetail>('GET', v1('sensors', id), { abort });
export const revokeSensor = (id: string) => call<Sensor>('POST', v1('sensors', id, 'revoke'));
export const createEnrolmentToken = (uses: number, ttl_seconds: number) =>
	call<EnrolmentToken>('POST', v1('enrolment-tokens'), { body: { uses, ttl_seconds } });
