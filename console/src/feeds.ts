// feeds.ts - where the knowledge of vulnerabilities comes from.
import { call, v1 } from './api';

export interface Feed {
	name: string;
	summary: string;
	/** null: it is only imported. */
	address: string | null;
	is_automatic: boolean;
	is_running: boolean;
	tried_at: string | null;
	checked_at: string | null;
	updated_at: string | null;
	next_at: string | null;
	/** In a row. */
	failures: number;
	error: string | null;
	records: number;
	unreadable: number;
	passed_over: number;
	snapshot: string | null;
}

export interface Feeds {
	is_offline: boolean;
	knowledge: {
		generation: number;
		built_at: string | null;
		streams: number;
		packages: number;
		entries: number;
		vulnerabilities: number;
		bytes: number;
	};
	items: Feed[];
}

export const getFeeds = (abort?: AbortSignal) => call<Feeds>('GET', v1('feeds'), { abort });
export const updateFeed = (name: string) => call<{ requested_at: string }>('POST', v1('feeds', name, 'update'));
