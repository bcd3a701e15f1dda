// vulnerabilities.tsx - what the fleet is exposed to: by urgency, by what to upgrade first, by asset, over time.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { searchIsHere } from '../keys';
import { lazy } from '../lazy';
import { useLoad } from '../load';
import { usePages } from '../paged';
import { Acceptances } from '../parts/accept';
import { Command } from '../parts/command';
import { Grid, type Column } from '../parts/grid';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { Filters } from '../parts/vulnfilters';
import { Inferred, LevelMark, Threat, useFindingsFollow } from '../parts/vulnmarks';
import { go, href, route } from '../router';
import { tenant } from '../session';
import { count, plural, visible } from '../text';
import { isNarrow } from '../theme';
import {
	type Filter, FILTERS, getAcceptances, getSummary, getTrend, getUpgrades, getVulnerabilities, getVulnerableAssets,
	LEVELS, percent, type Summary, type Upgrade, type Vulnerability, type VulnerableAsset,
} from '../vulnerabilities';

const TrendChart = lazy('the chart', async () => (await import('../parts/trend')).TrendChart);

const ENOUGH = 0.8;
const UPGRADES_MAX = 100;
const TREND_DAYS = 90;

const COMPACT_FROM = 10_000;
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

const VIEWS: [name: string, title: string][] = [
	['', 'By priority'], ['upgrades', 'Fix first'], ['assets', 'By asset'], ['trend', 'Over time'], ['accepted', 'Accepted'],
];

function Tile({ label, value, note, to }: { label: string; value: number; note?: ComponentChildren; to: Record<string, string> }) {
	return (
		<a class="tile" href={href(['vulnerabilities'], to)}>
			<span class="label">{label}</span>
			<span class="figure" title={count(value)}>{isNarrow.value && value >= COMPACT_FROM ? compact.format(value) : count(value)}</span>
			<span class="note">{note}</span>
		</a>
	);
}

function Tiles({ of }: { of: Summary }) {
	const { findings } = of;
	return (
		<div class="tiles small">
			<Tile label="Critical" value={findings.critical} note="findings" to={{ level: 'critical' }} />
			<Tile label="High" value={findings.high} note="findings" to={{ level: 'high' }} />
			<Tile label="Exploited" value={of.exploited} note="in the wild" to={{ exploited: 'true' }} />
			<Tile label="Fixable" value={of.fixable} note="a fix is there" to={{ fixable: 'true' }} />
			<Tile label="Assets" value={of.assets} note={`with any of ${plural(of.vulnerabilities, 'vulnerability', 'vulnerabilities')}`} to={{ view: 'assets' }} />
		</div>
	);
}

/** What nobody looked at: nothing found there means nothing. */
function NotJudged({ of }: { of: Summary }) {
	const { not_judged: assets, languages_not_judged: languages, knowledge } = of;
	if (knowledge.generation === 0) {
		return (
			<p class="note-line warn">
				<b>Nothing is judged yet</b>: no feed has been fetched. An empty list means nothing until one is there. <a href={href(['feeds'])}>Look at the feeds</a>
			</p>
		);
	}
	if (assets.assets === 0 && languages.length === 0) {
		return null;
	}
	return (
		<details class="note-line warn">
			<summary>
				<b>Not everything is judged</b>:{' '}
				{assets.assets > 0 && <>no feed covers {plural(assets.assets, 'asset')}{languages.length > 0 && ', nor '}</>}
				{languages.length > 0 && <>{assets.assets === 0 && 'no feed covers '}packages of <Text of={languages.join(', ')} /></>}
			</summary>
			<ul>
				{assets.items.map((each) => (
					<li key={each.asset}>
						<a href={href(['assets', each.asset])}><Text of={each.name} /></a> (<Text of={each.system ?? 'unknown system'} />): <Text of={each.problem} />
					</li>
				))}
				{assets.items.length < assets.assets && <li>and {count(assets.assets - assets.items.length)} more</li>}
			</ul>
			<a href={href(['feeds'])}>Look at the feeds</a>
		</details>
	);
}

