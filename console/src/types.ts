// types.ts - what the API speaks, as src/server/api/openapi.yaml says it.

export interface Session {
	name: string;
	tenant: string;
	is_platform: boolean;
	tenants: string[];
	version: string;
	sensors_address: string;
}

export interface Overview {
	assets: number;
	sensors: { total: number; connected: number; stale: number; revoked: number };
	rows: { held: number; distinct: number };
	changes: { last_hour: number; last_day: number };
	disagreements?: number;
	last_change_no: number;
}

export interface Asset {
	id: string;
	name: string;
	os: string | null;
	addresses: string[];
	sensor: string | null;
	/** null: it has no sensor that could be. */
	is_connected: boolean | null;
	first_seen: string;
	last_seen: string;
	rows: number;
	tags: string[];
	/** What watches it; scanned: scans alone find it. */
	kind: 'agent' | 'scanner' | 'scanned';
	/** Since when scans find it nowhere; null: they do, or a sensor watches it. */
	gone: string | null;
}

export interface AssetTable {
	name: string;
	summary: string;
	rows: number;
	digest: string;
	changed_at: string;
}

export interface AssetDetail extends Asset {
	tables: AssetTable[];
}

/** A column's value: text, integer, boolean, RFC 3339 time, list of text, or null. */
export type Value = string | number | boolean | null | string[];

export type Row = Value[];

export interface Rows {
	table: string;
	columns: string[];
	rows: Row[];
}

export type Op = 'added' | 'updated' | 'removed';

export interface Change {
	no: number;
	index: number;
	at: string;
	observed_at: string;
	asset: string;
	asset_name: string;
	table: string;
	op: Op;
	key: string;
	row: Record<string, Value> | null;
	old: Record<string, Value> | null;
}

/** Something that happened on an asset. */
export interface AssetEvent {
	no: number;
	at: string;
	received_at: string;
	asset: string;
	asset_name: string;
	kind: string;
	row: Record<string, Value>;
}

export interface Page<T, N> {
	items: T[];
	next: N | null;
}

export interface AssetPage extends Page<Asset, string> {
	total: number;
}

export interface ChangeRate {
	start: string;
	counts: number[];
}

export interface QueryResult {
	columns: string[];
	rows: Row[];
	is_truncated: boolean;
	elapsed_ms: number;
}

export interface Sensor {
	id: string;
	kind: string;
	asset: string | null;
	name: string;
	version: string | null;
	address: string | null;
	is_connected: boolean;
	is_revoked: boolean;
	enrolled_at: string;
	last_seen: string | null;
	certificate_not_after: string;
	tags: string[] | null;
	/** The sensor whose copied state it enrolled with. */
	clone_of: string | null;
	is_duplicated: boolean;
	/** Which two places use its key. */
	duplicates: string | null;
	busy_table: string | null;
	status: 'online' | 'silent' | 'offline' | 'revoked';
	silent_s: number | null;
	/** null where it knows no policies. */
	policy: { in_force: string; wanted: string | null; is_in_force: boolean } | null;
	collectors_failing: number;
	collectors_off: number;
}

/** A collector that is not well. */
export interface CollectorHealth {
	collector: string;
	state: string | null;
	error: string | null;
}

export interface SensorDetail extends Sensor {
	health: CollectorHealth[];
}

export interface EnrolmentToken {
	token: string;
	uses: number;
	expires_at: string;
}

export interface SchemaColumn {
	name: string;
	type: 'text' | 'integer' | 'boolean' | 'time' | 'list';
	is_key: boolean;
	is_personal?: boolean;
	meaning: string;
}

export interface SchemaTable {
	name: string;
	number: number;
	summary: string;
	signal: string;
	columns: SchemaColumn[];
}
