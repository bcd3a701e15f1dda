// tls.tsx - the fleet's TLS servers as a population: grades, protocols, keys; and each with its reasons and how to mend them.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { searchIsHere } from '../keys';
import { lazy } from '../lazy';
import { useLoad } from '../load';
import { getTlsGrades, getTlsRules, getTlsTrend, listener, type NamedCount, type TlsEndpoint, type TlsGrades, type TlsRule } from '../network';
import { usePages } from '../paged';
import { CopyBox } from '../parts/copy';
import { Dialog } from '../parts/dialog';
import { Grid, type Column } from '../parts/grid';
import { NetworkHead, useTablesFollow } from '../parts/networknav';
import { Empty, Failure, Loading } from '../parts/states';
import { Text } from '../parts/text';
import { href, route } from '../router';
import { tenant } from '../session';
import { count, plural, visible } from '../text';
import { isNarrow } from '../theme';
import { percent } from '../vulnerabilities';

const TlsTrendChart = lazy('the chart', async () => (await import('../parts/tlstrend')).TlsTrendChart);

const TREND_DAYS = 365;
const TREND_REFRESH_MS = 30_000;
const GRADES = ['A+', 'A', 'A-', 'B', 'C', 'D', 'E', 'F', 'M', 'T'];
const MEANINGS: Record<string, string> = { T: 'the certificate is not trusted', M: 'the certificate is for another name', '-': 'not graded' };
const OLD = ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.0', 'TLSv1.1'];

const gradeTone = (grade: string | null) => (!grade || grade === '-' ? '' : /^A/.test(grade) ? 'good' : /^[BCM]/.test(grade) ? 'warn' : 'bad');

function Grade({ of }: { of: string | null }) {
	return <span class={`grade ${gradeTone(of)}`} title={MEANINGS[of ?? '-']}><Text of={of ?? '–'} max={4} /></span>;
}

/** The best first; what is not graded last. */
function inOrder(grades: readonly NamedCount[]): NamedCount[] {
	const place = ({ name }: NamedCount) => (GRADES.includes(name) ? GRADES.indexOf(name) : GRADES.length);
	return [...grades].sort((a, b) => place(a) - place(b));
}

function Distribution({ of, chosen, all }: { of: readonly NamedCount[]; chosen: string | null; all: number }) {
	const most = Math.max(1, ...of.map((each) => each.count));
	return (
		<ul class="bars">
			{inOrder(of).map(({ name, count: n }) => (
				<li key={name}>
					<a
						href={href(['network', 'tls'], { grade: chosen === name || name === '-' ? null : name })}
						aria-current={chosen === name ? 'true' : undefined}
						aria-label={`Grade ${visible(name)}: ${plural(n, 'server')}`}
					>
						<Grade of={name} />
						<span class="bar-track" aria-hidden="true"><span class={`bar-fill ${gradeTone(name)}`} style={{ width: `${100 * n / most}%` }} /></span>
						<span class="bar-figure"><b>{count(n)}</b> <span class="muted">{percent(n / Math.max(1, all))}</span></span>
					</a>
				</li>
			))}
		</ul>
	);
}

const oldTone = (name: string) => (OLD.includes(name) ? 'bad' : 'good');

/** "rsa 1024" is weak, "dsa 1024" too. */
const keyTone = (name: string) => (/^dsa|^rsa \d{1,3}$|^rsa 1\d{3}$/.test(name) ? 'bad' : 'good');

function Shares({ of, all, tone }: { of: readonly NamedCount[]; all: number; tone(name: string): string }) {
	return (
		<ul class="bars">
			{of.map(({ name, count: n }) => (
				<li key={name}>
					<span class="bar-name" title={visible(name)}><Text of={name} max={20} /></span>
					<span class="bar-track" aria-hidden="true"><span class={`bar-fill ${tone(name)}`} style={{ width: `${100 * n / Math.max(1, all)}%` }} /></span>
					<span class="bar-figure"><b>{count(n)}</b> <span class="muted">{percent(n / Math.max(1, all))}</span></span>
				</li>
			))}
		</ul>
	);
}

const SHARES: [member: keyof TlsGrades['summary'][0], title: string, meaning: string][] = [
	['forward_secrecy', 'Forward secrecy', 'with every current client: what is recorded today stays closed when the key is lost'],
	['post_quantum', 'Post-quantum', 'a hybrid with ML-KEM: what is recorded today stays closed to quantum computers'],
	['trusted', 'Trusted', "the chain leads to an authority of the scanner's store"],
	['hsts', 'HSTS', 'browsers are told never to speak in clear'],
	['vulnerable', 'Vulnerable', 'a known attack was found to work'],
];

/** Where there is little room, whole percents; a few are never none. */
function share(part: number): string {
	return isNarrow.value ? `${part > 0 && part < 0.01 ? '<1' : Math.round(part * 100)}%` : percent(part);
}

