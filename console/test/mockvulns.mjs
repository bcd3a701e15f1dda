// mockvulns.mjs - invented vulnerabilities of a tenant's assets, one of them hostile; and accepted risks.
import { HOSTILE, iso, noise } from './mockdata.mjs';
import { Refusal } from './mocktenant.mjs';

const DAY = 86_400_000;
const LEVELS = ['critical', 'high', 'medium', 'low', 'none'];
const FROM = { critical: 80, high: 60, medium: 30, low: 1, none: 0 };
const STATUSES = ['fixable', 'fixable', 'open', 'no-dsa', 'fixable', 'postponed', 'unimportant', 'end-of-life'];
const EXPOSURES = ['network', 'installed', 'running', 'local', 'unknown', 'not-running'];
const SOURCES = ['openssl', 'curl', 'xz-utils', 'linux', 'glibc', 'libxml2', 'openssh', 'systemd', 'krb5', 'nginx', 'express', 'perl'];
const WHAT = ['Out-of-bounds write in the parser of certificates', 'Use after free when a connection is reused', 'Malicious code in the upstream tarballs',
	'Race in the network stack leads to privilege escalation', 'Buffer overflow in the resolver', 'Denial of service by deeply nested documents'];
export const HOSTILE_CVE = 'CVE-2024-66666';

const levelOf = (priority) => LEVELS.find((level) => priority >= FROM[level]);

function facts(i, start) {
	const isHostile = i === 5;
	const score = i % 7 === 6 ? null : Math.max(2.1, 10 - (i % 40) * 0.2);
	const isExploited = i < 3 || i === 17;
	return {
		id: i === 0 ? 'CVE-2024-3094' : isHostile ? HOSTILE_CVE : i % 11 === 10 ? `GHSA-${i}xq-7gw6-w4r2` : `CVE-202${i % 6}-${20_000 + i * 37}`,
		summary: isHostile ? `${HOSTILE} in <script>alert(2)</script>` : i % 13 === 12 ? null : `${WHAT[i % WHAT.length]} of ${SOURCES[i % SOURCES.length]}`,
		severity: score === null ? 'medium' : score >= 9 ? 'critical' : score >= 7 ? 'high' : score >= 4 ? 'medium' : 'low',
		score: score === null ? null : Math.round(score * 10) / 10,
		cvss: score === null ? null : 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H',
		is_exploited: isExploited, is_ransomware: i === 1, kev_due: isExploited ? '2026-12-05' : null,
		epss: i % 9 === 8 ? null : Math.round(1e5 * noise(i) ** 4) / 1e5, epss_percentile: i % 9 === 8 ? null : noise(i),
		published: iso(start - (i + 3) * 5 * DAY).slice(0, 10),
	};
}

/** The one that a scan infers from a banner. */
const INFERRED = 5;
const EVIDENCE = 'it says "Server: nginx/1.18.0 <img src=x onerror=alert(1)>", which is cpe:2.3:a:f5:nginx:1.18.0:*:*:*:*:*:*:*; affected: from 0.6.18 before 1.20.1';

export class Vulnerabilities {
	constructor(tenant) {
		this.t = tenant;
		this.acceptances = [];
		this.no = 0;
		const few = tenant.assets.length < 10;
		this.all = Array.from({ length: few ? 8 : 420 }, (_, i) => {
			const priority = Math.max(1, 100 - Math.floor(i / 4) - (i % 3));
			const status = i < 3 ? 'fixable' : STATUSES[i % STATUSES.length];
			const step = i === 0 ? 1 : 2 + (i * 7) % 60;
			const affected = tenant.assets.filter((a) => a.n === 0 || (a.n + i) % step === 0);
			const source = SOURCES[i % SOURCES.length];
			return {
				...facts(i, tenant.start), priority, i, source, status, affected, exposure: EXPOSURES[i % EXPOSURES.length],
				packages: [source], confidence: i === INFERRED ? 'possible' : null, fixed_version: status === 'fixable' ? `${2 + (i % 4)}.${i % 9}.1-1+deb12u${1 + (i % 3)}` : null, is_fixable: status === 'fixable',
			};
		});
	}

	acceptanceOf(id, asset) {
		return this.acceptances.find((a) => a.vulnerability === id && !a.is_expired && (a.asset === null || a.asset === asset))?.no ?? null;
	}

