// mock.mjs - a small server that speaks the console's part of the API over invented data.
//
// It knows no SQL: SELECT ... FROM TABLE gives that table's rows, anything else the server's kind of error.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { columnsOf, iso, SCHEMA } from './mockdata.mjs';
import { assetPolicy, feeds, firstFeeds, firstPolicies, policies, tags } from './mockadmin.mjs';
import { EVENT_KINDS, Events } from './mockevents.mjs';
import { assetJoins, Network, networkResources } from './mocknetwork.mjs';
import { Refusal, Tenant } from './mocktenant.mjs';
import { acceptances, Vulnerabilities, vulnerabilities } from './mockvulns.mjs';

export const TOKEN = 'btz_operator_0123456789';
export const TENANT_TOKEN = 'btz_acme_0123456789';
export const CODE = 'ONE-TIME-CODE';

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

/** The name and type of a file of the console, or null. */
function fileOf(path) {
	const name = path === '/' ? 'index.html' : path.slice(1);
	const type = /^[\w-]+\.\w+$/.test(name) && TYPES[name.split('.')[1]];
	return type ? [name, type] : null;
}

function overview(t) {
	const since = (ms) => t.changes.filter((c) => Date.parse(c.at) > Date.now() - ms).length;
	const connected = t.sensors.filter((s) => s.is_connected && !s.is_revoked).length;
	const revoked = t.sensors.filter((s) => s.is_revoked).length;
	return {
		assets: t.assets.length,
		sensors: { total: t.sensors.length, connected, stale: t.sensors.length - connected - revoked, revoked },
		rows: { held: 412_345, distinct: 9_876 },
		changes: { last_hour: since(3_600_000), last_day: since(86_400_000) },
		disagreements: 0,
		last_change_no: t.changes[t.changes.length - 1]?.no ?? 0,
	};
}

function assets(t, query) {
	const needle = (query.get('search') ?? '').toLowerCase();
	const hits = t.assets.filter((a) => [a.id, a.name, a.os, ...a.addresses].some((s) => s.toLowerCase().includes(needle)));
	const from = Number(query.get('after') ?? 0);
	const limit = Number(query.get('limit') ?? 100);
	return { items: hits.slice(from, from + limit).map((a) => t.shape(a)), next: from + limit < hits.length ? String(from + limit) : null, total: hits.length };
}

function rate(t, query) {
	const minutes = Number(query.get('minutes') ?? 60);
	const start = Math.floor(Date.now() / 60_000) * 60_000 - (minutes - 1) * 60_000;
	const counts = new Array(minutes).fill(0);
	t.changes.forEach((c) => {
		const i = Math.floor((Date.parse(c.at) - start) / 60_000);
		if (i >= 0) {
			counts[i]++;
		}
	});
	return { start: iso(start), counts };
}

function runSql(t, { sql, limit = 10_000 }) {
	const name = /\bfrom\s+(\w+)/i.exec(sql)?.[1];
	if (!/^\s*select\b/i.test(sql)) {
		throw new Refusal(400, 'bad_request', `near "${sql.trim().split(/\s/)[0]}": syntax error. Only SELECT is allowed; GET /api/v1/schema lists the tables.`);
	}
	if (!columnsOf(name)) {
		throw new Refusal(400, 'bad_request', `no such table: ${name}. GET /api/v1/schema lists the tables.`);
	}
	const rows = [];
	for (const asset of t.assets) {
		for (const row of t.rowsOf(asset)[name] ?? []) {
			if (rows.length === limit) {
				return { columns: ['asset', ...columnsOf(name)], rows, is_truncated: true, elapsed_ms: 41.2 };
			}
			rows.push([asset.id, ...row.map((v) => (Array.isArray(v) ? JSON.stringify(v) : v))]);
		}
	}
	return { columns: ['asset', ...columnsOf(name)], rows, is_truncated: false, elapsed_ms: 12.7 };
}

function assetVulnerabilities(t, found, [id, what], query) {
	return what === 'why' ? t.vulnerabilities.why(found, id) : t.vulnerabilities.ofAsset(found, query);
}

function asset({ t, rest: [id, what, table, ...more], query, body, me, request, response }) {
	const found = t.find(id);
	switch (what) {
	case 'tags': return tags(found, body, request.method);
	case 'policy': return assetPolicy(t, found);
	case 'vulnerabilities': return assetVulnerabilities(t, found, [table, ...more], query);
	case 'joins': return assetJoins({ t, found, body, me, request, response });
	case 'sbom': return t.vulnerabilities.sbom(found);
	case 'updates-check': return t.vulnerabilities.updatesCheck(found);
	default: return assetTables(t, found, what, table, query);
	}
}

