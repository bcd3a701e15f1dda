// mocknetwork.mjs - what scanners would find around a tenant's assets, one host of it hostile; and the scopes they scan.
import { HOSTILE, idOf, iso, noise } from './mockdata.mjs';
import { Refusal } from './mocktenant.mjs';

const DAY = 86_400_000;
const FROM = { critical: 80, high: 60, medium: 30, low: 1 };
const levelOf = (priority) => Object.keys(FROM).find((level) => priority >= FROM[level]);
export const OFFICE = '10.0.0.0/8';
const PUBLIC = '203.0.113.0/24';
const DEVICES = ['printer', 'camera', 'router', 'switch', 'storage', null, null];
const SYSTEMS = ['Linux', 'Windows', 'VxWorks', null, 'FreeBSD', null, null];
const SERVICES = [
	[22, 'ssh', 'OpenSSH', '9.2p1'], [80, 'http', 'nginx', '1.22.1'], [443, 'http', 'nginx', '1.22.1'], [443, 'http', 'Apache httpd', '2.4.62'], [3306, 'mysql', 'MariaDB', '10.11'],
	[6379, 'redis', 'Redis', '7.0.15'], [161, 'snmp', null, null], [23, 'telnet', null, null], [9100, null, null, null], [25, 'smtp', 'Postfix', null],
];
const RULES = [
	['database-open', 'services', 95, 'Redis can be reached from the Internet', 'Listen on loopback, or let a firewall pass only the hosts that need it; ask for a password'],
	['telnet', 'services', 80, 'Telnet sends passwords in clear', 'Use SSH, and switch Telnet off'],
	['certificate-expires-7', 'certificates', 65, 'The certificate expires within 7 days', 'Renew it, and have renewal run by itself (ACME)'],
	['tls-weak', 'tls', 45, 'The TLS configuration is weak (grade C)', 'Offer TLS 1.2 and 1.3, and nothing older'],
	['admin-page', 'web', 70, 'An administration page is open', 'Let a firewall pass only those who administer it'],
	['new-port', 'ports', 20, 'A port is open that was not before', 'Find out who opened it'],
];
const GRADES = ['A+', 'A', 'A', 'A-', 'B', 'B', 'C', 'F', 'T', 'M'];
const REASONS = { 'A-': ['no-tls-1.3'], B: ['tls-1.0', 'no-forward-secrecy'], C: ['no-tls-1.2'], F: ['ssl-3', 'export'], T: ['expired'], M: ['name-mismatch'] };
const PROTOCOL_LINES = [{ program: 'nginx', lines: 'ssl_protocols TLSv1.2 TLSv1.3;' }, { program: 'apache', lines: 'SSLProtocol -all +TLSv1.2 +TLSv1.3' }];
const TLS_RULES = [
	['no-tls-1.3', 'A-', 'TLS 1.3 is not offered', 'Offer TLS 1.3', PROTOCOL_LINES], ['tls-1.0', 'B', 'TLS 1.0 is offered (RFC 8996)', 'Switch TLS 1.0 off', PROTOCOL_LINES],
	['no-forward-secrecy', 'B', 'forward secrecy is not offered, or not preferred', 'Offer ECDHE suites, and prefer them', []], ['no-tls-1.2', 'C', 'neither TLS 1.2 nor 1.3 is offered', 'Offer TLS 1.2 and 1.3', PROTOCOL_LINES],
	['ssl-3', 'B', 'SSL 3.0 is offered', 'Switch SSL 3.0 off', PROTOCOL_LINES], ['export', 'F', 'export suites are offered (FREAK, Logjam)', 'Leave export suites out', []],
	['expired', 'T', 'the certificate has expired', 'Renew it, and have renewal run by itself (ACME)', []], ['name-mismatch', 'M', 'the certificate is for other names', 'Get a certificate with this name', []],
].map(([id, cap, sentence, fix, configuration]) => ({ id, cap, sentence, fix, configuration }));

const page = (items, query, size = 100) => {
	const from = Number(query.get('after') ?? 0);
	const to = from + Number(query.get('limit') ?? size);
	return { items: items.slice(from, to), next: to < items.length ? String(to) : null, total: items.length };
};