	reason(v) {
		return `${v.is_exploited ? `exploited in the wild (due ${v.kev_due}), ` : ''}${v.exposure === 'network' ? 'listens beyond the machine' : v.exposure}, CVSS ${v.score ?? 'unknown'}, ${v.is_fixable ? 'a fix is there' : 'no fix yet'}`;
	}

	/** What the list says of one. */
	shape({ i, affected, source, status, exposure, ...v }) {
		const accepted = affected.filter((a) => this.acceptanceOf(v.id, a.id) !== null).length;
		return { ...v, level: levelOf(v.priority), reason: this.reason({ ...v, exposure }), assets: affected.length - accepted, accepted };
	}

	matching(query, asset = null) {
		const needle = (query.get('search') ?? '').toLowerCase();
		const is = (name, value) => !query.get(name) || query.get(name) === String(value);
		const list = this.all.filter((v) => (!asset || v.affected.includes(asset))
			&& v.priority >= FROM[query.get('level') ?? 'none'] && is('exploited', v.is_exploited) && is('fixable', v.is_fixable)
			&& is('status', v.status) && is('exposure', v.exposure) && is('package', v.source)
			&& `${v.id} ${v.summary} ${v.source}`.toLowerCase().includes(needle));
		return list.filter((v) => is('accepted', (asset ? [asset] : v.affected).some((a) => this.acceptanceOf(v.id, a.id) !== null)));
	}

	page(list, query) {
		const from = Number(query.get('after') ?? 0);
		const to = from + Number(query.get('limit') ?? 100);
		return { items: list.slice(from, to), next: to < list.length ? String(to) : null, total: list.length };
	}

	summary() {
		const shaped = this.all.map((v) => this.shape(v));
		const sum = (of) => shaped.reduce((n, v) => n + of(v), 0);
		const languages = this.t.name === 'default' ? ['npm', 'Go'] : [];
		const alien = this.t.assets.filter((a) => a.n % 97 === 50);
		return {
			findings: Object.fromEntries(LEVELS.map((level) => [level, sum((v) => (v.level === level ? v.assets : 0))])),
			accepted: sum((v) => v.accepted), exploited: sum((v) => (v.is_exploited ? v.assets : 0)), fixable: sum((v) => (v.is_fixable ? v.assets : 0)),
			risk: sum((v) => v.assets * v.priority), assets: this.t.assets.length, vulnerabilities: shaped.length,
			knowledge: this.t.name === 'big' ? { generation: 0, built_at: null } : { generation: 7, built_at: iso(this.t.start - 3_600_000) },
			not_judged: {
				assets: alien.length,
				items: alien.map((a) => ({ asset: a.id, name: a.name, release: null, system: 'Plan 9', problem: 'No rule knows this system.' })),
			},
			languages_not_judged: languages,
		};
	}

	upgrades(query) {
		const groups = SOURCES.map((source) => this.all.filter((v) => v.source === source && v.is_fixable)).filter((list) => list.length > 0);
		const risks = groups.map((_, g) => 90_000 / (1 + g));
		const risk = risks.reduce((a, b) => a + b, 0);
		let so = 0;
		const items = groups.map((list, g) => {
			so += risks[g] / risk;
			const { source, fixed_version: to, priority } = list[0];
			return {
				manager: source === 'express' ? 'npm' : 'dpkg', source, release: source === 'express' ? 'npm' : 'debian:12', packages: [source, `lib${source}1`], to_version: to,
				closes: list.reduce((n, v) => n + v.affected.length, 0), assets: list[0].affected.length, risk: Math.round(risks[g]), share: risks[g] / risk,
				cumulative_share: Math.min(1, so), priority, level: levelOf(priority),
				command: source === 'express' ? null : `apt-get install --only-upgrade ${source} lib${source}1`,
			};
		});
		return { items: items.slice(0, Number(query.get('limit') ?? 100)), total: items.length, risk: Math.round(risk), findings: items.reduce((n, u) => n + u.closes, 0) };
	}

	assets(query) {
		const items = this.t.assets.map((a) => {
			const mine = this.all.filter((v) => v.affected.includes(a));
			const levels = Object.fromEntries(LEVELS.map((level) => [level, mine.filter((v) => levelOf(v.priority) === level).length]));
			return { asset: a.id, name: a.name, levels, accepted: 0, risk: mine.reduce((n, v) => n + v.priority, 0), priority: mine[0]?.priority ?? 0, level: levelOf(mine[0]?.priority ?? 0) };
		}).sort((a, b) => b.risk - a.risk);
		return this.page(items, query);
	}

