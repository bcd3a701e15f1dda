// sensors.tsx - every sensor and how fresh it is; cut one off, enrol another.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { type ApiError, asApiError, createEnrolmentToken, getSensors, revokeSensor } from '../api';
import { searchIsHere } from '../keys';
import { throttled, useLoad } from '../load';
import { CopyBox } from '../parts/copy';
import { Dialog } from '../parts/dialog';
import { Grid, type Column } from '../parts/grid';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { recall, remember } from '../remember';
import { go, href, replace, route } from '../router';
import { tenant } from '../session';
import { onSensors } from '../stream';
import { plural, visible } from '../text';
import { isNarrow } from '../theme';
import type { EnrolmentToken, Sensor } from '../types';

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

function Revoke({ sensor, onClose, onDone }: { sensor: Sensor; onClose(): void; onDone(): void }) {
	const [error, setError] = useState<ApiError | null>(null);
	const revoke = async () => {
		try {
			await revokeSensor(sensor.id);
			onDone();
			onClose();
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<Dialog title="Revoke this sensor?" onClose={onClose}>
			<p>
				<strong><Text of={sensor.name} /></strong> (<code>{visible(sensor.id)}</code>) is cut off at once and for good. Its asset and
				history stay. To watch the machine again, enrol it anew.
			</p>
			{error && <Failure error={error} />}
			<footer>
				<button onClick={onClose} autofocus>Keep it</button>
				<button class="danger" onClick={revoke}>Revoke</button>
			</footer>
		</Dialog>
	);
}

const LIFETIMES: [label: string, seconds: number][] = [
	['15 minutes', 900], ['1 hour', 3600], ['1 day', 86_400], ['1 week', 7 * 86_400],
];

function command(server: string, token: string): string {
	return `bartizan-agent --state /var/lib/bartizan --server ${server} --ca ca.pem --token ${token}`;
}

function Enrol({ onClose }: { onClose(): void }) {
	const [uses, setUses] = useState(1);
	const [ttl, setTtl] = useState(3600);
	const [server, setServer] = useState(recall('sensors-address', `${location.hostname}:PORT`));
	const [made, setMade] = useState<EnrolmentToken | null>(null);
	const [error, setError] = useState<ApiError | null>(null);
	const make = async (event: Event) => {
		event.preventDefault();
		try {
			setMade(await createEnrolmentToken(uses, ttl));
			setError(null);
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	const address = (
		<label>
			Where sensors reach the server
			<input
				autofocus
				value={server}
				spellcheck={false}
				required
				pattern="[A-Za-z0-9.:_\[\]\-]+:[0-9]+"
				title="HOST:PORT, the port a number"
				onInput={(event) => {
					setServer(event.currentTarget.value);
					remember('sensors-address', event.currentTarget.value);
				}}
			/>
			<small>HOST:PORT; bartizand prints it when it starts, as <code>sensors=</code></small>
		</label>
	);
	return (
		<Dialog title="Enrol a sensor" onClose={onClose} isWide>
			{made === null
				? (
					<form class="form" onSubmit={make}>
						{address}
						<label>
							How many machines
							<input
								type="number"
								min={1}
								max={1_000_000}
								required
								value={uses}
								onInput={(event) => setUses(event.currentTarget.valueAsNumber)}
							/>
						</label>
						<label>
							Valid for
							<select value={ttl} onChange={(event) => setTtl(Number(event.currentTarget.value))}>
								{LIFETIMES.map(([label, seconds]) => <option key={seconds} value={seconds}>{label}</option>)}
							</select>
						</label>
						{error && <Failure error={error} />}
						<footer><button class="primary">Make a token</button></footer>
					</form>
				)
				: (
					<div class="form">
						{address}
						<p>
							Copy the server's <code>ca.pem</code> (in its data folder) to the machine, then run there, as root:
						</p>
						<CopyBox text={command(server, made.token)} label="Command to run on the machine" />
						<p class="muted">
							For {plural(made.uses, 'machine')}; it ends <Ago at={made.expires_at} />. The token is shown only here.
						</p>
						<footer><button onClick={onClose}>Done</button></footer>
					</div>
				)}
		</Dialog>
	);
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
