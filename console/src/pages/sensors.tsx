// sensors.tsx - every sensor and how fresh it is; cut one off, enrol another.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { getSensors } from '../api';
import { searchIsHere } from '../keys';
import { throttled, useLoad } from '../load';
import { Enrol } from '../parts/enrol';
import { Grid, type Column } from '../parts/grid';
import { Revoke } from '../parts/revoke';
import { Notes, notesText, sensorHref, StateMark, stateText, STATUS_ORDER } from '../parts/sensorstate';
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

function Name({ sensor }: { sensor: Sensor }) {
	return sensor.asset
		? <a href={sensorHref(sensor.asset)} tabIndex={-1}><Text of={sensor.name} /></a>
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

function wide(onAsk: (sensor: Sensor) => void, nameOf: (id: string) => string): Column<Sensor>[] {
	const time = (s: string | null) => (s ? Date.parse(s) : null);
	return [
		{ id: 'name', title: 'Name', width: 24, cell: (s) => <Name sensor={s} />, sortKey: (s) => s.name, titleOf: (s) => visible(s.name) },
		{ id: 'state', title: 'State', width: 35, cell: (s) => <StateMark sensor={s} />, sortKey: (s) => STATUS_ORDER.indexOf(s.status), titleOf: stateText },
		{ id: 'notes', title: 'To know', width: 25, cell: (s) => <Notes sensor={s} nameOf={nameOf} />, sortKey: (s) => notesText(s) || null, titleOf: (s) => visible(notesText(s)) },
		{ id: 'address', title: 'Address', width: 16, cell: (s) => <Text of={s.address ?? '–'} />, sortKey: (s) => s.address },
		{ id: 'version', title: 'Version', width: 8, cell: (s) => <Text of={s.version ?? '–'} />, sortKey: (s) => s.version },
		{ id: 'expires', title: 'Certificate', width: 12, cell: (s) => <Expiry sensor={s} />, sortKey: (s) => time(s.certificate_not_after), hint: 'When its certificate ends. Sensors renew it by themselves at two thirds of its life' },
		{ id: 'revoke', title: '', width: 8, isNumber: true, cell: (s) => <RevokeButton sensor={s} onAsk={onAsk} /> },
	];
}

function narrow(onAsk: (sensor: Sensor) => void, nameOf: (id: string) => string): Column<Sensor>[] {
	return [{
		id: 'sensor',
		title: 'Sensor',
		width: 20,
		sortKey: (s) => s.name,
		cell: (s) => (
			<div class="card">
				<div><Name sensor={s} /><span class="end"><RevokeButton sensor={s} onAsk={onAsk} /></span></div>
				<div class="muted"><StateMark sensor={s} /> · <Text of={s.address ?? '–'} /></div>
				<div><Notes sensor={s} nameOf={nameOf} /></div>
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
	const names = useMemo(() => new Map((data ?? []).map((s) => [s.id, s.name])), [data]);
	const nameOf = (id: string) => names.get(id) ?? id;
	const columns = useMemo(
		() => (isNarrow.value ? narrow(setAsked, nameOf) : wide(setAsked, nameOf)), [isNarrow.value, names]);
	const shown = useMemo(() => {
		const needle = search.toLowerCase();
		return (data ?? []).filter((s) =>
			[s.id, s.name, s.address ?? '', s.version ?? '', stateText(s), notesText(s), ...s.tags ?? []].some((text) => text.toLowerCase().includes(needle)));
	}, [data, search]);
	return (
		<div class="page fill">
			<header class="page-head">
				<h1>Sensors</h1>
				<input
					data-search
					type="search"
					placeholder="Search by name, state, address, tag"
					aria-label="Search sensors"
					spellcheck={false}
					value={search}
					onInput={(event) => setSearch(event.currentTarget.value)}
					onKeyDown={(event) => event.key === 'ArrowDown' && document.querySelector<HTMLElement>('.grid')?.focus()}
				/>
				<span class="muted" role="status">{data && plural(shown.length, 'sensor')}</span>
				<span class="end">
					<a href={href(['policies'])} title="Key: g p">Policies</a>{' '}
					<button class="primary" onClick={() => replace(href(['sensors'], { enrol: '1' }))}>Enrol a sensor</button>
				</span>
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
					rowHeight={isNarrow.value ? 72 : 32}
					onOpen={(s) => s.asset && go(sensorHref(s.asset))}
				/>
			)}
			{asked && <Revoke sensor={asked} onClose={() => setAsked(null)} onDone={reload} />}
			{isEnrolling && <Enrol onClose={() => replace(href(['sensors']))} />}
		</div>
	);
}
