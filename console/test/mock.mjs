// mock.mjs - a small server that speaks the console's part of the API over invented data.
//
// It knows no SQL: SELECT ... FROM TABLE gives that table's rows, anything else the server's kind of error.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { columnsOf, HOSTILE, idOf, iso, keyOf, makeAssets, makeRows, noise, SCHEMA } from './mockdata.mjs';

export const TOKEN = 'btz_operator_0123456789';
export const TENANT_TOKEN = 'btz_acme_0123456789';
export const CODE = 'ONE-TIME-CODE';

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FILES = { '/': ['index.html', 'text/html; charset=utf-8'], '/app.js': ['app.js', 'text/javascript'], '/app.css': ['app.css', 'text/css'], '/icon.svg': ['icon.svg', 'image/svg+xml'] };
const HISTORY_MAX = 12_000;

class Refusal extends Error {
	constructor(status, code, message) {
		super(message);
		Object.assign(this, { status, code });
	}
}

class Tenant {
	constructor(name, assetCount) {
		this.start = Date.now();
		this.name = name;
		this.assets = makeAssets(assetCount, this.start);
		this.rows = new Map();
		this.changes = [];	// oldest first
		this.no = 1000;
		this.streams = new Set();
		this.sensors = this.assets.map((a) => ({
			id: a.sensor, kind: 'agent', asset: a.id, name: a.name, version: '0.1.0', address: a.addresses[0],
			is_connected: a.is_connected, is_revoked: false, enrolled_at: a.first_seen, last_seen: a.last_seen,
			certificate_not_after: iso(this.start + (a.n % 40 === 3 ? 5 : 60) * 86_400_000),
		}));
		this.past();
	}

	rowsOf(asset) {
		if (!this.rows.has(asset.id)) {
			this.rows.set(asset.id, makeRows(asset, this.start));
		}
		return this.rows.get(asset.id);
	}

	/** Three hours of history, and the first asset's first inventory. */
	past() {
		const ages = Array.from({ length: 400 }, (_, i) => 10_800_000 * noise(i) * noise(i >> 3)).sort((a, b) => b - a);
		ages.forEach((age, i) => this.random(this.any(i), i, this.start - Math.floor(age)));
		const first = this.assets[0];
		const rows = this.rowsOf(first).packages.slice(0, 60);
		this.no++;
		rows.forEach((row, index) => this.commit(first, 'packages', 'added', Object.fromEntries(columnsOf('packages').map((c, i) => [c, row[i]])), null, this.start, index));
	}

	/** Some asset; never the first, whose rows the checks count. */
	any(i) {
		if (i % 10 === 7) {
			return this.assets[1];
		}
		return this.assets[1 + Math.floor(noise(i) * (this.assets.length - 1))];
	}

	random(asset, i, at) {
		const kind = i % 4;
		this.no++;
		if (kind === 0) {
			const old = { manager: 'dpkg', name: 'openssl', version: '3.0.14-1~deb12u2', architecture: 'amd64', status: 'installed', source: 'openssl', section: 'utils', size_bytes: 2_200_000 };
			return this.commit(asset, 'packages', 'updated', { ...old, version: '3.0.15-1~deb12u1', size_bytes: 2_201_600 }, old, at);
		}
		if (kind === 1) {
			return this.commit(asset, 'listeners', 'added', { protocol: 'tcp', address: '0.0.0.0', port: 8000 + (i % 900), process: 'python3', executable: '/usr/bin/python3.11', user: 'ada' }, null, at);
		}
		if (kind === 2) {
			return this.commit(asset, 'users', 'added', { name: `user${i}`, uid: 2000 + i, gid: 2000, full_name: '', home: `/home/user${i}`, shell: '/bin/bash' }, null, at);
		}
		return this.commit(asset, 'cron', 'removed', null, { path: '/etc/cron.d/backup', user: 'root', schedule: '*/5 * * * *', command: 'run-parts /opt/backup' }, at);
	}