function grouped(items, key) {
	const groups = new Map();
	items.forEach((item) => groups.set(key(item), [...groups.get(key(item)) ?? [], item]));
	return groups;
}

export class Network {
	constructor(tenant) {
		this.t = tenant;
		this.isBig = tenant.name === 'big';
		this.scanned = tenant.name === 'acme' ? [] : Array.from({ length: this.isBig ? 7500 : 260 }, (_, i) => this.host(i));
		tenant.scanned = this.scanned;	// found by their ids; the list of assets counts agents alone
		this.scopes = tenant.name === 'acme' ? [] : this.firstScopes();
		this.accepted = 0;
		this.decisions = [];
		this.joins = [{ address: '10.0.0.10', scope: OFFICE, evidence: 'mac', detail: '02:00:00:00:00:03', confidence: 99, by: null, since: iso(tenant.start - 9 * DAY), identity: 'mac 02:00:00:00:00:03' }];
		this.ports = this.scanned.flatMap((host) => host.ports);
		this.certificates = this.makeCertificates();
		this.endpoints = this.makeEndpoints();
		this.exposures = this.makeExposures();
		this.alerts = this.makeAlerts();
		this.scanned.slice(0, 300).forEach((host) => tenant.rows.set(host.id, this.rowsOf(host)));
	}

	host(i) {
		const isHostile = i === 7;
		const isPublic = i % 20 === 3;
		const address = isPublic ? `203.0.113.${1 + (i % 250)}` : `10.${8 + Math.floor(i / 4000)}.${Math.floor(i / 60) % 60}.${1 + (i % 60) * 4}`;
		const device = isHostile ? HOSTILE : DEVICES[i % DEVICES.length];
		const name = isHostile ? `host\u202e${HOSTILE}` : device ? `${device}-${i}.example.org` : address;
		const scope = isPublic ? PUBLIC : OFFICE;
		const ports = SERVICES.filter((_, s) => (i + s) % 4 === 0).map(([port, protocol, product, version]) => ({
			asset: idOf(i + 20_000), asset_name: name, address, transport: port === 161 ? 'udp' : 'tcp', port, scope, protocol, is_tls: port === 443,
			product: isHostile && product ? HOSTILE : product, version, access: port === 6379 && i % 3 === 0 ? 'anyone' : null,
			appeared: i % 17 === 0 ? iso(this.t.start - DAY) : null,
		}));
		return {
			id: idOf(i + 20_000), name, os: SYSTEMS[i % SYSTEMS.length], n: i, addresses: [address], sensor: null, is_connected: null, kind: 'scanned', gone: i === 9 ? iso(this.t.start - DAY) : null, tags: [],
			first_seen: iso(this.t.start - 20 * DAY), last_seen: iso(this.t.start - 600_000), scope, device, ports, priority: i % 23 === 0 ? 95 : i % 9 === 0 ? 45 : 0,
		};
	}

	rowsOf(host) {
		const [address] = host.addresses;
		return {
			scanned_hosts: [[address, host.scope, '02:00:5e:00:00:01', [host.name], 'syn-ack', 64, host.os, host.device, 85, false]],
			open_ports: host.ports.map((p) => [address, p.transport, p.port, host.scope, 'syn-ack', p.protocol, p.appeared]),
			network_services: host.ports.filter((p) => p.protocol).map((p) => [address, p.transport, p.port, host.scope, p.protocol, p.is_tls, null, p.product, p.version, null, p.access, p.product === HOSTILE ? HOSTILE : `220 ${host.name}`]),
			tls_endpoints: this.endpoints.filter((e) => e.asset === host.id).map((e) => [address, e.port, e.name, host.scope, e.grade, e.protocols, e.key_exchange, e.vulnerabilities, e.reasons]),
			served_certificates: this.certificates.filter((c) => c.places[0].asset === host.id).map((c) => [address, 443, c.names?.[0] ?? null, c.fingerprint, c.subject, c.names, c.issuer, c.not_after, c.is_self_signed, 0]),
		};
	}

