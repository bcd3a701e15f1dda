// mockevents.mjs - invented events of a tenant's assets; the newest are sent to who asked for them.
import { HOSTILE, iso, noise } from './mockdata.mjs';
import { Refusal } from './mocktenant.mjs';

const HELD_MAX = 5000;

const column = (name, meaning) => ({ name, type: 'text', is_key: false, meaning });
const kind = (number, name, summary, columns) => ({ number, name, summary, signal: 'a log', columns: columns.map((each) => column(each, `${each} of it`)) });

export const EVENT_KINDS = [
	kind(1000, 'gaps', 'Events that were lost', ['reason', 'count']),
	kind(1001, 'executions', 'Programs that were started', ['executable', 'arguments', 'user', 'pid', 'parent', 'parent_pid', 'sha256', 'login_user']),
	kind(1002, 'logins', 'Who came in', ['user', 'is_success', 'service', 'method', 'address', 'terminal', 'reason', 'count', 'by']),
	kind(1003, 'sudo_uses', 'Uses of sudo', ['user', 'runas', 'command', 'folder', 'terminal', 'is_allowed', 'reason']),
	kind(1004, 'account_changes', 'Changes of accounts', ['action', 'account', 'kind', 'by', 'text']),
	kind(1005, 'service_changes', 'Changes of services', ['unit', 'action', 'result', 'text']),
	kind(1006, 'file_changes', 'Changes of files', ['path', 'action', 'process', 'executable', 'user', 'pid']),
	kind(1007, 'alerts', 'What appeared in a scope', ['alert', 'level', 'scope', 'address', 'transport', 'port', 'what', 'before', 'after']),
];

const MAKE = [
	(i) => ['executions', { executable: '/usr/bin/curl', arguments: ['curl', '-sS', `https://mirror.example/${i}`, '--header', 'Authorization: ***'], user: 'www-data', pid: 4000 + i, parent: '/bin/sh', parent_pid: 400, sha256: null, login_user: null }],
	(i) => ['logins', { user: i % 3 ? 'ada' : 'root', is_success: i % 3 !== 0, service: 'sshd', method: 'publickey', address: `203.0.113.${i % 250}`, terminal: null, reason: i % 3 ? null : 'Permission denied', count: null, by: null }],
	() => ['sudo_uses', { user: 'ada', runas: 'root', command: '/usr/bin/apt-get upgrade', folder: '/home/ada', terminal: 'pts/0', is_allowed: true, reason: null }],
	() => ['service_changes', { unit: 'nginx.service', action: 'failed', result: 'exit-code', text: 'Failed with result exit-code.' }],
	() => ['file_changes', { path: '/etc/ssh/sshd_config', action: 'written', process: 'vim', executable: '/usr/bin/vim', user: 'root', pid: 812 }],
	() => ['account_changes', { action: 'member-added', account: 'sudo', kind: 'group', by: 'usermod', text: "add 'mallory' to group 'sudo'" }],
	(i) => ['executions', { executable: '/usr/sbin/logrotate', arguments: ['logrotate', '/etc/logrotate.conf'], user: 'root', pid: 90 + i, parent: 'systemd', parent_pid: 1, sha256: null, login_user: null }],
];

export class Events {
	constructor(tenant) {
		this.t = tenant;
		this.no = 0;
		this.list = [];	// oldest first
		for (let i = 0; i < 700; i++) {
			const [name, row] = i % 211 === 200 ? ['gaps', { reason: 'kernel', count: 1234 }] : MAKE[i % MAKE.length](i);
			const n = i % 60 === 59 ? 13 % tenant.assets.length : i % 5 === 0 ? 0 : Math.floor(noise(i) * tenant.assets.length);
			this.add(tenant.assets[n], name, row, tenant.start - (700 - i) * 61_000);
		}
	}

	add(asset, name, row, at = Date.now()) {
		const event = { no: ++this.no, at: iso(at), received_at: iso(at + 60), asset: asset.id, asset_name: asset.name, kind: name, row };
		this.list.push(event);
		if (this.list.length > HELD_MAX) {
			this.list.shift();
		}
		this.t.streams.forEach((stream) => stream.happened?.(event));
		return event;
	}

	hostile(asset) {
		return this.add(asset, 'executions', { executable: `/tmp/${HOSTILE}`, arguments: ['\u202e', '<script>alert(3)</script>', '\u001b[2J'], user: HOSTILE, pid: 1, parent: null, parent_pid: null, sha256: null, login_user: null });
	}

	page(query) {
		const asset = query.get('asset') ? this.t.find(query.get('asset')).id : null;
		if (query.get('kind') && !EVENT_KINDS.some(({ name }) => name === query.get('kind'))) {
			throw new Refusal(400, 'bad_request', `There is no kind of event "${query.get('kind')}".`);
		}
		const since = Date.parse(query.get('since') ?? '') || 0;
		const until = Date.parse(query.get('until') ?? '') || Infinity;
		const before = Number(query.get('before') ?? Infinity);
		const limit = Number(query.get('limit') ?? 100);
		const hits = this.list.filter((e) => e.no < before && (!asset || e.asset === asset) && (!query.get('kind') || e.kind === query.get('kind'))
			&& Date.parse(e.at) >= since && Date.parse(e.at) < until).reverse();
		const items = hits.slice(0, limit);
		return { items, next: hits.length > limit ? items[items.length - 1].no : null };
	}

	/** What a stream sends of an event, if it was asked for. */
	wanted(query) {
		const asset = query.get('asset') ? this.t.find(query.get('asset')).id : null;
		const kind = query.get('events');
		return (event) => kind && (kind === 'all' || kind === event.kind) && (!asset || asset === event.asset);
	}
}