	commit(asset, table, op, row, old, at = Date.now(), index = 0) {
		const change = {
			no: this.no, index, at: iso(at), observed_at: iso(at - 40), asset: asset.id, asset_name: asset.name,
			table, op, key: keyOf(table, row ?? old), row, old,
		};
		this.changes.push(change);
		if (this.changes.length > HISTORY_MAX) {
			this.changes.shift();
		}
		this.apply(asset, change);
		this.streams.forEach((stream) => stream.send(change));
		return change;
	}

	apply(asset, { table, op, key, row }) {
		const columns = columnsOf(table);
		const rows = this.rowsOf(asset)[table];
		const at = rows.findIndex((held) => keyOf(table, Object.fromEntries(columns.map((c, i) => [c, held[i]]))) === key);
		if (at >= 0) {
			rows.splice(at, 1);
		}
		if (op !== 'removed') {
			rows.push(columns.map((c) => row[c] ?? null));
		}
	}

	find(id) {
		const asset = this.assets.find((a) => a.id === id || a.name === id) ?? this.assets.find((a) => id.length >= 4 && a.id.startsWith(id));
		if (!asset) {
			throw new Refusal(404, 'not_found', `There is no asset "${id}". GET /api/v1/assets lists those there are.`);
		}
		return asset;
	}

	shape({ n, ...asset }) {
		const rows = this.rows.has(asset.id) ? Object.values(this.rows.get(asset.id)).reduce((sum, t) => sum + t.length, 0) : 214;
		return { ...asset, rows };
	}

	newest(query, only = () => true) {
		const limit = Number(query.get('limit') ?? 100);
		const before = Number(query.get('before') ?? Infinity);
		const all = this.changes.filter((c) => c.no < before && only(c)).reverse();
		const items = all.slice(0, limit);
		// A commit is never cut in two.
		while (items.length < all.length && all[items.length].no === items[items.length - 1].no) {
			items.push(all[items.length]);
		}
		return { items, next: items.length < all.length ? items[items.length - 1].no : null };
	}
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
		for (const row of t.rowsOf(asset)[name]) {
			if (rows.length === limit) {
				return { columns: ['asset', ...columnsOf(name)], rows, is_truncated: true, elapsed_ms: 41.2 };
			}
			rows.push([asset.id, ...row.map((v) => (Array.isArray(v) ? JSON.stringify(v) : v))]);
		}
	}
	return { columns: ['asset', ...columnsOf(name)], rows, is_truncated: false, elapsed_ms: 12.7 };
}

