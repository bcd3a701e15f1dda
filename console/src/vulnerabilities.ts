// vulnerabilities.ts - what assets are exposed to: the calls, what they speak, and words for it.
import { call, v1 } from './api';

export const LEVELS = ['critical', 'high', 'medium', 'low', 'none'] as const;
export type Level = (typeof LEVELS)[number];
export type Levels = Record<Level, number>;

export const STATUSES = [
	'fixable', 'open', 'no-dsa', 'postponed', 'ignored', 'unimportant', 'undetermined', 'end-of-life', 'will-not-fix',
] as const;

/** In words, from the most exposed. */
export const EXPOSURES: Record<string, string> = {
	network: 'listens beyond the machine', local: 'listens on loopback', running: 'running',
	installed: 'installed, nothing of it runs', 'not-running': 'not the running kernel', unknown: 'exposure unknown',
};

/** Whether anybody looked; without a feed nothing found means nothing. */
export interface Coverage {
	release: string | null;
	system: string | null;
	is_covered: boolean;
	problem: string | null;
}

/** What feeds say of a vulnerability. */
export interface Facts {
	id: string;
	summary: string | null;
	severity: string | null;
	score: number | null;
	cvss: string | null;
	is_exploited: boolean;
	is_ransomware: boolean;
	kev_due: string | null;
	epss: number | null;
	epss_percentile: number | null;
	published: string | null;
}

/** How urgent, and why. */
export interface Urgency {
	priority: number;
	level: Level;
	reason: string;
	/** Null where an agent tells the package; else inferred from what a scanned service says of itself. */
	confidence: 'likely' | 'possible' | null;
}

export interface Vulnerability extends Facts, Urgency {
	/** That have it and did not accept it. */
	assets: number;
	accepted: number;
	packages: string[];
	fixed_version: string | null;
	is_fixable: boolean;
}

/** Where an asset has it: its most urgent package. */
interface Place extends Urgency {
	packages: string[];
	package: string;
	version: string | null;
	fixed_version: string | null;
	status: string;
	exposure: string;
	first_seen: string | null;
	reopened: number;
	/** The banner, and what it lets conclude. */
	evidence: string | null;
	/** The acceptance's number. */
	accepted: number | null;
}

export interface Affected extends Place {
	asset: string;
	name: string;
}

export interface VulnerabilityDetail extends Vulnerability {
	references: string[];
	aliases: string[];
	kev_added: string | null;
	affected: Affected[];
	next: string | null;
	total: number;
	past: { asset: string; name: string; fixed_at: string }[];
	is_past_cut: boolean;
}

export interface Finding extends Facts, Place {
	architecture: string | null;
	source: string | null;
	urgency: string | null;
	release: string | null;
	feed: string | null;
	path: string | null;
	is_fixable: boolean;
	/** The command that mends it there. */
	fix: string | null;
}

export interface Summary {
	findings: Levels;
	accepted: number;
	exploited: number;
	fixable: number;
	risk: number;
	assets: number;
	vulnerabilities: number;
	knowledge: { generation: number; built_at: string | null };
	not_judged: {
		assets: number;
		items: { asset: string; name: string; release: string | null; system: string | null; problem: string }[];
	};
	languages_not_judged: string[];
}

export interface Upgrade {
	manager: string;
	source: string;
	release: string;
	packages: string[];
	to_version: string | null;
	closes: number;
	assets: number;
	risk: number;
	share: number;
	cumulative_share: number;
	priority: number;
	level: Level;
	command: string | null;
}

export interface VulnerableAsset {
	asset: string;
	name: string;
	levels: Levels;
	accepted: number;
	risk: number;
	priority: number;
	level: Level;
}

export interface TrendDay {
	day: string;
	findings: Levels;
	accepted: number;
	exploited: number;
	fixable: number;
	assets: number;
	risk: number;
}

export interface Acceptance {
	no: number;
	vulnerability: string;
	asset: string | null;
	asset_name: string | null;
	reason: string;
	until: string | null;
	by: string;
	at: string;
	is_expired: boolean;
}

export interface WhyEntry {
	feed: string;
	advisory: string | null;
	stream: string;
	feed_package: string;
	installed: string;
	fixed_version: string | null;
	status: string;
	is_finding: boolean;
	rule: string;
	rule_says: string;
	subject_rule: string;
	subject_rule_says: string;
	urgency: string | null;
	quote: string | null;
	priority: {
		value: number;
		level: Level;
		reason: string;
		severity: number;
		probability: number | null;
		exposure: number;
		decision: number;
		confidence: number;
	};
}

