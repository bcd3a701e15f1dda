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
const LIVE_MAX = 1000;
const HELD_MAX = 5000;
const FRESH_MS = 3000;
const KINDS = Object.keys(KIND_NAMES);

/** Events without a hole between them, newest first, and where the older ones begin. */
interface List {
	of: Page<AssetEvent, number>;
	items: readonly AssetEvent[];
	next: number | null;
}

/** The list with what arrived (oldest first) in front; what is too much goes at the end. */
function withArrived(list: List, arrived: readonly AssetEvent[], isWhole: boolean, canCut: boolean): List {
	const newest = list.items[0]?.no ?? -1;
	const fresh = arrived.filter((event) => event.no > newest).reverse();
	const all = isWhole ? [...fresh, ...list.items] : fresh;	// else there is a hole behind what arrived
	const max = canCut ? Math.max(LIVE_MAX, list.items.length) : all.length;
	const items = all.slice(0, max);
	return { ...list, items, next: isWhole && items.length === all.length ? list.next : items[items.length - 1]?.no ?? list.next };
}

/** What came while the list is held. */
interface Waiting {
	events: readonly AssetEvent[];
	count: number;
}

const NOTHING: Waiting = { events: [], count: 0 };

/** A page of events, with what happens now in front of it unless it is held or a time ends the list. */
function useEvents(filter: EventFilter, isHeld: boolean) {
	const id = [tenant.value, filter.asset, filter.kind, filter.since, filter.until];
	const page = useLoad((abort) => getEvents(filter, null, PAGE_SIZE, abort), id);
	const [state, setState] = useState<List | null>(null);
	const [waiting, setWaiting] = useState<Waiting>(NOTHING);
	const [missed, setMissed] = useState(0);
	const [error, setError] = useState<ApiError | null>(null);
	const [isLoading, setLoading] = useState(false);
	const held = useRef(isHeld);
	const isAsking = useRef(false);	// for older ones: the end stays where it is until they are here
	held.current = isHeld;
	const fresh = page.data && { of: page.data, items: page.data.items, next: page.data.next };
	const list = state && state.of === page.data ? state : fresh;

	useEffect(() => setMissed(0), [id.join('\n')]);
	useEffect(() => {
		setState(fresh);
		setWaiting(NOTHING);
		if (!page.data || filter.until) {
			return undefined;
		}
		return followEvents(filter, page.data.items[0]?.no ?? 0, {
			onEvents: (batch) => {
				if (held.current) {
					setWaiting((old) => ({ events: [...old.events, ...batch].slice(-LIVE_MAX), count: old.count + batch.length }));
				} else {
					setState((old) => old && withArrived(old, batch, true, !isAsking.current));
				}
			},
			onMissed: (n) => {
				setMissed((old) => old + n);
				page.reload();
			},
		});
	}, [page.data]);
	useEffect(() => {
		if (!isHeld && waiting.count > 0) {
			setState((old) => old && withArrived(old, waiting.events, waiting.count === waiting.events.length, !isAsking.current));
			setWaiting(NOTHING);
		}
	}, [isHeld]);

	const loadOlder = async () => {
		isAsking.current = true;
		setLoading(true);
		try {
			const asked = list?.next ?? null;
			const got = await getEvents(filter, asked, PAGE_SIZE);
			setState((old) => (old?.next === asked ? { ...old, items: [...old.items, ...got.items], next: got.next } : old));
			setError(null);
		} catch (failure) {
			setError(asApiError(failure));
		} finally {
			isAsking.current = false;
			setLoading(false);
		}
	};
	return {
		items: list?.items ?? [], next: list?.next ?? null, loadOlder, isLoading, waiting: waiting.count, missed,
		isLoaded: list !== null, error: page.error ?? error, reload: page.reload,
	};
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
	// There may be a thousand a second: an event never changes, so it is rendered once.
	return useMemo(() => {
		const isFresh = Date.now() - Date.parse(event.received_at) < FRESH_MS;
		const { tone } = wordsOf(event);
		const at = Date.parse(event.at);
		return (
			<li class={`event ${tone}${event.kind === 'gaps' ? ' gap' : ''}${isFresh ? ' flash added' : ''}`} data-no={event.no}>
				<time class="at" title={absolute(at)}>{clockTime(at)}</time>
				<span class={`kind ${tone}`}>{KIND_NAMES[event.kind] ?? visible(event.kind)}</span>
				{hasAsset && <a class="asset" href={href(['assets', event.asset, 'events'])} title={visible(event.asset_name)}><Text of={event.asset_name} /></a>}
				<button class="link what" data-item title="Show all of it" onClick={() => onOpen(event)}><span class="words"><Sentence event={event} /></span></button>
			</li>
		);
	}, [event, hasAsset]);
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