/** Starts the mock on loopback; outdir holds the built console. */
export async function startMock({ outdir, port = 0 }) {
	const tenants = new Map([['default', new Tenant('default', 300)], ['acme', new Tenant('acme', 3)]]);
	const sessions = new Map();
	let isDown = false;
	let nextSession = 1;

	function tenantOf(who, query) {
		const name = who.is_platform ? query.get('tenant') ?? 'default' : who.tenant;
		if (!tenants.has(name)) {
			throw new Refusal(404, 'not_found', `There is no tenant "${name}".`);
		}
		return tenants.get(name);
	}

	const who = (token) => ({
		name: token === TENANT_TOKEN ? 'acme-operator' : 'operator', tenant: token === TENANT_TOKEN ? 'acme' : 'default',
		is_platform: token !== TENANT_TOKEN, tenants: token === TENANT_TOKEN ? ['acme'] : [...tenants.keys()], version: '0.1.0',
	});

	function signIn(body, response) {
		if (body.code !== undefined ? body.code !== CODE : ![TOKEN, TENANT_TOKEN].includes(body.token)) {
			throw body.code !== undefined
				? new Refusal(401, 'unauthorized', 'This link has been used or is older than ten minutes. Make another one, or sign in with a token.')
				: new Refusal(401, 'unauthorized', 'This token is not known. The first one is in operator.token in the data folder.');
		}
		const id = `s${nextSession++}`;
		sessions.set(id, who(body.token));
		response.setHeader('Set-Cookie', `bartizan_session=${id}; HttpOnly; SameSite=Strict; Path=/`);
		return who(body.token);
	}

	function stream(t, request, response, query) {
		const after = query.has('after') ? Number(query.get('after')) : t.no;
		response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
		const write = (event, data, id) => response.write(`event: ${event}\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`);
		const mine = { send: (c) => write('change', c, `${c.no}.${c.index}`), event: write, end: () => response.destroy() };
		response.write(': hello\n\n');
		t.changes.filter((c) => c.no > after).forEach(mine.send);
		t.streams.add(mine);
		request.on('close', () => t.streams.delete(mine));
	}

	function asset(t, [id, what, table], query) {
		const found = t.find(id);
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

	function sensor(t, [id, what]) {
		if (id === undefined) {
			return { items: t.sensors };
		}
		const found = t.sensors.find((s) => s.id === id);
		if (!found || what !== 'revoke') {
			throw new Refusal(404, 'not_found', `There is no sensor "${id}".`);
		}
		Object.assign(found, { is_revoked: true, is_connected: false });
		t.streams.forEach((s) => s.event('sensors', {}));
		return found;
	}

	async function answer(request, response, url) {
		const [, , , resource, ...rest] = url.pathname.split('/').map(decodeURIComponent);
		const chunks = [];
		for await (const chunk of request) {
			chunks.push(chunk);
		}
		const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
		const cookie = /bartizan_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
		if (resource === 'session' && request.method === 'POST') {
			return signIn(body, response);
		}
		const me = sessions.get(cookie);
		if (!me) {
			throw new Refusal(401, 'unauthorized', 'Sign in first: POST /api/v1/session.');
		}
		if (resource === 'session') {
			if (request.method === 'DELETE') {
				sessions.delete(cookie);
				response.writeHead(204).end();
				return undefined;
			}
			return me;
		}
		const t = tenantOf(me, url.searchParams);
		switch (resource) {
		case 'overview': return overview(t);
		case 'assets': return rest.length ? asset(t, rest, url.searchParams) : assets(t, url.searchParams);
		case 'changes': return rest[0] === 'rate' ? rate(t, url.searchParams) : t.newest(url.searchParams);
		case 'stream': return stream(t, request, response, url.searchParams);
		case 'query': return runSql(t, body);
		case 'schema': return { tables: SCHEMA };
		case 'sensors': return sensor(t, rest);
		case 'enrolment-tokens':
			response.statusCode = 201;
			return { token: 'btz_enrol_9f86d081884c7d65', uses: body.uses ?? 1, expires_at: iso(Date.now() + 1000 * (body.ttl_seconds ?? 3600)) };
		default: throw new Refusal(404, 'not_found', 'There is no such resource. GET /openapi.yaml lists them.');
		}
	}

	async function serve(request, response) {
		if (isDown) {
			request.socket.destroy();
			return;
		}
		const url = new URL(request.url, 'http://mock');
		response.setHeader('Content-Security-Policy', CSP);
		response.setHeader('X-Content-Type-Options', 'nosniff');
		try {
			const file = FILES[url.pathname];
			if (file) {
				response.setHeader('Content-Type', file[1]);
				response.end(await readFile(join(outdir, file[0])));
				return;
			}
			const value = url.pathname === '/healthz' ? { status: 'ok', version: '0.1.0' } : await answer(request, response, url);
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

	const server = createServer((request, response) => void serve(request, response));
	await new Promise((done) => server.listen(port, '127.0.0.1', done));
	const main = tenants.get('default');
	return {
		url: `http://127.0.0.1:${server.address().port}`,
		tenant: main,
		hostileId: idOf(13),
		HOSTILE,
		/** Commits one change to an asset (by its number) and sends it to every stream. */
		change(n, table, op, row, old = null) {
			main.no++;
			return main.commit(main.assets[n], table, op, row, old);
		},
		random(i) {
			return main.random(main.any(i), i, Date.now());
		},
		endSessions: () => sessions.clear(),
		/** Refuses every connection and cuts those there are, or serves again. */
		setDown(value) {
			isDown = value;
			if (value) {
				tenants.forEach((t) => t.streams.forEach((s) => s.end()));
				server.closeAllConnections();
			}
		},
		stop: () => new Promise((done) => {
			tenants.forEach((t) => t.streams.forEach((s) => s.end()));
			server.closeAllConnections();
			server.close(done);
		}),
	};
}