export interface WhyPackage {
	manager: string;
	package: string;
	version: string;
	architecture: string | null;
	status: string | null;
	path: string | null;
	source: string | null;
	source_version: string | null;
	exposure: string;
	confidence?: string | null;
	evidence?: string | null;
	uses: Record<string, string | number | null>[];
	listeners: Record<string, string | number | null>[];
	entries: WhyEntry[];
}

export interface Why {
	asset: string;
	name: string;
	id: string;
	is_found: boolean;
	conclusion: string;
	facts: Partial<Facts> | null;
	coverage: Coverage;
	architecture: string | null;
	accepted: number | null;
	packages: WhyPackage[];
}

export interface UpdatesCheck {
	coverage: Coverage;
	is_told: boolean;
	both: number;
	only_feed: number;
	only_manager: number;
	items: {
		package: string;
		architecture: string;
		said_by: 'both' | 'feed' | 'manager';
		installed: string;
		fixed_version: string | null;
		candidate: string | null;
		origin: string | null;
		vulnerabilities: string[];
	}[];
}

/** A page of a longer list. */
export interface Part<T> {
	items: T[];
	next: string | null;
	total: number;
}

/** What the list is narrowed by, as it stands in the address: empty is any. */
export const FILTERS = ['level', 'exploited', 'fixable', 'package', 'status', 'exposure', 'search', 'accepted'] as const;
export type Filter = Record<(typeof FILTERS)[number], string | null>;

const PAGE_SIZE = 200;

type After = string | null;

export const getVulnerabilities = (filter: Filter, after: After, abort?: AbortSignal) =>
	call<Part<Vulnerability>>('GET', v1('vulnerabilities'), { query: { ...filter, limit: PAGE_SIZE, after }, abort });
export const getSummary = (abort?: AbortSignal) => call<Summary>('GET', v1('vulnerabilities', 'summary'), { abort });
export const getUpgrades = (limit: number, abort?: AbortSignal) =>
	call<{ items: Upgrade[]; total: number; risk: number; findings: number }>('GET', v1('vulnerabilities', 'upgrades'), { query: { limit }, abort });
export const getVulnerableAssets = (after: After, abort?: AbortSignal) =>
	call<Part<VulnerableAsset>>('GET', v1('vulnerabilities', 'assets'), { query: { limit: PAGE_SIZE, after }, abort });
export const getTrend = (days: number, abort?: AbortSignal) =>
	call<{ items: TrendDay[] }>('GET', v1('vulnerabilities', 'trend'), { query: { days }, abort });
export const getVulnerability = (id: string, after: After, abort?: AbortSignal) =>
	call<VulnerabilityDetail>('GET', v1('vulnerabilities', id), { query: { limit: PAGE_SIZE, after }, abort });
export const getAssetVulnerabilities = (asset: string, filter: Partial<Filter>, after: After, abort?: AbortSignal) =>
	call<Part<Finding> & { coverage: Coverage }>('GET', v1('assets', asset, 'vulnerabilities'), { query: { ...filter, limit: PAGE_SIZE, after }, abort });
export const getWhy = (asset: string, id: string, abort?: AbortSignal) =>
	call<Why>('GET', v1('assets', asset, 'vulnerabilities', id, 'why'), { abort });
export const getSbom = (asset: string) => call<unknown>('GET', v1('assets', asset, 'sbom'));
export const checkUpdates = (asset: string, abort?: AbortSignal) =>
	call<UpdatesCheck>('GET', v1('assets', asset, 'updates-check'), { abort });

export const getAcceptances = (abort?: AbortSignal) => call<{ items: Acceptance[] }>('GET', v1('acceptances'), { abort });
export const acceptRisk = (risk: { vulnerability: string; asset?: string; reason: string; until?: string }) =>
	call<Acceptance>('POST', v1('acceptances'), { body: risk });
export const withdrawAcceptance = (no: number) => call<void>('DELETE', v1('acceptances', String(no)));

/** "94.3 %", of a probability; small ones keep a digit that tells. */
export function percent(share: number): string {
	const value = share * 100;
	return `${value >= 99.95 || value === 0 ? Math.round(value) : value.toFixed(value < 0.1 ? 2 : 1)} %`;
}

/** "9.8 critical" */
export function severityText({ score, severity }: Partial<Facts>): string {
	return [score?.toFixed(1), severity].filter(Boolean).join(' ');
}
