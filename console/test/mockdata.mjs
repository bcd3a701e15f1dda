// mockdata.mjs - an invented platform: 300 assets, one of them with 2,000 packages, one of them hostile.

const column = (name, type = 'text', is_key = false, meaning = `${name} of the row`) => ({ name, type, is_key, meaning });
const key = (name, type = 'text') => column(name, type, true);

const table = (number, name, summary, columns) => ({ number, name, summary, signal: 'inotify on its folder', columns });

export const SCHEMA = [
	table(1, 'os', "Operating system and the machine's name", [
		column('hostname'), column('name'), column('id'), column('version'), column('architecture')]),
	table(2, 'kernel', 'Running and installed kernels', [key('release'), column('architecture'), column('is_running', 'boolean')]),
	table(4, 'packages', 'Installed packages of dpkg, rpm and apk', [
		key('manager'), key('name'), column('version', 'text', false, 'with epoch and revision, as the manager prints it'),
		key('architecture'), column('status'), column('source'), column('section'), column('size_bytes', 'integer')]),
	table(5, 'users', 'Local accounts', [
		key('name'), column('uid', 'integer'), column('gid', 'integer'), column('full_name'), column('home'), column('shell')]),
	table(6, 'groups', 'Local groups and their members', [key('name'), column('gid', 'integer'), column('members', 'list')]),
	table(7, 'authorized_keys', 'SSH keys that open an account', [
		column('user'), key('path'), column('type'), column('bits', 'integer'), key('fingerprint'), column('comment')]),
	table(9, 'addresses', 'Addresses of the interfaces', [
		key('interface'), column('family'), key('address'), key('prefix_length', 'integer'), column('scope')]),
	table(10, 'listeners', 'Sockets that accept connections, and whose they are', [
		key('protocol'), key('address'), key('port', 'integer'), column('process'), column('executable'), column('user')]),
	table(12, 'cron', 'Jobs of cron', [key('path'), key('user'), key('schedule'), key('command')]),
	table(40, 'vulnerabilities', 'Which vulnerabilities the installed packages have', [
		key('id'), key('manager'), key('package'), column('version'), column('status'), column('fixed_version')]),
	table(15, 'certificates', 'X.509 certificates in files', [
		key('path'), key('fingerprint'), column('subject'), column('names', 'list'), column('issuer'),
		column('not_before', 'time'), column('not_after', 'time'), column('key_type'), column('key_bits', 'integer'),
		column('is_ca', 'boolean')]),
];

/** What scans find; their tables, as far as the console shows them. */
const text = (names) => names.split(' ').map((name) => column(name));
SCHEMA.push(
	table(60, 'scanned_hosts', 'Addresses at which a scan found this asset', text('address scope mac names alive_by ttl system device confidence is_middlebox')),
	table(62, 'open_ports', 'Ports that a scan found open', text('address transport port scope reason protocol appeared')),
	table(63, 'network_services', 'Services that a scan identified', text('address transport port scope protocol is_tls vendor product version cpe access banner')),
	table(64, 'tls_endpoints', 'TLS servers and their grades', text('address port name scope grade protocols key_exchange vulnerabilities reasons')),
	table(65, 'served_certificates', 'Certificates that a scan was shown', text('address port name fingerprint subject names issuer not_after is_self_signed chain')));

/** What an attacker on a watched machine may put into a name. */
export const HOSTILE = '<img src=x onerror=alert(1)>\u202Egpj.exe\u001b[31m';

const SYSTEMS = ['Debian GNU/Linux 12 (bookworm)', 'Ubuntu 24.04.1 LTS', 'Red Hat Enterprise Linux 9.4 (Plow)', 'Alpine Linux v3.20', 'Debian GNU/Linux 13 (trixie)'];
const KINDS = ['web', 'db', 'build', 'mail', 'edge', 'cache', 'lab', 'kiosk'];
const SITES = ['fra', 'vie', 'ams', 'zrh'];
const WORDS = ['openssl', 'libc6', 'systemd', 'curl', 'zlib1g', 'libxml2', 'python3', 'perl', 'bash', 'coreutils', 'nginx', 'postgresql', 'libssl3', 'openssh-server', 'tzdata', 'gnupg', 'libsqlite3-0', 'krb5-locales', 'dbus', 'iproute2'];
const PARTS = ['', '-common', '-dev', '-data', '-doc', '-utils', '-bin', '-dbg', '-plugins', '-locales'];