	firstScopes() {
		const scope = (name, more) => ({
			name, kind: 'prefix', is_proved: true, method: 'statement', proved_at: iso(this.t.start - 30 * DAY), proved_by: 'operator', statement: 'our office, by its owner', failure: null,
			tried_at: null, checked_at: null, failing_since: null, ...publishedOf(name), added_at: iso(this.t.start - 31 * DAY), added_by: 'operator', is_on: true, period_s: 86_400, from_minute: 1320, to_minute: 360, rate: 5000,
			ports: '22,80,443', scanner: null, runs: 29, state: 'waiting', reason: null, started_at: iso(this.t.start - DAY), finished_at: iso(this.t.start - 3_600_000), addresses: 65_536,
			hosts: this.scanned.filter((h) => h.scope === name).length, open_ports: 812, loss_permille: 3, ...more,
		});
		const never = { runs: null, state: null, started_at: null, finished_at: null, addresses: null, hosts: null, open_ports: null, loss_permille: null };
		return [
			scope(OFFICE, {}), scope(PUBLIC, { period_s: 3600, from_minute: 0, to_minute: 0, rate: null, statement: `${HOSTILE} said so` }),
			scope('192.0.2.0/24', { ...never, is_proved: false, method: null, proved_at: null, proved_by: null, statement: null, ports: null, period_s: null }),
		];
	}

	makeCertificates() {
		return this.scanned.filter((h) => h.ports.some((p) => p.port === 443)).slice(0, 180).map((host, i) => {
			const left = i < 3 ? -3 * (i + 1) : i < 8 ? i - 2 : Math.floor(noise(i) * 380);
			const name = host.n === 7 ? HOSTILE : `${i % 3 ? 'www' : 'api'}${i}.example.org`;
			return {
				not_after: iso(Math.floor(this.t.start / DAY) * DAY + left * DAY + 43_200_000), days_left: left, fingerprint: idOf(i).repeat(4), subject: `CN=${name}`,
				names: [name, `${i}.example.net`], issuer: i % 6 === 5 ? `CN=${name}` : "CN=R11,O=Let's Encrypt,C=US", not_before: iso(this.t.start - 60 * DAY), key_type: i % 2 ? 'ec' : 'rsa', key_bits: i % 2 ? 256 : 2048,
				is_self_signed: i % 6 === 5, assets: 1, place_count: i % 10 === 0 ? 2 : 1,
				places: [{ asset: host.id, asset_name: host.name, place: `${host.addresses[0]}:443`, seen_by: 'scan' }, ...(i % 10 === 0 ? [{ asset: idOf(1), asset_name: 'db-vie-001', place: '/etc/ssl/certs/site.pem', seen_by: 'agent' }] : [])],
			};
		}).sort((a, b) => a.not_after.localeCompare(b.not_after));
	}

	makeEndpoints() {
		return this.scanned.filter((h) => h.ports.some((p) => p.port === 443)).map((host, i) => {
			const grade = GRADES[i % GRADES.length];
			const isOld = 'BCF'.includes(grade);
			return {
				asset: host.id, asset_name: host.name, address: host.addresses[0], port: 443, name: host.n === 7 ? HOSTILE : i % 2 ? `www${i}.example.org` : null, starttls: null, grade,
				grade_without_trust: 'TM'.includes(grade) ? 'A' : grade, score: { F: 0, C: 55, B: 70 }[grade] ?? 92,
				protocols: grade === 'F' ? ['SSLv3', 'TLSv1', 'TLSv1.2'] : isOld ? ['TLSv1', 'TLSv1.1', 'TLSv1.2'] : grade === 'A-' ? ['TLSv1.2'] : ['TLSv1.2', 'TLSv1.3'],
				suite: 'TLS_AES_256_GCM_SHA384', key_exchange: i % 3 ? 'x25519' : 'X25519MLKEM768', is_post_quantum: i % 3 === 0, vulnerabilities: grade === 'F' ? ['poodle_ssl'] : [],
				reasons: host.n === 7 ? [HOSTILE, 'ssl-3'] : REASONS[grade] ?? [], certificate: idOf(i).repeat(4),
			};
		}).sort((a, b) => a.score - b.score);
	}

