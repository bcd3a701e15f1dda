// eventlist.tsx - events, newest first: filtered, followed while one looks, opened in full.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../api';
import { type EventFilter, followEvents, getEvents } from '../events';
import { KIND_NAMES, wordsOf } from '../eventwords';
import { useLoad } from '../load';
import { href } from '../router';
import { eventKinds, wantSchema } from '../schema';
import { tenant } from '../session';
import { count, plural, visible } from '../text';
import { absolute, fromInput, localDay, clockTime, toInput } from '../time';
import type { AssetEvent, Page } from '../types';
import { Fields } from './datagrid';
import { Dialog } from './dialog';
import { Empty, Failure, Loading } from './states';
import { Text } from './text';

const PAGE_SIZE = 200;
const LIVE_MAX = 500;
const HELD_MAX = 5000;
const FRESH_MS = 3000;
const KINDS = Object.keys(KIND_NAMES);

/** The newest max of both lists, none twice; arrived is oldest first. */
function merge(held: readonly AssetEvent[], arrived: readonly AssetEvent[], max: number): AssetEvent[] {
	const newest = held[0]?.no ?? -1;
	return [...arrived.filter((event) => event.no > newest).reverse(), ...held].slice(0, max);
}

/** Pages of events, with what happens now in front of them unless it is held or a time ends the list. */
function useEvents(filter: EventFilter, isHeld: boolean) {
	const id = [tenant.value, filter.asset, filter.kind, filter.since, filter.until];
	const page = useLoad((abort) => getEvents(filter, null, PAGE_SIZE, abort), id);
	const [older, setOlder] = useState<Page<AssetEvent, number> | null>(null);
	const [live, setLive] = useState<AssetEvent[]>([]);
	const [waiting, setWaiting] = useState(0);
	const [missed, setMissed] = useState(0);
	const [error, setError] = useState<ApiError | null>(null);
	const [isLoading, setLoading] = useState(false);
	const held = useRef(isHeld);
	const behind = useRef<AssetEvent[]>([]);
	held.current = isHeld;

	useEffect(() => {
		setOlder(null);
		setMissed(0);
	}, [id.join('\n')]);
	useEffect(() => {
		setLive([]);
		setWaiting(0);
		behind.current = [];
		if (!page.data || filter.until) {
			return undefined;
		}
		return followEvents(filter, page.data.items[0]?.no ?? 0, {
			onEvents: (batch) => {
				if (held.current) {
					behind.current = [...behind.current, ...batch].slice(-LIVE_MAX);
					setWaiting((n) => n + batch.length);
				} else {
					setLive((old) => merge(old, batch, LIVE_MAX));
				}
			},
			onMissed: (n) => {
				setMissed((old) => old + n);
				page.reload();
			},
		});
	}, [page.data]);
	useEffect(() => {
		if (!isHeld && behind.current.length > 0) {
			const batch = behind.current;
			behind.current = [];
			setWaiting(0);
			setLive((old) => merge(old, batch, LIVE_MAX));
		}
	}, [isHeld]);

	const items = useMemo(() => {
		const listed = page.data?.items ?? [];
		const newest = listed[0]?.no ?? -1;
		return [...live.filter((event) => event.no > newest), ...listed, ...older?.items ?? []].slice(0, HELD_MAX);
	}, [live, page.data, older]);
	const next = older ? older.next : page.data?.next ?? null;
	const loadOlder = async () => {
		setLoading(true);
		try {
			const got = await getEvents(filter, next, PAGE_SIZE);
			setOlder((old) => ({ items: [...old?.items ?? [], ...got.items], next: got.next }));
			setError(null);
		} catch (failure) {
			setError(asApiError(failure));
		} finally {
			setLoading(false);
		}
	};
	return { items, next, loadOlder, isLoading, waiting, missed, isLoaded: page.data !== null, error: page.error ?? error, reload: page.reload };
}

function Sentence({ event }: { event: AssetEvent }) {
	const { phrases } = wordsOf(event);
	return (
		<>
			{phrases.map((phrase, i) => (
				<span key={i}>{phrase.foreign !== undefined ? <b><Text of={phrase.foreign} /></b> : phrase.said}{' '}</span>
			))}
		</>
	);
}

function Line({ event, hasAsset, onOpen }: { event: AssetEvent; hasAsset: boolean; onOpen(event: AssetEvent): void }) {
	const isFresh = useMemo(() => Date.now() - Date.parse(event.received_at) < FRESH_MS, []);
	const { tone } = wordsOf(event);
	const at = Date.parse(event.at);
	return (
		<li class={`event ${tone}${event.kind === 'gaps' ? ' gap' : ''}${isFresh ? ' flash added' : ''}`}>
			<time class="at" title={absolute(at)}>{clockTime(at)}</time>
			<span class={`kind ${tone}`}>{KIND_NAMES[event.kind] ?? visible(event.kind)}</span>
			{hasAsset && <a class="asset" href={href(['assets', event.asset, 'events'])} title={visible(event.asset_name)}><Text of={event.asset_name} /></a>}
			<button class="link what" data-item title="Show all of it" onClick={() => onOpen(event)}><span class="words"><Sentence event={event} /></span></button>
		</li>
	);
}