	trend() {
		const { findings, ...now } = this.summary();
		return {
			items: Array.from({ length: 40 }, (_, i) => {
				const scale = 1 + (39 - i) * 0.02 * noise(i >> 2);
				return {
					day: iso(this.t.start - (39 - i) * DAY).slice(0, 10), findings: Object.fromEntries(LEVELS.map((level) => [level, Math.round(findings[level] * scale)])),
					accepted: now.accepted, exploited: now.exploited, fixable: now.fixable, assets: now.assets, risk: now.risk,
				};
			}),
		};
	}

	place(v, asset) {
		return {
			packages: [v.source, `lib${v.source}1`], package: v.source, version: `1.${v.i % 9}.0-1+deb12u1`, fixed_version: v.fixed_version, status: v.status,
			exposure: v.exposure, priority: v.priority, level: levelOf(v.priority), reason: this.reason(v), first_seen: iso(this.t.start - (1 + v.i % 50) * DAY),
			reopened: v.i % 14 === 3 ? 1 : 0, confidence: v.confidence,
			evidence: v.confidence ? EVIDENCE : null, accepted: this.acceptanceOf(v.id, asset.id),
		};
	}

	named(id) {
		const found = this.all.find((v) => v.id === id);
		if (!found) {
			throw new Refusal(404, 'not_found', `No asset ever had the vulnerability "${id}", and no feed speaks of it.`);
		}
		return found;
	}

	detail(id, query) {
		const v = this.named(id);
		const { items, next, total } = this.page(v.affected.map((a) => ({ asset: a.id, name: a.name, ...this.place(v, a) })), query);
		return {
			...this.shape(v), kev_added: v.is_exploited ? '2024-04-01' : null, aliases: v.i === 0 ? ['GHSA-rxwq-x6h5-x525'] : [],
			references: [`https://security-tracker.debian.org/tracker/${v.id}`, 'https://www.openwall.com/lists/oss-security/2024/03/29/4',
				...(v.id === HOSTILE_CVE ? ['javascript:alert(1)', 'http://plain.example/', 'https://\u202eevil.example/<img src=x>'] : [])],
			affected: items, next, total, past: this.t.assets.slice(1, 4).map((a) => ({ asset: a.id, name: a.name, fixed_at: iso(this.t.start - a.n * DAY) })), is_past_cut: false,
		};
	}

	coverage(asset) {
		return asset.n === 50
			? { release: null, system: 'Plan 9', is_covered: false, problem: 'No rule knows this system.' }
			: { release: 'debian:12', system: asset.os, is_covered: true, problem: null };
	}

	ofAsset(asset, query) {
		const list = asset.n === 50 ? [] : this.matching(query, asset);
		const { items, ...rest } = this.page(list, query);
		return {
			asset: asset.id, name: asset.name, coverage: this.coverage(asset), ...rest,
			items: items.map((v) => {
				const { assets, accepted, packages, ...facts } = this.shape(v);
				return {
					...facts, ...this.place(v, asset), architecture: 'amd64', source: v.source, urgency: 'medium', release: 'debian:12', feed: 'debian', path: v.confidence ? 'inferred from the banner at 192.0.2.7 port 80' : null,
					is_fixable: v.is_fixable, fix: v.is_fixable ? `apt-get install --only-upgrade ${v.source} lib${v.source}1` : null,
				};
			}),
		};
	}