	makeExposures() {
		return this.scanned.filter((h) => h.priority > 0 || h.n === 7).flatMap((host, i) => {
			const [id, family, priority, what, advice] = RULES[i % RULES.length];
			return [{
				id, asset: host.id, asset_name: host.name, subject: `tcp ${host.addresses[0]}:6379`, family, level: levelOf(priority), priority, what,
				evidence: host.n === 7 ? HOSTILE : 'no password is asked for', advice, seen_by: 'scan', address: host.addresses[0], port: 6379, accepted: null,
			}];
		}).sort((a, b) => b.priority - a.priority);
	}

	makeAlerts() {
		const kinds = ['new-host', 'new-port', 'host-key-changed', 'certificate-replaced'];
		return this.scanned.slice(0, 40).map((host, i) => {
			const alert = kinds[i % 4];
			return {
				no: i + 1, at: iso(this.t.start - (40 - i) * 3_600_000), alert, level: alert === 'host-key-changed' ? 'high' : 'medium', asset: host.id, asset_name: host.name, scope: host.scope, address: host.addresses[0],
				transport: alert === 'new-host' ? null : 'tcp', port: alert === 'new-host' ? null : 22, what: `${host.name} is new or changed`, before: i % 4 > 1 ? 'SHA256:one' : null, after: i % 4 > 1 ? 'SHA256:two' : null,
			};
		}).reverse();
	}

	/** Raises one, in the list and in the streams of events. */
	alert(host, alert, what, more = {}) {
		const row = { alert, level: 'high', scope: host.scope, address: host.addresses[0], transport: 'tcp', port: 22, what, before: null, after: null, ...more };
		const event = this.t.events.add(host, 'alerts', row);
		this.alerts.unshift({ no: event.no, at: event.at, asset: host.id, asset_name: host.name, ...row });
	}

	map() {
		const columns = ['id', 'name', 'kind', 'address', 'site', 'subnet', 'os', 'device', 'is_connected', 'ports', 'exposures', 'priority', 'is_middlebox'];
		const subnet = (address) => `${address.split('.').slice(0, 3).join('.')}.0/24`;
		const agents = this.t.assets.map((a) => [a.id, a.name, 'agent', a.addresses[0], a.n % 2 ? OFFICE : null, subnet(a.addresses[0]), a.os, null, a.is_connected, 2, 0, 0, false]);
		return { columns, hosts: [...agents, ...this.scanned.map((h) => [h.id, h.name, 'scanned', h.addresses[0], h.scope, subnet(h.addresses[0]), h.os, h.device, null, h.ports.length, h.priority ? 1 : 0, h.priority, false])] };
	}

	fleetPorts(query) {
		const groups = grouped(this.ports, (p) => `${p.transport} ${p.port} ${p.protocol}`);
		const items = [...groups.values()].map((list) => ({
			transport: list[0].transport, port: list[0].port, protocol: list[0].protocol, assets: list.length, addresses: list.length,
			appeared: list.find((p) => p.appeared)?.appeared ?? null, products: [...new Set(list.flatMap((p) => (p.product ? [[p.product, p.version].filter(Boolean).join(' ')] : [])))],
		}));
		return page(items.sort((a, b) => b.assets - a.assets || a.port - b.port), query);
	}

	holders(query) {
		const is = (p, name) => !query.get(name) || query.get(name) === String(p[name]);
		return page(this.ports.filter((p) => ['port', 'transport', 'protocol', 'product'].every((name) => is(p, name))), query);
	}

	services(query) {
		const by = query.get('by') ?? 'protocol';
		const groups = grouped(this.ports.filter((p) => p[by]), (p) => p[by]);
		const items = [...groups].map(([name, list]) => ({
			name, assets: new Set(list.map((p) => p.asset)).size, open: list.length, ports: [...new Set(list.map((p) => p.port))], versions: by === 'product' ? [...new Set(list.flatMap((p) => (p.version ? [p.version] : [])))] : [],
		}));
		return page(items.sort((a, b) => b.assets - a.assets), query);
	}