function assetTables(t, found, what, table, query) {
	const rows = t.rowsOf(found);
	if (what === 'history') {
		return t.newest(query, (c) => c.asset === found.id && (!query.get('table') || c.table === query.get('table')));
	}
	if (what === 'tables') {
		if (!rows[table]) {
			throw new Refusal(404, 'not_found', `There is no table "${table}".`);
		}
		const at = query.get('at');
		return { table, columns: columnsOf(table), rows: at ? rows[table].slice(0, Math.ceil(rows[table].length / 2)) : rows[table] };
	}
	const tables = Object.entries(rows).map(([name, list]) => ({
		name, summary: SCHEMA.find((s) => s.name === name).summary, rows: list.length, digest: '0'.repeat(32), changed_at: iso(t.start),
	}));
	return { ...t.shape(found), tables };
}

function sensors(t, [id, what]) {
	if (id === undefined) {
		return { items: t.sensors };
	}
	const found = t.sensors.find((s) => s.id === id);
	if (found && what === undefined) {
		return { ...found, health: t.healthOf(found) };
	}
	if (!found || what !== 'revoke') {
		throw new Refusal(404, 'not_found', `There is no sensor "${id}".`);
	}
	Object.assign(found, { is_revoked: true, is_connected: false, status: 'revoked', silent_s: null });
	t.streams.forEach((s) => s.event('sensors', {}));
	return found;
}

function stream(t, query, response) {
	const after = query.has('after') ? Number(query.get('after')) : t.no;
	response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
	const write = (event, data, id) => response.write(`event: ${event}\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`);
	const wantsChanges = query.get('changes') !== 'false';
	const wantsEvent = t.events.wanted(query);
	const mine = {
		send: (c) => wantsChanges && write('change', c, `${c.no}.${c.index}`),
		event: write,
		happened: (e) => wantsEvent(e) && write('event', e),
		end: () => response.destroy(),
	};
	response.write(': hello\n\n');
	t.changes.filter((c) => c.no > after).forEach(mine.send);
	if (query.has('after_event')) {
		t.events.list.filter((e) => e.no > Number(query.get('after_event'))).forEach(mine.happened);
	}
	t.streams.add(mine);
	response.on('close', () => t.streams.delete(mine));
}

function enrolmentToken({ uses = 1, ttl_seconds = 3600 }, response) {
	response.statusCode = 201;
	return { token: 'btz_enrol_9f86d081884c7d65', uses, expires_at: iso(Date.now() + 1000 * ttl_seconds) };
}

/** What a tenant's resources answer; undefined where the response is already under way. */
const RESOURCES = {
	'overview': ({ t }) => overview(t),
	'assets': (context) => (context.rest.length ? asset(context) : assets(context.t, context.query)),
	'changes': ({ t, rest, query }) => (rest[0] === 'rate' ? rate(t, query) : t.newest(query)),
	'stream': ({ t, query, response }) => stream(t, query, response),
	'query': ({ t, body }) => runSql(t, body),
	'schema': () => ({ tables: SCHEMA, events: EVENT_KINDS }),
	'events': ({ t, query }) => t.events.page(query),
	'vulnerabilities': vulnerabilities,
	'acceptances': acceptances,
	...networkResources,
	'policies': policies,
	'feeds': feeds,
	'sensors': ({ t, rest }) => sensors(t, rest),
	'enrolment-tokens': ({ body, response }) => enrolmentToken(body, response),
};

class Mock {
	constructor(outdir) {
		this.outdir = outdir;
		this.tenants = new Map([['default', new Tenant('default', 300)], ['acme', new Tenant('acme', 3)], ['big', new Tenant('big', 2500)]]);
		this.tenants.forEach((t) => {
			t.events = new Events(t);
			t.vulnerabilities = new Vulnerabilities(t);
			t.network = new Network(t);
			t.policies = firstPolicies(t.start);
		});
		this.tenant = this.tenants.get('default');
		this.feeds = firstFeeds(this.tenant.start);
		this.sessions = new Map();
		this.signIns = 0;
		this.isDown = false;
		this.server = createServer((request, response) => void this.serve(request, response));
	}

	get url() {
		return `http://127.0.0.1:${this.server.address().port}`;
	}