	why(asset, id) {
		const v = this.named(id);
		const isFound = v.affected.includes(asset);
		return {
			asset: asset.id, name: asset.name, id, facts: this.shape(v), is_found: isFound, coverage: this.coverage(asset), architecture: 'amd64', accepted: this.acceptanceOf(id, asset.id),
			conclusion: isFound ? `${asset.name} has ${id}: ${v.source} 1.0 is before the fix.` : `${asset.name} does not have ${id}.`,
			packages: [{
				manager: 'dpkg', package: v.source, version: '1.0-1', architecture: 'amd64', status: 'installed', path: null, source: v.source, source_version: '1.0-1', exposure: v.exposure,
				uses: [{ process: 'sshd', executable: '/usr/sbin/sshd', path: '/usr/lib/x86_64-linux-gnu/liblzma.so.5' }],
				listeners: v.exposure === 'network' ? [{ protocol: 'tcp', address: '0.0.0.0', port: 22, executable: '/usr/sbin/sshd' }] : [],
				entries: [{
					feed: 'debian', advisory: 'DSA-5649-1', stream: 'debian:12', feed_package: v.source, installed: '1.0-1', fixed_version: v.fixed_version, status: v.status, is_finding: isFound,
					rule: 'fixable', rule_says: 'the version is before the fix', subject_rule: 'source', subject_rule_says: 'a binary is judged by its source package', urgency: 'high',
					quote: JSON.stringify({ releases: { bookworm: { status: 'resolved', fixed_version: v.fixed_version } }, description: v.summary }),
					priority: { value: v.priority, level: levelOf(v.priority), reason: this.reason(v), severity: 100, probability: v.is_exploited ? null : 80, exposure: 100, decision: 100, confidence: 100 },
				}, {
					feed: 'osv-debian', advisory: null, stream: 'debian:12', feed_package: v.source, installed: '1.0-1', fixed_version: null, status: 'not-affected', is_finding: false,
					rule: 'before-introduced', rule_says: 'older than the flaw', subject_rule: 'source', subject_rule_says: 'a binary is judged by its source package', urgency: null, quote: null,
					priority: { value: 0, level: 'none', reason: 'not affected', severity: 0, probability: 0, exposure: 0, decision: 0, confidence: 100 },
				}],
			}],
		};
	}

	updatesCheck(asset) {
		return {
			asset: asset.id, name: asset.name, coverage: this.coverage(asset), is_told: true, both: 1, only_feed: 1, only_manager: 0,
			items: [
				{ package: 'openssl', architecture: 'amd64', said_by: 'both', installed: '3.0.14', fixed_version: '3.0.15', candidate: '3.0.15', origin: 'Debian-Security', vulnerabilities: ['CVE-2024-3094'] },
				{ package: 'curl', architecture: 'amd64', said_by: 'feed', installed: '7.88', fixed_version: '7.89', candidate: null, origin: null, vulnerabilities: [HOSTILE_CVE] },
			],
		};
	}

	sbom(asset) {
		return { bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, serialNumber: 'urn:uuid:0', metadata: { component: { name: asset.name } }, components: [], vulnerabilities: [] };
	}

	accept({ vulnerability, asset, reason, until }, by) {
		this.named(vulnerability);
		if (!reason) {
			throw new Refusal(400, 'bad_request', "'reason' is missing: say why the risk is bearable.");
		}
		if (until && !(Date.parse(until) > Date.now())) {
			throw new Refusal(400, 'bad_request', `'until' is ${until}, which is past.`);
		}
		const found = asset ? this.t.find(asset) : null;
		const made = {
			no: ++this.no, vulnerability, asset: found?.id ?? null, asset_name: found?.name ?? null, reason, until: until ? iso(Date.parse(until)) : null,
			by, at: iso(Date.now()), is_expired: false,
		};
		this.acceptances.unshift(made);
		return made;
	}

	withdraw(no) {
		const at = this.acceptances.findIndex((a) => a.no === Number(no));
		if (at < 0) {
			throw new Refusal(404, 'not_found', `There is no acceptance ${no}.`);
		}
		this.acceptances.splice(at, 1);
	}
}

/** GET /vulnerabilities and what is below it. */
export function vulnerabilities({ t, rest: [what], query }) {
	const v = t.vulnerabilities;
	switch (what) {
	case undefined: {
		const { items, ...page } = v.page(v.matching(query), query);
		return { items: items.map((each) => v.shape(each)), ...page };
	}
	case 'summary': return v.summary();
	case 'upgrades': return v.upgrades(query);
	case 'assets': return v.assets(query);
	case 'trend': return v.trend();
	default: return v.detail(what, query);
	}
}

export function acceptances({ t, rest: [no], body, me, request, response }) {
	if (request.method === 'GET') {
		return { items: t.vulnerabilities.acceptances };
	}
	if (request.method === 'POST') {
		const made = t.vulnerabilities.accept(body, me.name);
		response.statusCode = 201;
		return made;
	}
	t.vulnerabilities.withdraw(no);
	response.writeHead(204).end();
	return undefined;
}