	grades(query) {
		const counted = (names) => [...grouped(names, (name) => name)].map(([name, list]) => ({ name, count: list.length })).sort((a, b) => a.name.localeCompare(b.name));
		const all = this.endpoints;
		const sum = (is) => all.filter(is).length;
		return {
			summary: [{ endpoints: all.length, trusted: sum((e) => e.grade !== 'T'), post_quantum: sum((e) => e.is_post_quantum), forward_secrecy: sum((e) => e.grade !== 'B'), hsts: sum((e) => e.grade === 'A+'), vulnerable: sum((e) => e.vulnerabilities.length > 0) }],
			grades: counted(all.map((e) => e.grade)), protocols: counted(all.flatMap((e) => e.protocols)), keys: counted(all.map((_, i) => (i % 2 ? 'ec 256' : 'rsa 2048'))),
			...page(all.filter((e) => !query.get('grade') || e.grade === query.get('grade')), query),
		};
	}

	/** Twenty weeks in which grades become better; nothing changes on most days. */
	trend() {
		const all = this.endpoints.length;
		const items = this.isBig || all === 0 ? [] : Array.from({ length: 20 }, (_, week) => {
			const good = Math.round(all * (0.2 + week * 0.01));
			return {
				day: iso(this.t.start - (19 - week) * 7 * DAY).slice(0, 10), endpoints: all, trusted: Math.round(all * 0.9), post_quantum: Math.round(all * week / 57), forward_secrecy: Math.round(all * (0.6 + week / 95)),
				grades: [{ name: 'A', count: good }, { name: 'F', count: all - good }], protocols: [{ name: 'TLSv1.2', count: all }, { name: 'TLSv1.3', count: good }],
				keys: [{ name: 'ec 256', count: good }, { name: 'rsa 2048', count: all - good }],
			};
		});
		return { items, next: null };
	}

	listExposures(query) {
		const needle = (query.get('search') ?? '').toLowerCase();
		return page(this.exposures.filter((e) => e.priority >= (FROM[query.get('level')] ?? 0) && (!query.get('family') || e.family === query.get('family'))
			&& (!query.get('rule') || e.id === query.get('rule')) && (!query.get('asset') || [e.asset, e.asset_name].includes(query.get('asset')))
			&& (!query.get('accepted') || query.get('accepted') === String(e.accepted !== null))
			&& `${e.asset_name} ${e.subject} ${e.what} ${e.evidence}`.toLowerCase().includes(needle)), query);
	}

	acceptExposure({ asset, rule, subject, reason, until = null }, me) {
		const found = this.exposures.find((e) => e.asset === asset && e.id === rule && e.subject === subject);
		if (!found) {
			throw new Refusal(404, 'not_found', 'The asset has no such exposure now.');
		}
		found.accepted = { no: ++this.accepted, reason, by: me.name, at: iso(Date.now()), until: until && `${until}T00:00:00Z` };
		return found.accepted;
	}

	listAlerts(query) {
		const is = (a, name) => !query.get(name) || query.get(name) === a[name] || (name === 'asset' && query.get(name) === a.asset_name);
		const { items, next } = page(this.alerts.filter((a) => ['alert', 'scope', 'asset'].every((name) => is(a, name))), query);
		return { items, next };
	}

	putScope({ name, ...wish }) {
		if (!/^[0-9a-f.:]+(\/\d+)?$|^[a-z0-9.-]+\.[a-z]+$/.test(name)) {
			throw new Refusal(400, 'bad_request', `"${name}" is neither a prefix, an address nor a name`);
		}
		const wanted = Object.fromEntries(Object.entries(wish).map(([key, value]) => [key, value === 0 && ['period_s', 'rate'].includes(key) ? null : value]));
		const held = this.scopes.find((s) => s.name === name);
		if (held) {
			Object.assign(held, wanted);
		} else {
			this.scopes.push({ ...this.firstScopes()[2], ...publishedOf(name), name, is_on: true, from_minute: 0, to_minute: 0, rate: null, ...wanted });
		}
		return { name, token: TOKEN };
	}

	/** A look that takes a while: the first finds nothing, the next ones the token. */
	check(scope, method, me) {
		const requested = iso(Date.now());
		setTimeout(() => {
			const isFirst = !scope.tried_at;
			Object.assign(scope, { tried_at: iso(Date.now()) }, isFirst
				? { failure: `There is no TXT record at ${scope.dns_names[0]}: publish one that says ${scope.dns_value}` }
				: { failure: null, failing_since: null, is_proved: true, method, proved_at: iso(Date.now()), checked_at: iso(Date.now()), proved_by: me.name, statement: null });
		}, 300);
		return { name: scope.name, requested_at: requested };
	}

