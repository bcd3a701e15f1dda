// overview.tsx - the first page: how much is watched, how fresh it is, and what changes right now.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { getSensors } from '../api';
import { overview, rate, recent, RECENT_MAX } from '../live';
import { throttled, useLoad } from '../load';
import { BurstLines } from '../parts/change';
import { lazy } from '../lazy';
import { RiskTiles } from '../parts/risktiles';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { Tile } from '../parts/tile';
import { href } from '../router';
import { onSensors } from '../stream';
import { tenant } from '../session';
import { count, plural } from '../text';
import type { Burst } from '../ring';
import type { Overview, Sensor } from '../types';

const RateChart = lazy('the chart', async () => (await import('../parts/chart')).RateChart);

const QUIET_SHOWN = 6;
const LIST_SENSORS_MAX = 5000;

function Tiles({ of }: { of: Overview }) {
	const { rows, changes, sensors } = of;
	const saved = rows.held > 0 ? Math.max(0, Math.round(100 * (1 - rows.distinct / rows.held))) : 0;	// what was lately held by somebody counts as distinct
	const wrong = of.disagreements ?? 0;
	return (
		<div class="tiles">
			<Tile label="Assets" value={of.assets} to={href(['assets'])} note={`watched by ${plural(sensors.total - sensors.revoked, 'sensor')}`} />
			<Tile
				label="Sensors connected"
				value={sensors.connected}
				to={href(['sensors'])}
				note={<>
					<span class={sensors.stale > 0 ? 'warn' : ''}>{count(sensors.stale)} stale</span>, {count(sensors.revoked)} revoked
				</>}
			/>
			<RiskTiles />
			<Tile label="Rows held" value={rows.held} note={`${count(rows.distinct)} distinct, ${saved}% shared`} />
			<Tile label="Changes, last hour" value={changes.last_hour} note={`${count(changes.last_day)} in the last day`} />
			<Tile
				label="Digests that disagreed"
				value={wrong}
				note={wrong === 0 ? 'sensors and server agree' : 'tables sent again and repaired'}
			/>
		</div>
	);
}

const FRESH: [label: string, seconds: number][] = [
	['under a minute', 60], ['under an hour', 3600], ['under a day', 86_400], ['longer', Infinity],
];

function Freshness({ sensors }: { sensors: Sensor[] }) {
	const alive = sensors.filter((s) => !s.is_revoked);
	const ageOf = (s: Sensor) => (s.is_connected ? 0 : (Date.now() - Date.parse(s.last_seen ?? '')) / 1000);
	const counts = FRESH.map(([label, below], i) => ({
		label,
		n: alive.filter((s) => {
			const age = ageOf(s);
			return Number.isNaN(age) ? below === Infinity : age < below && age >= (FRESH[i - 1]?.[1] ?? -Infinity);
		}).length,
	}));
	const quiet = alive.filter((s) => !s.is_connected)
		.sort((a, b) => (a.last_seen ?? '').localeCompare(b.last_seen ?? '')).slice(0, QUIET_SHOWN);
	if (alive.length === 0) {
		return <Empty title="No sensor yet"><a href={href(['sensors'], { enrol: '1' })}>Enrol the first one</a></Empty>;
	}
	return (
		<>
			<div class="bar" role="img" aria-label={counts.map(({ label, n }) => `${n} heard of ${label} ago`).join(', ')}>
				{counts.map(({ n }, i) => n > 0 && <span key={i} class={`age${i}`} style={{ 'flex-grow': `${n}` }} />)}
			</div>
			<ul class="legend">
				{counts.map(({ label, n }, i) => <li key={label}><span class={`dot age${i}`} />{label} <b>{count(n)}</b></li>)}
			</ul>
			{quiet.length > 0 && <h3>Quiet the longest</h3>}
			<ul class="quietest">
				{quiet.map((s) => (
					<li key={s.id}>
						{s.asset ? <a href={href(['assets', s.asset])}><Text of={s.name} /></a> : <Text of={s.name} />}
						<Ago at={s.last_seen} />
					</li>
				))}
			</ul>
		</>
	);
}

function SensorsPanel({ total }: { total: number }) {
	const sensors = useLoad(
		async (abort) => (total <= LIST_SENSORS_MAX ? (await getSensors(abort)).items : []), [tenant.value]);
	useEffect(() => onSensors(throttled(2000, sensors.reload)), []);
	return (
		<section class="panel" aria-labelledby="fresh">
			<h2 id="fresh">Last heard of</h2>
			{total > LIST_SENSORS_MAX
				? <p class="muted">Too many to draw here. <a href={href(['query'])}>Ask by SQL</a></p>
				: sensors.data
					? <Freshness sensors={sensors.data} />
					: sensors.error ? <Failure error={sensors.error} retry={sensors.reload} /> : <Loading what="sensors" />}
		</section>
	);
}

function Newest() {
	const [held, setHeld] = useState<readonly Burst[] | null>(null);
	const all = recent.value;
	const shown = held ?? all;
	const waiting = useMemo(() => {
		const known = new Set(held?.map(({ id }) => id));
		return held && all ? all.filter(({ id }) => !known.has(id)).length : 0;
	}, [held, all]);
	return (
		<section class="panel newest" aria-labelledby="newest">
			<header>
				<h2 id="newest">Newest changes</h2>
				<button aria-pressed={held !== null} onClick={() => setHeld(held ? null : all ?? [])}>
					{held ? `Go on${waiting > 0 ? ` (${waiting === RECENT_MAX ? `${waiting}+` : waiting} new)` : ''}` : 'Hold'}
				</button>
			</header>
			{shown === null && <Loading what="changes" />}
			{shown?.length === 0 && <Empty title="Nothing has changed yet">Changes appear here within a second of happening.</Empty>}
			<ol class="changes" data-held={shown?.length ?? 0}>
				{shown?.map((burst) => <BurstLines key={burst.id} burst={burst} />)}
			</ol>
		</section>
	);
}

export function OverviewPage() {
	useEffect(() => {
		document.title = 'Overview · Bartizan';
	}, []);
	const counts = overview.value;
	if (!counts) {
		return null;
	}
	return (
		<div class="page overview">
			<h1 class="hidden">Overview</h1>
			<Tiles of={counts} />
			<div class="pair">
				<section class="panel" aria-labelledby="rate">
					<h2 id="rate">Changes a minute</h2>
					{rate.value ? <RateChart series={rate.value} /> : <Loading what="the chart" />}
				</section>
				<SensorsPanel total={counts.sensors.total} />
			</div>
			<Newest />
		</div>
	);
}