function byDay(events: readonly AssetEvent[]): [string, AssetEvent[]][] {
	const days: [string, AssetEvent[]][] = [];
	for (const event of events) {
		const day = localDay(Date.parse(event.at));
		const last = days[days.length - 1];
		if (last?.[0] === day) {
			last[1].push(event);
		} else {
			days.push([day, [event]]);
		}
	}
	return days;
}

function Moment({ label, value, onChange }: { label: string; value: string | null; onChange(value: string | null): void }) {
	return (
		<label>
			{label}{' '}
			<input
				type="datetime-local"
				step={1}
				value={value ? toInput(Date.parse(value)) : ''}
				onChange={({ currentTarget }) => {
					const ms = fromInput(currentTarget.value);
					onChange(Number.isNaN(ms) ? null : new Date(ms).toISOString());
				}}
			/>
		</label>
	);
}

interface Props {
	filter: EventFilter;
	/** The page is about one asset: its name is not repeated. */
	isOneAsset?: boolean;
	onFilter(filter: EventFilter): void;
}

export function EventList({ filter, isOneAsset = false, onFilter }: Props) {
	const [isHeld, setHeld] = useState(false);
	const { items, next, loadOlder, isLoading, waiting, missed, isLoaded, error, reload } = useEvents(filter, isHeld);
	const [open, setOpen] = useState<AssetEvent | null>(null);
	useEffect(wantSchema, []);
	const days = useMemo(() => byDay(items), [items]);
	const isFiltered = Boolean(filter.kind || filter.since || filter.until || (filter.asset && !isOneAsset));
	const kinds = eventKinds.value?.map(({ name }) => name) ?? KINDS;
	const known = open && eventKinds.value?.find(({ name }) => name === open.kind);
	return (
		<div class="events">
			<header class="filters">
				<label>
					Kind{' '}
					<select value={filter.kind ?? ''} onChange={(event) => onFilter({ ...filter, kind: event.currentTarget.value || null })}>
						<option value="">all</option>
						{kinds.map((name) => <option key={name} value={name}>{visible(name.replaceAll('_', ' '))}</option>)}
					</select>
				</label>
				<Moment label="From" value={filter.since} onChange={(since) => onFilter({ ...filter, since })} />
				<Moment label="to" value={filter.until} onChange={(until) => onFilter({ ...filter, until })} />
				{isFiltered && <button onClick={() => onFilter({ asset: isOneAsset ? filter.asset : null, kind: null, since: null, until: null })}>Clear</button>}
				<span class="end">
					{filter.until
						? <span class="muted">not live: the list ends in the past</span>
						: <button aria-pressed={isHeld} onClick={() => setHeld(!isHeld)}>{isHeld ? `Go on${waiting > 0 ? ` (${count(waiting)} new)` : ''}` : 'Hold'}</button>}
				</span>
			</header>
			{missed > 0 && <p class="note-line warn" role="status">This page was too slow for {plural(missed, 'event')} and has loaded the newest instead; none is missing from the list.</p>}
			{error && <Failure error={error} retry={reload} />}
			{!isLoaded && !error && <Loading what="events" />}
			{isLoaded && items.length === 0 && (isFiltered
				? <Empty title="No event matches">Events are kept for as long as the policy says.</Empty>
				: <Empty title="No event yet">Executions, logins, uses of sudo and what changed on accounts, services and files appear here within a second.</Empty>)}
			{days.map(([day, events]) => (
				<section key={day}>
					<h3>{day}</h3>
					<ol class={isOneAsset ? 'one' : ''}>
						{events.map((event) => <Line key={event.no} event={event} hasAsset={!isOneAsset} onOpen={setOpen} />)}
					</ol>
				</section>
			))}
			{next !== null && items.length < HELD_MAX && (
				<button onClick={loadOlder} disabled={isLoading}>{isLoading ? 'Loading…' : 'Load older events'}</button>
			)}
			{items.length >= HELD_MAX && <p class="muted">That is as far as this page goes; choose a time to see further back.</p>}
			{open && (
				<Dialog title={KIND_NAMES[open.kind] ?? visible(open.kind)} onClose={() => setOpen(null)} isWide>
					<Fields
						names={['asset', 'at', 'received_at', ...Object.keys(open.row)]}
						row={[open.asset_name, open.at, open.received_at, ...Object.values(open.row)]}
						schema={known?.columns}
					/>
				</Dialog>
			)}
		</div>
	);
}
