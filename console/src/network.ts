// network.ts - what scanners find: hosts, ports, certificates, TLS, exposures, alerts, scopes and joins; the calls.
import { call, v1 } from './api';
import type { Part } from './vulnerabilities';

export const LEVELS = ['critical', 'high', 'medium', 'low'] as const;
export type Level = (typeof LEVELS)[number];

/** Items of the server's largest page. */
export const PAGE_SIZE = 200;
export const ALL_SIZE = 1000;

type After = string | null;
type Nullable<T> = { [K in keyof T]: T[K] | null };

/** The map as it is sent: rows in the columns' order, so that ten thousand are a megabyte. */
export interface MapRows {
	columns: string[];
	hosts: unknown[][];
}

/** agent: watched from within; scanned: found by scans, which guess what it is; unknown: found, and nobody knows what it is. */
export type HostKind = 'agent' | 'scanned' | 'unknown';

export interface Host {
	id: string;
	name: string;
	kind: HostKind;
	address: string | null;
	/** The scope that it was found in. */
	site: string | null;
	subnet: string | null;
	os: string | null;
	device: string | null;
	/** null: it has no agent that could be. */
	is_connected: boolean | null;
	ports: number;
	exposures: number;
	/** Of its most urgent exposure. */
	priority: number;
	/** Something else seems to answer for it. */
	is_middlebox: boolean;
}

export interface FleetPort {
	transport: string;
	port: number;
	protocol: string | null;
	assets: number;
	addresses: number;
	appeared: string | null;
	products: string[];
}

export interface FleetService {
	name: string;
	assets: number;
	open: number;
	ports: number[];
	versions: string[];
}

export interface PortHolder {
	asset: string;
	asset_name: string;
	address: string;
	transport: string;
	port: number;
	scope: string;
	protocol: string | null;
	is_tls: boolean | null;
	product: string | null;
	version: string | null;
	access: string | null;
	appeared: string | null;
}

export interface CertificatePlace {
	asset: string;
	asset_name: string;
	/** address:port, or a file. */
	place: string;
	seen_by: 'scan' | 'agent';
}

export interface ExpiringCertificate {
	not_after: string;
	/** Negative where it is expired. */
	days_left: number;
	fingerprint: string;
	subject: string | null;
	names: string[] | null;
	issuer: string | null;
	not_before: string | null;
	key_type: string | null;
	key_bits: number | null;
	is_self_signed: boolean | null;
	assets: number;
	/** At most twenty of them. */
	places: CertificatePlace[];
	place_count: number;
}

export interface NamedCount {
	name: string;
	count: number;
}

export interface TlsEndpoint {
	asset: string;
	asset_name: string;
	address: string;
	port: number;
	name: string | null;
	starttls: string | null;
	grade: string | null;
	grade_without_trust: string | null;
	score: number | null;
	protocols: string[] | null;
	suite: string | null;
	key_exchange: string | null;
	is_post_quantum: boolean | null;
	vulnerabilities: string[] | null;
	reasons: string[] | null;
	certificate: string | null;
}

export interface TlsGrades {
	summary: Nullable<{ endpoints: number; trusted: number; post_quantum: number; forward_secrecy: number; hsts: number; vulnerable: number }>[];
	grades: NamedCount[];
	protocols: NamedCount[];
	/** Of the certificates that they show: "rsa 2048". */
	keys: NamedCount[];
	items: TlsEndpoint[];
	next: string | null;
	total: number;
}

/** What lowers a grade, and how to mend it. */
export interface TlsRule {
	id: string;
	/** No grade is better than this; null: it lowers none. */
	cap: string | null;
	sentence: string;
	fix: string;
	configuration: { program: string; lines: string }[];
}

/** The end of a day on which any changed (UTC); the last is now. */
export interface TlsDay {
	day: string;
	endpoints: number;
	trusted: number;
	post_quantum: number;
	forward_secrecy: number;
	grades: NamedCount[];
	protocols: NamedCount[];
	keys: NamedCount[];
}

