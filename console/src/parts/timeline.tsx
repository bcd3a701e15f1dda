// timeline.tsx - an asset's history, newest first, by day and commit.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError, getHistory } from '../api';
import { useLoad } from '../load';
import { mergeNewest } from '../ring';
import { href } from '../router';
import { onChanges } from '../stream';
import { plural, visible } from '../text';
import { absolute, localDay } from '../time';
import type { Change, Page } from '../types';
import { Differences, OpSign, timeOf } from './change';
import { Empty, Failure, Loading } from './states';
import { Text } from './text';

const PAGE_SIZE = 100;
const LIVE_MAX = 1000;
const GROUP_SHOWN = 4;
const HELD_MAX = 10_000;

/** Changes of one commit to one table, of one kind. */
interface Group {
	id: string;
	changes: Change[];
}

function grouped(changes: readonly Change[]): [day: string, groups: Group[]][] {
	const days = new Map<string, Map<string, Group>>();
	for (const change of changes) {
		const day = localDay(Date.parse(change.at));
		const groups = days.get(day) ?? new Map<string, Group>();
		const id = `${change.no} ${change.table} ${change.op}`;
		const group = groups.get(id) ?? { id, changes: [] };
		group.changes.push(change);
		groups.set(id, group);
		days.set(day, groups);
	}
	return [...days].map(([day, groups]) => [day, [...groups.values()]]);
}

function Entry({ group, isNew }: { group: Group; isNew: boolean }) {
	const [isOpen, setOpen] = useState(false);
	const { changes } = group;
	const first = changes[0]!;
	const shown = isOpen ? changes : changes.slice(0, GROUP_SHOWN);
	const observed = Date.parse(first.observed_at);
	return (
		<li class={`entry${isNew ? ' flash added' : ''}`}>
			<a
				class="at"
				data-item
				href={href(['assets', first.asset, first.table], { at: first.at })}
				title={`${absolute(Date.parse(first.at))}\nseen by the sensor: ${absolute(observed)}\nOpen the table as it was then`}
			>
				{timeOf(first)}
			</a>
			<OpSign op={first.op} />
			<div class="entry-body">
				<div class="muted">
					{visible(first.table)} {changes.length > 1 && <>· {plural(changes.length, 'row')} {first.op}</>}
				</div>
				{shown.map((change) => (
					<div key={change.index} class="entry-row">
						<Text of={change.key || visible(change.table)} /> <Differences change={change} />
					</div>
				))}
				{changes.length > GROUP_SHOWN && (
					<button class="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
						{isOpen ? 'Show fewer' : `Show ${changes.length - GROUP_SHOWN} more`}
					</button>
				)}
			</div>
		</li>
	);
}

interface Props {
	asset: string;
	tables: string[];
	table: string | null;
	onTable(table: string | null): void;
}

export function Timeline({ asset, tables, table, onTable }: Props) {
	const page = useLoad((abort) => getHistory(asset, { table, limit: PAGE_SIZE }, abort), [asset, table]);
	const [older, setOlder] = useState<Page<Change, number> | null>(null);
	const [live, setLive] = useState<Change[]>([]);
	const [isLoading, setLoading] = useState(false);
	const [error, setError] = useState<ApiError | null>(null);
	const opened = useRef(0);

	useEffect(() => {
		setOlder(null);
		setLive([]);
		opened.current = 0;
		return onChanges((batch) => {
			const mine = batch.filter((c) => c.asset === asset && (!table || c.table === table));
			if (mine.length > 0) {
				setLive((old) => mergeNewest(old, mine, LIVE_MAX));
			}
		});
	}, [asset, table]);
	if (page.data && opened.current === 0) {
		opened.current = page.data.items[0]?.no ?? -1;
	}

	const items = useMemo(
		() => mergeNewest(live, [...(page.data?.items ?? []), ...(older?.items ?? [])], HELD_MAX), [live, page.data, older]);
	const days = useMemo(() => grouped(items), [items]);
	const next = older ? older.next : page.data?.next ?? null;
	const loadOlder = async () => {
		setLoading(true);
		try {
			const got = await getHistory(asset, { table, before: next, limit: PAGE_SIZE });
			setOlder((old) => ({ items: [...(old?.items ?? []), ...got.items], next: got.next }));
			setError(null);
		} catch (failure) {
			setError(asApiError(failure));
		} finally {
			setLoading(false);
		}
	};

	return (
		<div class="timeline">
			<header>
				<label>
					Table{' '}
					<select value={table ?? ''} onChange={(event) => onTable(event.currentTarget.value || null)}>
						<option value="">all</option>
						{tables.map((name) => <option key={name} value={name}>{visible(name)}</option>)}
					</select>
				</label>
			</header>
			{page.error && <Failure error={page.error} retry={page.reload} />}
			{!page.data && !page.error && <Loading what="the history" />}
			{page.data && items.length === 0 && <Empty title="No change yet">What changes on this asset appears here within a second.</Empty>}
			{days.map(([day, groups]) => (
				<section key={day}>
					<h3>{day}</h3>
					<ol class="entries">
						{groups.map((group) => (
							<Entry key={group.id} group={group} isNew={opened.current !== 0 && group.changes[0]!.no > opened.current} />
						))}
					</ol>
				</section>
			))}
			{error && <Failure error={error} />}
			{next !== null && items.length < HELD_MAX && (
				<button onClick={loadOlder} disabled={isLoading}>{isLoading ? 'Loading…' : 'Load older changes'}</button>
			)}
			{items.length >= HELD_MAX && <p class="muted">That is as far as this page goes; choose a table to see further back.</p>}
		</div>
	);
}