const link = (v: Vulnerability) => <a href={href(['vulnerabilities', v.id])} tabIndex={-1}><Text of={v.id} /></a>;
const fixText = (v: Vulnerability) => v.fixed_version ?? (v.is_fixable ? 'differs' : 'none yet');

const WIDE: Column<Vulnerability>[] = [
	{ id: 'priority', title: 'Priority', width: 12, cell: (v) => <LevelMark level={v.level} priority={v.priority} />, sortKey: (v) => -v.priority, titleOf: (v) => visible(v.reason), hint: '0 to 100, from severity, probability, exposure and what the distribution decided' },
	{ id: 'id', title: 'Id', width: 19, cell: link, sortKey: (v) => v.id, titleOf: (v) => visible(v.id) },
	{ id: 'threat', title: 'Threat', width: 21, cell: (v) => <><Threat of={v} /><Inferred of={v} /></>, sortKey: (v) => -((v.is_exploited ? 1 : 0) + (v.epss ?? 0)) },
	{ id: 'assets', title: 'Assets', width: 7, isNumber: true, cell: (v) => count(v.assets), sortKey: (v) => v.assets, titleOf: (v) => (v.accepted > 0 ? `accepted on ${v.accepted} more` : '') },
	{ id: 'packages', title: 'Packages', width: 15, cell: (v) => <Text of={v.packages.join(', ')} />, sortKey: (v) => v.packages[0] ?? null, titleOf: (v) => visible(v.packages.join(', ')) },
	{ id: 'fix', title: 'Fixed in', width: 19, cell: (v) => (v.is_fixable ? <Text of={fixText(v)} /> : <span class="muted">none yet</span>), sortKey: fixText, titleOf: (v) => visible(fixText(v)), hint: 'the version, where it is the same everywhere' },
	{ id: 'summary', title: 'What it is', width: 40, cell: (v) => <Text of={v.summary ?? '–'} />, titleOf: (v) => visible(v.summary ?? '') },
];

const NARROW: Column<Vulnerability>[] = [{
	id: 'vulnerability',
	title: 'Vulnerability',
	width: 20,
	sortKey: (v) => v.id,
	cell: (v) => (
		<div class="card">
			<div><LevelMark level={v.level} priority={v.priority} />{link(v)}<span class="end">{plural(v.assets, 'asset')}</span></div>
			<div class="muted"><Text of={v.summary ?? v.packages.join(', ')} /></div>
			<div class="muted">{v.is_exploited && <span class="bad">exploited · </span>}{v.is_fixable ? 'fixable' : 'no fix yet'} · <Text of={v.packages.join(', ')} /></div>
		</div>
	),
}];

function ByPriority() {
	const { query } = route.value;
	const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)])) as Filter;
	const list = usePages((after, abort) => getVulnerabilities(filter, after, abort), [tenant.value, filter]);
	useFindingsFollow(list.refresh);
	const isFiltered = FILTERS.some((name) => filter[name]);
	return (
		<>
			<Filters filter={filter} parts={['vulnerabilities']} total={list.base?.total ?? null} />
			{list.error && <Failure error={list.error} retry={list.reload} />}
			{!list.base && !list.error && <Loading what="vulnerabilities" />}
			{list.base && list.items.length === 0 && (isFiltered
				? <Empty title="No vulnerability matches"><a href={href(['vulnerabilities'])}>Clear the filters</a></Empty>
				: <Empty title="No vulnerability found">Of what the feeds cover, nothing installed is affected. <a href={href(['feeds'])}>See what they cover</a></Empty>)}
			{list.items.length > 0 && (
				<Grid
					label="Vulnerabilities"
					columns={isNarrow.value ? NARROW : WIDE}
					rows={list.items}
					rowKey={(v) => v.id}
					rowHeight={isNarrow.value ? 72 : 30}
					onOpen={(v) => go(href(['vulnerabilities', v.id]))}
					onEnd={list.loadMore}
				/>
			)}
		</>
	);
}