export interface Exposure {
	/** The rule. */
	id: string;
	asset: string;
	asset_name: string;
	subject: string;
	family: string;
	level: Level;
	priority: number;
	what: string;
	evidence: string | null;
	advice: string;
	seen_by: 'scan' | 'agent';
	address: string | null;
	port: number | null;
	/** Who accepted it; null: nobody did. */
	accepted: { no: number; reason: string; by: string; at: string; until: string | null } | null;
}

export const FAMILIES = ['services', 'tls', 'certificates', 'web', 'ports'] as const;
export const EXPOSURE_FILTERS = ['level', 'family', 'rule', 'asset', 'search', 'accepted'] as const;
export type ExposureFilter = Record<(typeof EXPOSURE_FILTERS)[number], string | null>;

export interface Alert {
	no: number;
	at: string;
	alert: string;
	level: Level;
	asset: string;
	asset_name: string;
	scope: string | null;
	address: string | null;
	transport: string | null;
	port: number | null;
	what: string;
	before: string | null;
	after: string | null;
}

export const ALERTS: Record<string, string> = {
	'new-host': 'New host', 'host-gone': 'Host gone', 'new-port': 'New port', 'host-key-changed': 'Host key changed', 'certificate-replaced': 'Certificate replaced',
};

export interface Scope {
	name: string;
	kind: 'prefix' | 'name';
	is_proved: boolean;
	method: string | null;
	proved_at: string | null;
	proved_by: string | null;
	statement: string | null;
	failure: string | null;
	tried_at: string | null;
	checked_at: string | null;
	failing_since: string | null;
	token: string;
	dns_names: string[];
	dns_value: string;
	dns_refusal: string | null;
	https_url: string | null;
	added_at: string;
	added_by: string;
	is_on: boolean;
	period_s: number | null;
	from_minute: number;
	to_minute: number;
	rate: number | null;
	ports: string | null;
	scanner: string | null;
	runs: number | null;
	state: string | null;
	reason: string | null;
	started_at: string | null;
	finished_at: string | null;
	addresses: number | null;
	hosts: number | null;
	open_ports: number | null;
	loss_permille: number | null;
}

export interface ScopeWish {
	name: string;
	is_on?: boolean;
	period_s?: number;
	from_minute?: number;
	to_minute?: number;
	rate?: number;
	ports?: string;
}

export interface Join {
	address: string;
	scope: string;
	evidence: string;
	detail: string | null;
	/** Percent. */
	confidence: number;
	by: string | null;
	since: string;
	identity: string;
	/** Since when nothing answers there. */
	gone: string | null;
	answered: string | null;
}

export interface JoinDecision {
	address: string;
	scope: string;
	is_join: boolean;
	reason: string;
	by: string;
	at: string;
}

export const getMap = (abort?: AbortSignal) => call<MapRows>('GET', v1('map'), { abort });
export const getPorts = (after: After, abort?: AbortSignal) =>
	call<Part<FleetPort>>('GET', v1('ports'), { query: { limit: ALL_SIZE, after }, abort });
export const getServices = (by: 'protocol' | 'product', after: After, abort?: AbortSignal) =>
	call<Part<FleetService>>('GET', v1('services'), { query: { by, limit: ALL_SIZE, after }, abort });
export type HolderFilter = Record<'port' | 'transport' | 'protocol' | 'product', string | null>;
export const getHolders = (filter: HolderFilter, after: After, abort?: AbortSignal) =>
	call<Part<PortHolder>>('GET', v1('ports', 'holders'), { query: { ...filter, limit: PAGE_SIZE, after }, abort });
export const getExpiring = (days: number, limit: number, after: After, abort?: AbortSignal) =>
	call<Part<ExpiringCertificate>>('GET', v1('certificates', 'expiring'), { query: { days, limit, after }, abort });
export const getCertificateHolders = (fingerprint: string, after: After, abort?: AbortSignal) =>
	call<Part<CertificatePlace>>('GET', v1('certificates', 'holders'), { query: { fingerprint, limit: PAGE_SIZE, after }, abort });