function OverTime() {
	const { data, error, reload } = useLoad(async (abort) => (await getTlsTrend(TREND_DAYS, abort)).items, [tenant.value]);
	useTablesFollow(['tls_endpoints'], reload, null, TREND_REFRESH_MS);
	return (
		<section class="panel over-time" aria-labelledby="over-time">
			<header><h2 id="over-time">Over time, the end of each day (UTC)</h2><a href="/api/v1/tls/trend?days=365">As JSON</a></header>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="the days" />}
			{data && (data.length > 1 ? <TlsTrendChart days={data} /> : <p class="muted">Nothing is known of the past yet: each day on which something changes adds to it.</p>)}
		</section>
	);
}

function Pulse({ of, grade }: { of: TlsGrades; grade: string | null }) {
	const summary = of.summary[0];
	const all = summary?.endpoints ?? 0;
	return (
		<>
			<div class="tiles small">
				{SHARES.map(([member, title, meaning]) => (
					<div key={member} class="tile" title={meaning}>
						<span class="label">{title}</span>
						<span class={`figure ${member === 'vulnerable' && summary?.[member] ? 'bad' : ''}`}>{share((summary?.[member] ?? 0) / Math.max(1, all))}</span>
						<span class="note">{count(summary?.[member] ?? 0)} of {count(all)}</span>
					</div>
				))}
			</div>
			<div class="pair even three">
				<section class="panel" aria-labelledby="grades"><h2 id="grades">Grades</h2><Distribution of={of.grades} chosen={grade} all={all} /></section>
				<section class="panel" aria-labelledby="protocols"><h2 id="protocols">Protocols offered</h2><Shares of={of.protocols} all={all} tone={oldTone} /></section>
				<section class="panel" aria-labelledby="keys"><h2 id="keys">Keys of the certificates shown</h2><Shares of={of.keys} all={of.keys.reduce((sum, key) => sum + key.count, 0)} tone={keyTone} /></section>
			</div>
		</>
	);
}

type Rules = ReadonlyMap<string, TlsRule>;

const at = (e: TlsEndpoint) => listener(e.address, e.port);
const assetHref = (e: TlsEndpoint) => href(['assets', e.asset, 'network']);
const assetLink = (e: TlsEndpoint) => <a href={assetHref(e)} tabIndex={-1}><Text of={e.asset_name} /></a>;
const protocols = (e: TlsEndpoint) => e.protocols?.join(', ') ?? '–';
/** In words, where the rules are known here. */
const reasons = (e: TlsEndpoint, rules: Rules) => [...(e.vulnerabilities ?? []).map((name) => name.replaceAll('_', ' ')), ...(e.reasons ?? []).map((id) => rules.get(id)?.sentence ?? id)].join('; ');
const rank = (e: TlsEndpoint) => (e.grade ? GRADES.indexOf(e.grade) : -1);

const wide = (rules: Rules): Column<TlsEndpoint>[] => [
	{ id: 'grade', title: 'Grade', width: 8, cell: (e) => <Grade of={e.grade} />, sortKey: rank },
	{ id: 'at', title: 'Server', width: 30, cell: (e) => <Text of={e.name ? `${e.name} (${at(e)})` : at(e)} />, sortKey: (e) => e.name ?? e.address, titleOf: (e) => visible(`${e.name ?? ''} ${at(e)}`) },
	{ id: 'asset', title: 'Asset', width: 22, cell: assetLink, sortKey: (e) => e.asset_name, titleOf: (e) => visible(e.asset_name) },
	{ id: 'protocols', title: 'Protocols', width: 24, cell: (e) => <Text of={protocols(e)} />, sortKey: protocols, titleOf: (e) => visible(protocols(e)) },
	{ id: 'group', title: 'Key exchange', width: 17, cell: (e) => <span class={e.is_post_quantum ? 'good' : ''}><Text of={e.key_exchange ?? '–'} /></span>, sortKey: (e) => e.key_exchange, hint: 'what a current client gets; green: post-quantum' },
	{ id: 'reasons', title: 'Why', width: 44, cell: (e) => <Text of={reasons(e, rules) || '–'} />, titleOf: (e) => visible(reasons(e, rules)) },
];

const narrow = (rules: Rules): Column<TlsEndpoint>[] => [{
	id: 'server',
	title: 'Server',
	width: 20,
	sortKey: rank,
	cell: (e) => (
		<div class="card">
			<div><Grade of={e.grade} /><Text of={e.name ?? at(e)} /><span class="end">{e.is_post_quantum ? 'post-quantum' : ''}</span></div>
			<div class="muted"><Text of={`${at(e)} · ${protocols(e)}`} /></div>
			<div class="muted"><Text of={reasons(e, rules) || 'nothing lowers it'} /></div>
		</div>
	),
}];

/** The rules are the server's, and stay the same while it runs. */
function useRules(): Rules {
	const { data } = useLoad(async (abort) => (await getTlsRules(abort)).items, []);
	return useMemo(() => new Map((data ?? []).map((rule) => [rule.id, rule])), [data]);
}

const PROGRAMS: Record<string, string> = {
	nginx: 'nginx', apache: 'Apache', haproxy: 'HAProxy', postfix: 'Postfix', dovecot: 'Dovecot', openssl: 'openssl.cnf', gnutls: 'GnuTLS priorities',
};

