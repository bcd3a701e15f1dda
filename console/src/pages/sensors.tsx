// sensors.tsx - every sensor and how fresh it is; cut one off, enrol another.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { getSensors } from '../api';
import { searchIsHere } from '../keys';
import { throttled, useLoad } from '../load';
import { Enrol } from '../parts/enrol';
import { Grid, type Column } from '../parts/grid';
import { Revoke } from '../parts/revoke';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { go, href, replace, route } from '../router';
import { tenant } from '../session';
import { onSensors } from '../stream';
import { plural, visible } from '../text';
import { isNarrow } from '../theme';
import type { Sensor } from '../types';

const REFRESH_MS = 1000;
const EXPIRES_SOON_MS = 14 * 86_400_000;

type State = 'connected' | 'stale' | 'revoked';

const stateOf = (s: Sensor): State => (s.is_revoked ? 'revoked' : s.is_connected ? 'connected' : 'stale');
const COLOURS: Record<State, string> = { connected: 'good', stale: 'warn', revoked: 'bad' };

function StateMark({ sensor }: { sensor: Sensor }) {
	const state = stateOf(sensor);
	return <span class={`state-mark ${COLOURS[state]}`}><span class={`dot ${COLOURS[state]}`} />{state}</span>;
}

function Name({ sensor }: { sensor: Sensor }) {
	return sensor.asset
		? <a href={href(['assets', sensor.asset])} tabIndex={-1}><Text of={sensor.name} /></a>
		: <Text of={sensor.name} />;
}

function Expiry({ sensor }: { sensor: Sensor }) {
	const isSoon = Date.parse(sensor.certificate_not_after) - Date.now() < EXPIRES_SOON_MS;
	return <span class={isSoon && !sensor.is_revoked ? 'warn' : ''}><Ago at={sensor.certificate_not_after} /></span>;
}

function RevokeButton({ sensor, onAsk }: { sensor: Sensor; onAsk(sensor: Sensor): void }) {
	return sensor.is_revoked
		? null
		: <button class="small danger" aria-label={`Revoke ${visible(sensor.name)}`} onClick={() => onAsk(sensor)}>Revoke</button>;
}

function wide(onAsk: (sensor: Sensor) => void): Column<Sensor>[] {
	const time = (s: string | null) => (s ? Date.parse(s) : null);
	return [
		{ id: 'name', title: 'Name', width: 25, cell: (s) => <Name sensor={s} />, sortKey: (s) => s.name, titleOf: (s) => visible(s.name) },
		{ id: 'state', title: 'State', width: 12, cell: (s) => <StateMark sensor={s} />, sortKey: stateOf },
		{ id: 'seen', title: 'Last seen', width: 11, cell: (s) => <Ago at={s.last_seen} />, sortKey: (s) => time(s.last_seen) },
		{ id: 'address', title: 'Address', width: 17, cell: (s) => <Text of={s.address ?? '–'} />, sortKey: (s) => s.address },
		{ id: 'version', title: 'Version', width: 8, cell: (s) => <Text of={s.version ?? '–'} />, sortKey: (s) => s.version },
		{ id: 'enrolled', title: 'Enrolled', width: 10, cell: (s) => <Ago at={s.enrolled_at} />, sortKey: (s) => time(s.enrolled_at) },
		{ id: 'expires', title: 'Certificate', width: 12, cell: (s) => <Expiry sensor={s} />, sortKey: (s) => time(s.certificate_not_after), hint: 'When its certificate ends. Sensors renew it by themselves at two thirds of its life' },
		{ id: 'id', title: 'Id', width: 16, cell: (s) => <code>{visible(s.id)}</code>, sortKey: (s) => s.id },
		{ id: 'revoke', title: '', width: 8, isNumber: true, cell: (s) => <RevokeButton sensor={s} onAsk={onAsk} /> },
	];
}

function narrow(onAsk: (sensor: Sensor) => void): Column<Sensor>[] {
	return [{
		id: 'sensor',
		title: 'Sensor',
		width: 20,
		sortKey: (s) => s.name,
		cell: (s) => (
			<div class="card">
				<div><Name sensor={s} /><span class="end"><RevokeButton sensor={s} onAsk={onAsk} /></span></div>
				<div class="muted"><StateMark sensor={s} /> <Ago at={s.last_seen} /> · <Text of={s.address ?? '–'} /></div>
			</div>
		),
	}];
}

export function SensorsPage() {
	const { data, error, reload } = useLoad(async (abort) => (await getSensors(abort)).items, [tenant.value]);
	const [search, setSearch] = useState('');
	const [asked, setAsked] = useState<Sensor | null>(null);
	const isEnrolling = route.value.query.has('enrol');
	useEffect(() => {
		document.title = 'Sensors · Bartizan';
		searchIsHere();
		return onSensors(throttled(REFRESH_MS, reload));
	}, []);
	const columns = useMemo(() => (isNarrow.value ? narrow(setAsked) : wide(setAsked)), [isNarrow.value]);
	const shown = useMemo(() => {
		const needle = search.toLowerCase();
		return (data ?? []).filter((s) =>
			[s.id, s.name, s.address ?? '', s.version ?? '', stateOf(s)].some((text) => text.toLowerCase().includes(needle)));
	}, [data, search]);
	return (
		<div class="page fill">
			<header class="page-head">
				<h1>Sensors</h1>
				<input
					data-search
					type="search"
					placeholder="Search by name, state, address"
					aria-label="Search sensors"
					spellcheck={false}
					value={search}
					onInput={(event) => setSearch(event.currentTarget.value)}
					onKeyDown={(event) => event.key === 'ArrowDown' && document.querySelector<HTMLElement>('.grid')?.focus()}
				/>
				<span class="muted" role="status">{data && plural(shown.length, 'sensor')}</span>
				<button class="primary end" onClick={() => replace(href(['sensors'], { enrol: '1' }))}>Enrol a sensor</button>
			</header>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="sensors" />}
			{data && shown.length === 0 && (search
				? <Empty title={`No sensor matches “${visible(search)}”`}><button onClick={() => setSearch('')}>Clear the search</button></Empty>
				: <Empty title="No sensor yet">Press “Enrol a sensor”: it makes a token and shows what to run on the machine.</Empty>)}
			{shown.length > 0 && (
				<Grid
					label="Sensors"
					columns={columns}
					rows={shown}
					rowKey={(s) => s.id}
					rowHeight={isNarrow.value ? 52 : 32}
					onOpen={(s) => s.asset && go(href(['assets', s.asset]))}
				/>
			)}
			{asked && <Revoke sensor={asked} onClose={() => setAsked(null)} onDone={reload} />}
			{isEnrolling && <Enrol onClose={() => replace(href(['sensors']))} />}
		</div>
	);
}
