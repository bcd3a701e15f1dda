// mocktenant.mjs - one tenant of the mock: its assets, rows, sensors and changes, kept in memory.
import { columnsOf, idOf, iso, keyOf, makeAssets, makeRows, noise } from './mockdata.mjs';

const HISTORY_MAX = 12_000;

/** An answer other than 200, in the API's words. */
export class Refusal extends Error {
	constructor(status, code, message) {
		super(message);
		Object.assign(this, { status, code });
	}
}

/** How each is: most are well, some in every way that there is. */
function sensorOf(a, start) {
	const isSilent = a.is_connected && a.n % 50 === 2;
	return {
		id: a.sensor, kind: 'agent', asset: a.id, name: a.name, version: '0.1.0', address: a.addresses[0],
		is_connected: a.is_connected, is_revoked: false, enrolled_at: a.first_seen, last_seen: a.last_seen,
		certificate_not_after: iso(start + (a.n % 40 === 3 ? 5 : 60) * 86_400_000),
		tags: a.tags, clone_of: a.n === 4 ? idOf(5000) : null, is_duplicated: a.n === 6,
		duplicates: a.n === 6 ? '10.2.0.16 and 198.51.100.7' : null, busy_table: isSilent ? 'files' : null,
		status: !a.is_connected ? 'offline' : isSilent ? 'silent' : 'online', silent_s: isSilent ? 94 : null,
		policy: a.n === 9 ? null : { in_force: 'ab'.repeat(16), wanted: 'ab'.repeat(16), is_in_force: a.n % 30 !== 1 },
		collectors_failing: a.n % 25 === 0 ? 2 : 0, collectors_off: a.n % 5 === 0 ? 3 : 0,
	};
}

export class Tenant {
	constructor(name, assetCount) {
		this.start = Date.now();
		this.name = name;
		this.assets = makeAssets(assetCount, this.start);
		this.rows = new Map();
		this.changes = [];	// oldest first
		this.no = 1000;
		this.streams = new Set();
		this.sensors = this.assets.map((a) => sensorOf(a, this.start));
		this.past();
	}

	/** The collectors that are not well. */
	healthOf(sensor) {
		return [
			...Array.from({ length: sensor.collectors_failing }, (_, i) => ({ collector: ['packages', 'firewall'][i], state: 'failing', error: 'dpkg/status: a record without a name at byte 1,203' })),
			...Array.from({ length: sensor.collectors_off }, (_, i) => ({ collector: ['kernel_modules', 'containers', 'disks'][i % 3], state: 'off', error: 'the policy turned it off' })),
		];
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
		const asset = [...this.assets, ...this.scanned ?? []].find((a) => a.id === id || a.name === id) ?? this.assets.find((a) => id.length >= 4 && a.id.startsWith(id));
		if (!asset) {
			throw new Refusal(404, 'not_found', `There is no asset "${id}". GET /api/v1/assets lists those there are.`);
		}
		return asset;
	}

	shape({ n, scope, device, ports, priority, ...asset }) {
		const rows = this.rows.has(asset.id) ? Object.values(this.rows.get(asset.id)).reduce((sum, t) => sum + t.length, 0) : 214;
		return { kind: 'agent', ...asset, rows };
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