export const getTlsGrades = (grade: string | null, after: After, abort?: AbortSignal) =>
	call<TlsGrades>('GET', v1('tls', 'grades'), { query: { grade, limit: ALL_SIZE, after }, abort });
export const getTlsRules = (abort?: AbortSignal) => call<{ items: TlsRule[] }>('GET', v1('tls', 'rules'), { abort });
export const getTlsTrend = (days: number, abort?: AbortSignal) =>
	call<{ items: TlsDay[] }>('GET', v1('tls', 'trend'), { query: { days, limit: ALL_SIZE }, abort });
export const getExposures = (filter: Partial<ExposureFilter>, limit: number, after: After, abort?: AbortSignal) =>
	call<Part<Exposure>>('GET', v1('exposures'), { query: { ...filter, limit, after }, abort });
export const acceptExposure = (wish: { asset: string; rule: string; subject: string; reason: string; until?: string }) =>
	call<{ no: number }>('POST', v1('exposures', 'acceptances'), { body: wish });
export const withdrawExposureAcceptance = (no: number) => call<void>('DELETE', v1('exposures', 'acceptances', String(no)));
export const getAlerts = (filter: Record<'alert' | 'asset' | 'scope', string | null>, after: After, abort?: AbortSignal) =>
	call<{ items: Alert[]; next: string | null }>('GET', v1('alerts'), { query: { ...filter, limit: PAGE_SIZE, after }, abort });

export const getScopes = (abort?: AbortSignal) => call<{ items: Scope[] }>('GET', v1('scopes'), { query: { limit: ALL_SIZE }, abort });
export const putScope = (wish: ScopeWish) => call<{ name: string; token: string }>('PUT', v1('scopes'), { body: wish });
export const proveScope = (name: string, statement: string) => call<void>('POST', v1('scopes', 'proof'), { body: { name, method: 'statement', statement } });
/** Has the server look for what is published: done when the scope's tried_at is not before requested_at. */
export const checkScope = (name: string, method: 'dns' | 'https') => call<{ requested_at: string }>('POST', v1('scopes', 'proof'), { body: { name, method } });
export const removeScope = (name: string) => call<void>('DELETE', v1('scopes', name));

export const getJoins = (asset: string, abort?: AbortSignal) =>
	call<{ items: Join[]; decisions: JoinDecision[] }>('GET', v1('assets', asset, 'joins'), { abort });
export const decideJoin = (asset: string, decision: { address: string; scope: string; is_join: boolean; reason: string }) =>
	call<void>('PUT', v1('assets', asset, 'joins'), { body: decision });

/** The rows as hosts, by the names of the columns. */
export function hostsOf({ columns, hosts }: MapRows): Host[] {
	const at = (name: string) => columns.indexOf(name);
	const [id, name, kind, address, site, subnet, os, device, connected, ports, exposures, priority, middlebox] = [
		'id', 'name', 'kind', 'address', 'site', 'subnet', 'os', 'device', 'is_connected', 'ports', 'exposures', 'priority', 'is_middlebox',
	].map(at) as [number, number, number, number, number, number, number, number, number, number, number, number, number];
	const text = (value: unknown) => (typeof value === 'string' ? value : null);
	return hosts.map((row): Host => ({
		id: String(row[id]),
		name: String(row[name]),
		kind: row[kind] === 'agent' ? 'agent' : row[os] || row[device] ? 'scanned' : 'unknown',
		address: text(row[address]),
		site: text(row[site]),
		subnet: text(row[subnet]),
		os: text(row[os]),
		device: text(row[device]),
		is_connected: typeof row[connected] === 'boolean' ? row[connected] : null,
		ports: Number(row[ports] ?? 0),
		exposures: Number(row[exposures] ?? 0),
		priority: Number(row[priority] ?? 0),
		is_middlebox: row[middlebox] === true,
	}));
}

/** 192.0.2.7:443, [2001:db8::7]:443. */
export const listener = (address: string, port: number) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