const hex = (n, digits) => n.toString(16).padStart(digits, '0');
/** A number that looks random and is the same each time. */
export const noise = (n) => (Math.imul(n ^ 0x9e3779b9, 0x85ebca6b) >>> 0) / 2 ** 32;
export const idOf = (n) => hex(Math.imul(n + 1, 0x9e3779b1) >>> 0, 8) + hex(Math.imul(n + 7, 0x85ebca77) >>> 0, 8);
export const iso = (ms) => new Date(ms).toISOString();

export function makeAssets(count, start) {
	return Array.from({ length: count }, (_, n) => {
		const name = n === 13 ? HOSTILE : `${KINDS[n % KINDS.length]}-${SITES[n % SITES.length]}-${String(n).padStart(3, '0')}`;
		const isConnected = n % 17 !== 5;
		return {
			id: idOf(n), name, os: SYSTEMS[n % SYSTEMS.length], n,
			addresses: [`10.${n % 4}.${n >> 6}.${10 + (n & 63)}`, ...(n % 3 === 0 ? [`2001:db8:${hex(n, 1)}::10`] : [])],
			sensor: idOf(n + 5000), is_connected: isConnected,
			first_seen: iso(start - 40 * 86_400_000 - n * 60_000),
			last_seen: iso(isConnected ? start : start - (n + 1) * 610_000),
			gone: null,
			tags: n % 8 === 0 ? ['web', SITES[n % SITES.length]] : [],
		};
	});
}

function packages(asset) {
	const rows = [];
	const count = asset.n === 0 ? 2000 : 200;
	for (let i = 0; i < count; i++) {
		const word = WORDS[i % WORDS.length];
		const part = PARTS[Math.floor(i / WORDS.length) % PARTS.length];
		const nth = Math.floor(i / 200);
		const name = `${word}${part}${nth ? nth + 1 : ''}`;
		rows.push(['dpkg', name, `${1 + (i % 9)}.${i % 13}.${i % 7}-${1 + (i % 3)}`, i % 5 ? 'amd64' : 'all', 'installed', word, 'admin', 4096 * (1 + (i % 999))]);
	}
	return rows;
}

/** The rows of one asset, table by table. */
export function makeRows(asset, start) {
	const day = 86_400_000;
	return {
		os: [[asset.name, asset.os, asset.os.split(' ')[0].toLowerCase(), '12.7', 'x86_64']],
		kernel: [['6.1.0-27-amd64', 'x86_64', true], ['6.1.0-28-amd64', null, false]],
		packages: packages(asset),
		users: [['root', 0, 0, 'root', '/root', '/bin/bash'], ['www-data', 33, 33, 'www-data', '/var/www', '/usr/sbin/nologin'],
			['ada', 1000, 1000, 'Ada Lovelace', '/home/ada', '/bin/bash'],
			...(asset.n === 13 ? [[HOSTILE, 1001, 1001, '\u2066\u200bzero\u2069 width', '/home/x\n/etc', '/bin/sh']] : [])],
		groups: [['root', 0, []], ['sudo', 27, ['ada']], ['docker', 998, ['ada', 'build']]],
		authorized_keys: [['ada', '/home/ada/.ssh/authorized_keys', 'ssh-ed25519', 256, 'SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE', 'ada@laptop']],
		addresses: asset.addresses.map((a) => ['eth0', a.includes(':') ? 'ipv6' : 'ipv4', a, a.includes(':') ? 64 : 24, 'global']),
		listeners: [['tcp', '0.0.0.0', 22, 'sshd', '/usr/sbin/sshd', 'root'], ['tcp', '::', 443, 'nginx', '/usr/sbin/nginx', 'www-data']],
		cron: [],
		vulnerabilities: [['CVE-2024-3094', 'dpkg', 'openssl', '1.0-1', 'fixable', '1.1']],
		certificates: [['/etc/ssl/certs/site.pem', hex(asset.n + 0xabc000, 64), 'CN=shop.example.org,O=Example', ['shop.example.org', 'www.example.org'],
			"CN=R11,O=Let's Encrypt,C=US", iso(start - 60 * day), iso(start + 12 * day), 'ec', 256, false]],
	};
}

export function columnsOf(name) {
	return SCHEMA.find((t) => t.name === name)?.columns.map((c) => c.name);
}

export function keyOf(name, row) {
	return SCHEMA.find((t) => t.name === name).columns.filter((c) => c.is_key).map((c) => String(row[c.name])).join(' ');
}