function Reason({ id, rule }: { id: string; rule: TlsRule | undefined }) {
	if (!rule) {
		return <li><b><Text of={id} /></b></li>;
	}
	return (
		<li>
			<b><Text of={rule.sentence} /></b>
			<span class="muted">{rule.cap ? <>no better than <Grade of={rule.cap} /></> : 'lowers no grade'} · {visible(rule.id)}</span>
			<span><Text of={rule.fix} max={400} /></span>
			{rule.configuration.length > 0 && (
				<details>
					<summary>Lines for {rule.configuration.map(({ program }) => PROGRAMS[program] ?? visible(program)).join(', ')}</summary>
					{rule.configuration.map(({ program, lines }) => (
						<div key={program}><h4>{PROGRAMS[program] ?? visible(program)}</h4><CopyBox text={lines} label={`Lines for ${program}`} /></div>
					))}
				</details>
			)}
		</li>
	);
}

function Details({ of: e, rules, onClose }: { of: TlsEndpoint; rules: Rules; onClose(): void }) {
	const isCapped = e.grade !== e.grade_without_trust && e.grade_without_trust;
	return (
		<Dialog title={<Text of={e.name ?? at(e)} />} onClose={onClose} isWide>
			<p>
				<Grade of={e.grade} /> {isCapped && <span>with a trusted certificate it would be <Grade of={e.grade_without_trust} /></span>}{' '}
				{e.score !== null && <span class="muted">score {e.score} of 100</span>}
			</p>
			{e.vulnerabilities && e.vulnerabilities.length > 0 && <p class="bad">Attacks that work: <Text of={e.vulnerabilities.map((name) => name.replaceAll('_', ' ')).join(', ')} /></p>}
			<h3>Why, and how to mend it</h3>
			{!e.reasons?.length && <p class="muted">Nothing lowers its grade.</p>}
			<ul class="reasons">
				{e.reasons?.map((id) => <Reason key={id} id={id} rule={rules.get(id)} />)}
			</ul>
			<dl class="fields">
				<div><dt>Where</dt><dd><a href={assetHref(e)}><Text of={e.asset_name} /></a> at <Text of={at(e)} />{e.starttls && <> after STARTTLS of <Text of={e.starttls} /></>}</dd></div>
				<div><dt>Protocols</dt><dd><Text of={protocols(e)} /></dd></div>
				<div><dt>A current client gets</dt><dd><Text of={e.suite ?? '–'} />, <Text of={e.key_exchange ?? '–'} /> {e.is_post_quantum && <span class="mark good">post-quantum</span>}</dd></div>
				<div><dt>Certificate</dt><dd><code><Text of={e.certificate ?? '–'} /></code></dd></div>
			</dl>
		</Dialog>
	);
}

export function TlsPage() {
	const grade = route.value.query.get('grade');
	const { base: data, items, next, loadMore, refresh, error, reload } = usePages((after, abort) => getTlsGrades(grade, after, abort), [tenant.value, grade]);
	const rules = useRules();
	const [open, setOpen] = useState<TlsEndpoint | null>(null);
	const [search, setSearch] = useState('');
	useTablesFollow(['tls_endpoints'], refresh);
	useEffect(searchIsHere, []);
	const rows = useMemo(() => {
		const needle = search.toLowerCase();
		return items.filter((e) => !needle
			|| [e.name, e.asset_name, at(e), e.key_exchange, protocols(e), reasons(e, rules), e.reasons?.join(' ')].some((text) => text?.toLowerCase().includes(needle)));
	}, [items, search, rules]);
	const columns = useMemo(() => (isNarrow.value ? narrow : wide)(rules), [rules, isNarrow.value]);
	const all = data?.summary[0]?.endpoints ?? 0;
	return (
		<div class="page stack network tls">
			<NetworkHead here="tls" title="TLS grades">
				<span class="muted" role="status">{data && plural(all, 'server')}</span>
			</NetworkHead>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="grades" />}
			{data && all === 0 && (
				<Empty title="No TLS server was graded yet">
					Scans grade what speaks TLS. <a href={href(['network', 'scopes'])}>What is scanned</a>
				</Empty>
			)}
			{data && all > 0 && (
				<>
					<Pulse of={data} grade={grade} />
					<OverTime />
					<div class="filters">
						<input data-search type="search" aria-label="Search servers" placeholder="Search server, asset, reason" spellcheck={false} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
						{grade && <span>of grade <Grade of={grade} /> <a href={href(['network', 'tls'])}>Show all</a></span>}
						<span class="muted">{`${next && !search ? `${count(rows.length)} of ${count(data.total)}` : plural(rows.length, 'server')}, the worst first`}</span>
					</div>
					{rows.length === 0
						? <Empty title="No server matches" />
						: (
							<Grid
								label="TLS servers"
								columns={columns}
								rows={rows}
								rowKey={(e) => `${e.asset} ${e.address} ${e.port} ${e.name}`}
								rowHeight={isNarrow.value ? 72 : 30}
								onOpen={(row) => setOpen(row)}
								onEnd={loadMore}
							/>
						)}
				</>
			)}
			{open && <Details of={open} rules={rules} onClose={() => setOpen(null)} />}
		</div>
	);
}