	/** Commits one change to an asset (by its number) and sends it to every stream. */
	change(n, table, op, row, old = null) {
		this.tenant.no++;
		return this.tenant.commit(this.tenant.assets[n], table, op, row, old);
	}

	/** Something happens on an asset (by its number). */
	happen(n, kind, row) {
		return this.tenant.events.add(this.tenant.assets[n], kind, row);
	}

	random(i) {
		return this.tenant.random(this.tenant.any(i), i, Date.now());
	}

	endSessions() {
		this.sessions.clear();
	}

	cut() {
		this.tenants.forEach((t) => t.streams.forEach((s) => s.end()));
		this.server.closeAllConnections();
	}

	/** Refuses every connection and cuts those there are, or serves again. */
	setDown(isDown) {
		this.isDown = isDown;
		if (isDown) {
			this.cut();
		}
	}

	stop() {
		this.cut();
		return new Promise((done) => this.server.close(done));
	}

	who(token) {
		const isPlatform = token !== TENANT_TOKEN;
		return {
			name: isPlatform ? 'operator' : 'acme-operator', tenant: isPlatform ? 'default' : 'acme', is_platform: isPlatform,
			tenants: isPlatform ? [...this.tenants.keys()] : ['acme'], version: '0.1.0', sensors_address: '0.0.0.0:7443',
		};
	}

	signIn({ token, code }, response) {
		if (code !== undefined && code !== CODE) {
			throw new Refusal(401, 'unauthorized', 'This link has been used or is older than ten minutes. Make another one, or sign in with a token.');
		}
		if (code === undefined && ![TOKEN, TENANT_TOKEN].includes(token)) {
			throw new Refusal(401, 'unauthorized', 'This token is not known. The first one is in operator.token in the data folder.');
		}
		const id = `s${++this.signIns}`;
		this.sessions.set(id, this.who(token));
		response.setHeader('Set-Cookie', `bartizan_session=${id}; HttpOnly; SameSite=Strict; Path=/`);
		return this.who(token);
	}

	session(cookie, me, request, response) {
		if (request.method !== 'DELETE') {
			return me;
		}
		this.sessions.delete(cookie);
		response.writeHead(204).end();
		return undefined;
	}

	async answer(request, response, url) {
		const [, , , resource, ...rest] = url.pathname.split('/').map(decodeURIComponent);
		const chunks = [];
		for await (const chunk of request) {
			chunks.push(chunk);
		}
		const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
		if (resource === 'session' && request.method === 'POST') {
			return this.signIn(body, response);
		}
		const cookie = /bartizan_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
		const me = this.sessions.get(cookie);
		if (!me) {
			throw new Refusal(401, 'unauthorized', 'Sign in first: POST /api/v1/session.');
		}
		if (resource === 'session') {
			return this.session(cookie, me, request, response);
		}
		const name = (me.is_platform && url.searchParams.get('tenant')) || me.tenant;
		const t = this.tenants.get(name);
		if (!t || !RESOURCES[resource]) {
			throw new Refusal(404, 'not_found', t ? 'There is no such resource. GET /openapi.yaml lists them.' : `There is no tenant "${name}".`);
		}
		return RESOURCES[resource]({ mock: this, me, t, rest, body, query: url.searchParams, request, response });
	}

	async serve(request, response) {
		if (this.isDown) {
			request.socket.destroy();
			return;
		}
		const url = new URL(request.url, 'http://mock');
		response.setHeader('Content-Security-Policy', CSP);
		response.setHeader('X-Content-Type-Options', 'nosniff');
		try {
			const file = fileOf(url.pathname);
			if (file) {
				response.setHeader('Content-Type', file[1]);
				response.end(await readFile(join(this.outdir, file[0])));
				return;
			}
			const value = url.pathname === '/healthz' ? { status: 'ok', version: '0.1.0' } : await this.answer(request, response, url);
			if (value !== undefined) {
				response.setHeader('Content-Type', 'application/json');
				response.end(JSON.stringify(value));
			}
		} catch (error) {
			const { status = 500, code = 'unavailable', message } = error;
			if (!(error instanceof Refusal)) {
				console.error(error);
			}
			response.writeHead(status, { 'Content-Type': 'application/json' });
			response.end(JSON.stringify({ error: { code, message } }));
		}
	}
}

/** Starts the mock on loopback; outdir holds the built console. */
export async function startMock({ outdir, port = 0 }) {
	const mock = new Mock(outdir);
	await new Promise((done) => mock.server.listen(port, '127.0.0.1', done));
	return mock;
}