	decide({ address, scope, is_join: isJoin = true, reason = '' }, me) {
		this.decisions.unshift({ address, scope, is_join: isJoin, reason, by: me.name, at: iso(Date.now()) });
		this.joins = this.joins.filter((j) => j.address !== address);
		if (isJoin) {
			this.joins.push({ address, scope, evidence: 'operator', detail: reason, confidence: 100, by: me.name, since: iso(Date.now()), identity: `address ${address}` });
		}
	}
}

const TOKEN = '0123456789abcdef0123456789abcdef';

/** What the server says is to be published; not exact, but of that shape. */
function publishedOf(name) {
	const isPrefix = /\/\d+$/.test(name) && !/\/32$/.test(name);
	const zone = isPrefix ? `${name.split('/')[0].split('.').slice(0, 3).reverse().join('.')}.in-addr.arpa` : name;
	return {
		token: TOKEN, dns_names: /\/25$/.test(name) ? [] : [`_bartizan-challenge.${zone}`], dns_value: `bartizan-scope=${TOKEN}`,
		dns_refusal: /\/25$/.test(name) ? 'no reverse zone is this prefix alone: register it in parts of /28 to /32, or prove it by a statement' : null,
		https_url: isPrefix ? null : `https://${name}/.well-known/bartizan-scope.txt`,
	};
}

const done = (response) => void response.writeHead(204).end();

export const networkResources = {
	'map': ({ t }) => t.network.map(),
	'ports': ({ t, rest: [what], query }) => (what === 'holders' ? t.network.holders(query) : t.network.fleetPorts(query)),
	'services': ({ t, query }) => t.network.services(query),
	'certificates': ({ t, query }) => page(t.network.certificates.filter((c) => c.days_left < Number(query.get('days') ?? 90)), query),
	'tls': ({ t, rest: [what], query }) => (what === 'trend' ? t.network.trend() : what === 'rules' ? { items: TLS_RULES } : t.network.grades(query)),
	'exposures': ({ t, rest: [what, no], query, body, me, request, response }) => {
		if (what !== 'acceptances') {
			return t.network.listExposures(query);
		}
		if (request.method === 'POST') {
			return t.network.acceptExposure(body, me);
		}
		t.network.exposures.filter((e) => String(e.accepted?.no) === no).forEach((e) => (e.accepted = null));
		return done(response);
	},
	'alerts': ({ t, query }) => t.network.listAlerts(query),
	'scopes': ({ t, rest: [name], body, me, request, response }) => {
		const { network } = t;
		if (request.method === 'GET') {
			return { items: network.scopes, next: null };
		}
		if (request.method === 'PUT') {
			return network.putScope(body);
		}
		const found = network.scopes.find((s) => s.name === (name === 'proof' ? body.name : name));
		if (!found) {
			throw new Refusal(404, 'not_found', 'There is no such scope.');
		}
		if (name === 'proof' && body.method !== 'statement') {
			return network.check(found, body.method, me);
		}
		if (name === 'proof') {
			Object.assign(found, { is_proved: true, method: 'statement', proved_at: iso(Date.now()), proved_by: me.name, statement: body.statement });
		} else {
			network.scopes.splice(network.scopes.indexOf(found), 1);
		}
		return done(response);
	},
};

/** Of one asset; the joins are those of the first. */
export function assetJoins({ t, found, body, me, request, response }) {
	if (request.method === 'PUT') {
		t.network.decide(body, me);
		return done(response);
	}
	const isFirst = found === t.assets[0];
	const own = { address: found.addresses[0], scope: found.scope, evidence: 'address', detail: null, confidence: 50, by: null, since: found.first_seen, identity: `address ${found.addresses[0]}` };
	return { items: isFirst ? t.network.joins : found.kind === 'scanned' ? [own] : [], decisions: isFirst ? t.network.decisions : [] };
}
