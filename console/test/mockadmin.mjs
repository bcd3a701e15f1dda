// mockadmin.mjs - policies, tags and feeds as the server has them, with its words where something is wrong.
import { iso } from './mockdata.mjs';
import { Refusal } from './mocktenant.mjs';

const MEMBERS = ['collectors', 'events', 'files', 'budget', 'retention'];

function checkPolicy(policy, name) {
	if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) {
		throw new Refusal(400, 'bad_request', "'policy' must be a JSON object");
	}
	const unknown = Object.keys(policy).find((member) => !MEMBERS.includes(member));
	if (unknown) {
		throw new Refusal(400, 'bad_request', `'policy' has an unknown member '${unknown}'; known are: ${MEMBERS.join(' ')}`);
	}
	if (policy.retention && name !== 'default') {
		throw new Refusal(400, 'bad_request', "'retention' belongs into the policy 'default'");
	}
}

export function policies({ t, rest: [name], body, me, request, response }) {
	if (name === undefined) {
		return { items: [...t.policies.values()] };
	}
	if (request.method === 'PUT') {
		checkPolicy(body, name);
		t.policies.set(name, { name, changed_at: iso(Date.now()), changed_by: me.name, policy: body });
		return t.policies.get(name);
	}
	if (!t.policies.has(name)) {
		throw new Refusal(404, 'not_found', `There is no policy "${name}".`);
	}
	if (request.method === 'DELETE') {
		t.policies.delete(name);
		response.writeHead(204).end();
		return undefined;
	}
	return t.policies.get(name);
}

export function firstPolicies(start) {
	return new Map([
		['default', { name: 'default', changed_at: iso(start - 86_400_000), changed_by: 'operator', policy: { collectors: { processes: { enabled: true, period_s: 60 } }, retention: { events_days: 30 } } }],
		['tag:web', { name: 'tag:web', changed_at: iso(start - 3_600_000), changed_by: 'ada', policy: { files: { paths: ['/srv/www'], exclude: ['*.log'] }, events: { executions: { per_minute_max: 600 } } } }],
	]);
}

export function assetPolicy(t, asset) {
	const names = ['default', ...asset.tags.map((tag) => `tag:${tag}`)].filter((name) => t.policies.has(name));
	return { policy: Object.assign({}, ...names.map((name) => t.policies.get(name).policy)), digest: 'ab'.repeat(16), made_of: names, left_out: 0 };
}

export function tags(asset, { tags: all, add = [], remove = [] }, method) {
	if (method === 'PUT') {
		const wrong = [...all ?? [], ...add].find((tag) => !/^[a-z0-9_.-]{1,40}$/.test(tag));
		if (wrong !== undefined) {
			throw new Refusal(400, 'bad_request', `"${wrong}" is no tag: 1 to 40 characters of a-z 0-9 _ . -`);
		}
		asset.tags = [...new Set([...all ?? asset.tags, ...add])].filter((tag) => !remove.includes(tag)).sort();
	}
	return { tags: asset.tags };
}

function feed(name, summary, start, more = {}) {
	return {
		name, summary, address: `https://feeds.example/${name}.json`, is_automatic: true, is_running: false, tried_at: iso(start - 600_000), checked_at: iso(start - 600_000),
		updated_at: iso(start - 7_200_000), next_at: iso(start + 3_000_000), failures: 0, error: null, records: 41_234, unreadable: 0, passed_over: 12, snapshot: '2026-11-22T02:00:00Z', ...more,
	};
}

export function firstFeeds(start) {
	return {
		is_offline: false,
		knowledge: { generation: 7, built_at: iso(start - 3_600_000), streams: 41, packages: 28_712, entries: 391_207, vulnerabilities: 212_044, bytes: 88_300_000 },
		items: [
			feed('debian', 'Debian security tracker', start),
			feed('kev', 'Known exploited vulnerabilities (CISA)', start, { records: 1290, passed_over: 0 }),
			feed('epss', 'Exploit prediction scores (FIRST)', start, { records: 270_114, unreadable: 3 }),
			feed('osv-npm', 'OSV: npm', start, { error: 'The file ends in the middle of a record at byte 71303168: <img src=x onerror=alert(1)>', failures: 3 }),
			feed('redhat', 'Red Hat CSAF and VEX', start, { address: null, updated_at: null, checked_at: null, tried_at: null, next_at: null, records: 0, snapshot: null, is_automatic: false, passed_over: 0 }),
		],
	};
}

export function feeds({ mock, rest: [name, what], me, response }) {
	if (name === undefined) {
		return mock.feeds;
	}
	const found = mock.feeds.items.find((each) => each.name === name);
	if (!found || what !== 'update' || !me.is_platform) {
		throw new Refusal(found ? 403 : 404, found ? 'forbidden' : 'not_found', found ? 'A platform token is needed.' : `There is no feed "${name}".`);
	}
	const now = iso(Date.now());
	Object.assign(found, { tried_at: now, checked_at: now, updated_at: now, error: null, failures: 0 });
	response.statusCode = 202;
	return { requested_at: now };
}
