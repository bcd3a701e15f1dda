// examples.ts - queries to start from.

export interface SavedQuery {
	name: string;
	sql: string;
}

export const EXAMPLES: SavedQuery[] = [
	{
		name: 'Systems, by how many run them',
		sql: 'SELECT name, version, COUNT(*) AS assets\nFROM os\nGROUP BY name, version\nORDER BY assets DESC',
	},
	{
		name: 'Versions of a package',
		sql: "SELECT version, COUNT(*) AS assets\nFROM packages\nWHERE name = 'openssl'\nGROUP BY version\nORDER BY assets DESC",
	},
	{
		name: 'What listens on every address',
		sql: "SELECT os.hostname, l.protocol, l.port, l.process, l.user\nFROM listeners AS l JOIN os ON os.asset = l.asset\nWHERE l.address IN ('0.0.0.0', '::')\nORDER BY l.port, os.hostname",
	},
	{
		name: 'Certificates that end within 30 days',
		sql: "SELECT os.hostname, c.subject, c.issuer, c.path, datetime(c.not_after, 'unixepoch') AS ends\nFROM certificates AS c JOIN os ON os.asset = c.asset\nWHERE c.is_ca = 0 AND c.not_after < unixepoch() + 30 * 86400\nORDER BY c.not_after",
	},
	{
		name: 'SSH keys and the accounts they open',
		sql: 'SELECT fingerprint, type, bits, comment, COUNT(DISTINCT asset) AS assets, COUNT(*) AS accounts\nFROM authorized_keys\nGROUP BY fingerprint\nORDER BY assets DESC',
	},
	{
		name: 'Accounts with a login shell',
		sql: "SELECT os.hostname, u.name, u.uid, u.shell\nFROM users AS u JOIN os ON os.asset = u.asset\nWHERE u.shell NOT LIKE '%nologin' AND u.shell NOT LIKE '%false'\nORDER BY u.name",
	},
	{
		name: 'Newer kernel installed than running',
		sql: 'SELECT os.hostname, r.release AS running, k.release AS installed\nFROM kernel AS k\nJOIN kernel AS r ON r.asset = k.asset AND r.is_running = 1\nJOIN os ON os.asset = k.asset\nWHERE k.is_running = 0 AND k.release > r.release',
	},
];