/** How many of the first upgrades close enough, and how much that is. */
function enough(upgrades: readonly Upgrade[]): [number, number] {
	const at = upgrades.findIndex((each) => each.cumulative_share >= ENOUGH);
	const number = at < 0 ? upgrades.length : at + 1;
	return [number, upgrades[number - 1]?.cumulative_share ?? 0];
}

function UpgradeEntry({ of, rank }: { of: Upgrade; rank: number }) {
	return (
		<li class="upgrade">
			<span class="rank">{rank}</span>
			<div class="upgrade-body">
				<p class="upgrade-head">
					<LevelMark level={of.level} priority={of.priority} />
					<a data-item href={href(['vulnerabilities'], { package: of.source })}><b><Text of={of.source} /></b></a>
					{of.to_version && <span>to <Text of={of.to_version} max={60} /></span>}
					<span class="muted"><Text of={of.release} max={60} /></span>
				</p>
				<p>
					closes <b>{plural(of.closes, 'finding')}</b> on <b>{plural(of.assets, 'asset')}</b>: {percent(of.share)} of the risk{' '}
					<span class="muted">({percent(of.cumulative_share)} with those above)</span>
				</p>
				<div class="share" aria-hidden="true"><span style={{ width: `${Math.max(0.5, of.share * 100)}%` }} /></div>
				{of.command
					? <Command text={of.command} label={`the command that upgrades ${visible(of.source)}`} />
					: <p class="muted">No single command: <Text of={of.packages.join(', ')} /> {of.packages.length === 1 ? 'has' : 'have'} to be built or installed anew.</p>}
			</div>
		</li>
	);
}

function FixFirst() {
	const { data, error, reload } = useLoad((abort) => getUpgrades(UPGRADES_MAX, abort), [tenant.value]);
	useFindingsFollow(reload);
	if (!data) {
		return error ? <Failure error={error} retry={reload} /> : <Loading what="upgrades" />;
	}
	if (data.items.length === 0) {
		return <Empty title="Nothing to upgrade">Nothing that is installed has a fix that is not there yet.</Empty>;
	}
	const [number, share] = enough(data.items);
	return (
		<div class="scrolls">
			<p class="headline" role="status">
				{number === 1 ? 'This upgrade closes' : `These ${count(number)} upgrades close`} <b>{percent(share)}</b> of the risk that upgrades can close
				<span class="muted"> ({plural(data.findings, 'finding')}, {plural(data.total, 'upgrade')} in all)</span>
			</p>
			<ol class="upgrades">
				{data.items.slice(0, number).map((each, i) => <UpgradeEntry key={i} of={each} rank={i + 1} />)}
				{data.items.length > number && <li class="divider">then</li>}
				{data.items.slice(number).map((each, i) => <UpgradeEntry key={i} of={each} rank={number + i + 1} />)}
			</ol>
			{data.total > data.items.length && <p class="muted">and {count(data.total - data.items.length)} more with less risk</p>}
		</div>
	);
}

const assetHref = (a: VulnerableAsset) => href(['assets', a.asset, 'vulnerabilities']);
const assetLink = (a: VulnerableAsset) => <a href={assetHref(a)} tabIndex={-1}><Text of={a.name} /></a>;

const WIDE_ASSETS: Column<VulnerableAsset>[] = [
	{ id: 'name', title: 'Asset', width: 30, cell: assetLink, sortKey: (a) => a.name, titleOf: (a) => visible(a.name) },
	{ id: 'priority', title: 'Highest', width: 12, cell: (a) => <LevelMark level={a.level} priority={a.priority} />, sortKey: (a) => -a.priority },
	{ id: 'risk', title: 'Risk', width: 9, isNumber: true, cell: (a) => count(a.risk), sortKey: (a) => a.risk, hint: 'the sum of the priorities of what is not accepted' },
	...LEVELS.slice(0, 4).map((level): Column<VulnerableAsset> => ({
		id: level, title: level[0]!.toUpperCase() + level.slice(1), width: 9, isNumber: true, cell: (a) => count(a.levels[level]), sortKey: (a) => a.levels[level],
	})),
	{ id: 'accepted', title: 'Accepted', width: 9, isNumber: true, cell: (a) => count(a.accepted), sortKey: (a) => a.accepted },
	{ id: 'end', title: '', width: 1, cell: () => null },
];

const NARROW_ASSETS: Column<VulnerableAsset>[] = [{
	id: 'asset',
	title: 'Asset',
	width: 20,
	sortKey: (a) => a.name,
	cell: (a) => (
		<div class="card">
			<div>{assetLink(a)}<span class="end">risk {count(a.risk)}</span></div>
			<div class="muted">{LEVELS.slice(0, 4).map((level) => `${count(a.levels[level])} ${level}`).join(' · ')}</div>
		</div>
	),
}];

function ByAsset() {
	const list = usePages((after, abort) => getVulnerableAssets(after, abort), [tenant.value]);
	useFindingsFollow(list.refresh);
	if (!list.base) {
		return list.error ? <Failure error={list.error} retry={list.reload} /> : <Loading what="assets" />;
	}
	return list.items.length === 0
		? <Empty title="No asset is affected">Of what the feeds cover.</Empty>
		: (
			<Grid
				label="Assets by risk"
				columns={isNarrow.value ? NARROW_ASSETS : WIDE_ASSETS}
				rows={list.items}
				rowKey={(a) => a.asset}
				rowHeight={isNarrow.value ? 52 : 30}
				onOpen={(a) => go(assetHref(a))}
				onEnd={list.loadMore}
			/>
		);
}

function OverTime() {
	const { data, error, reload } = useLoad(async (abort) => (await getTrend(TREND_DAYS, abort)).items, [tenant.value]);
	useFindingsFollow(reload);
	if (!data) {
		return error ? <Failure error={error} retry={reload} /> : <Loading what="the trend" />;
	}
	return (
		<section class="panel grow" aria-labelledby="trend">
			<header>
				<h2 id="trend">Findings at the end of each day (UTC), as they were judged then</h2>
			</header>
			{data.length === 0
				? <Empty title="Nothing is known of the past yet">Each day adds one bar.</Empty>
				: <TrendChart days={data} />}
		</section>
	);
}

function Accepted() {
	const { data, error, reload } = useLoad(async (abort) => (await getAcceptances(abort)).items, [tenant.value]);
	if (!data) {
		return error ? <Failure error={error} retry={reload} /> : <Loading what="acceptances" />;
	}
	return data.length === 0
		? <Empty title="No risk is accepted">A vulnerability's page has a button for it. What is accepted stays listed.</Empty>
		: <div class="scrolls"><Acceptances items={data} hasId onDone={reload} /></div>;
}

const SHOWN: Record<string, () => ComponentChildren> = {
	upgrades: () => <FixFirst />, assets: () => <ByAsset />, trend: () => <OverTime />, accepted: () => <Accepted />,
};

export function VulnerabilitiesPage() {
	const view = route.value.query.get('view') ?? '';
	const summary = useLoad(getSummary, [tenant.value]);
	const [isShown, setShown] = useState(false);
	useFindingsFollow(summary.reload);
	useEffect(() => {
		document.title = 'Vulnerabilities · Bartizan';
		searchIsHere();
		setShown(true);
	}, []);
	const built = summary.data?.knowledge.built_at;
	return (
		<div class="page fill vulnerabilities">
			<header class="page-head">
				<h1>Vulnerabilities</h1>
				<span class="muted">as the <a href={href(['feeds'])} title="Key: g f">feeds</a>{built && <> of <Ago at={built} /></>} say</span>
			</header>
			{summary.error && <Failure error={summary.error} retry={summary.reload} />}
			{summary.data && <NotJudged of={summary.data} />}
			{summary.data ? <Tiles of={summary.data} /> : !summary.error && <Loading what="the counts" />}
			<nav class="chips" aria-label="Views">
				{VIEWS.map(([name, title]) => (
					<a key={name} class="chip" href={href(['vulnerabilities'], { view: name })} aria-current={view === name ? 'page' : undefined}>{title}</a>
				))}
			</nav>
			{isShown && (SHOWN[view] ?? (() => <ByPriority />))()}
		</div>
	);
}
