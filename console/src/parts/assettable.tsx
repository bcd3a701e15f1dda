// assettable.tsx - one table of an asset: now and live, or as it was at a moment.
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { getAssetTable } from '../api';
import { useLoad } from '../load';
import { apply, forget, keyOf } from '../rows';
import { schema, wantSchema } from '../schema';
import { onChanges } from '../stream';
import { count, plural, valueText, visible } from '../text';
import type { Change, Op, Rows } from '../types';
import { DataGrid } from './datagrid';
import { Empty, Failure, Loading } from './states';

const FLASH_MS = 2000;
const ARRIVED_MAX = 2000;

const keyFor = (rows: Rows) => keyOf(rows.columns, schema.value?.find((t) => t.name === rows.table));

interface Props {
	asset: string;
	table: string;
	at: string | null;
	/** Shown beside the filter. */
	children?: ComponentChildren;
}

/** The rows, followed by the stream, and which of them have just changed. */
function useLiveRows(asset: string, table: string, at: string | null) {
	// Changes that arrive while the rows are being loaded are put on top of them; doing so twice is harmless.
	const arrived = useRef<Change[]>([]);
	const { data, error, reload, update } = useLoad(async (abort) => {
		const rows = await getAssetTable(asset, table, at, abort);
		const { table: now, touched } = apply(rows, at ? [] : arrived.current, keyFor(rows));
		const gone = new Set([...touched.keys()].filter((k) => touched.get(k) === 'removed'));
		return forget(now, gone, keyFor(rows));
	}, [asset, table, at]);
	const held = useRef(data);
	held.current = data;
	const [flash, setFlash] = useState<ReadonlyMap<string, Op>>(new Map());
	const removed = useRef(new Set<string>());	// still in sight, about to go

	useEffect(() => {
		if (at) {
			return undefined;
		}
		const timers = new Set<number>();
		const settle = (touched: ReadonlyMap<string, Op>) => {
			setFlash((old) => new Map([...old].filter(([k, op]) => touched.get(k) !== op)));
			const gone = new Set([...touched.keys()].filter((k) => removed.current.has(k)));
			gone.forEach((k) => removed.current.delete(k));
			if (gone.size > 0) {
				update((rows) => forget(rows, gone, keyFor(rows)));
			}
		};
		const end = onChanges((batch) => {
			const mine = batch.filter((c) => c.asset === asset && c.table === table);
			if (mine.length === 0) {
				return;
			}
			arrived.current = [...arrived.current, ...mine].slice(-ARRIVED_MAX);
			if (!held.current) {
				return;
			}
			const { table: rows, touched } = apply(held.current, mine, keyFor(held.current));
			held.current = rows;
			touched.forEach((op, k) => (op === 'removed' ? removed.current.add(k) : removed.current.delete(k)));
			update(() => rows);
			setFlash((old) => new Map([...old, ...touched]));
			const timer = setTimeout(() => {
				timers.delete(timer);
				settle(touched);
			}, FLASH_MS);
			timers.add(timer);
		});
		return () => {
			end();
			timers.forEach((timer) => clearTimeout(timer));
			arrived.current = [];
			removed.current.clear();
			setFlash(new Map());
		};
	}, [asset, table, at]);
	return { data, flash, error, reload };
}

export function AssetTableView({ asset, table, at, children }: Props) {
	const { data, flash, error, reload } = useLiveRows(asset, table, at);
	const [filter, setFilter] = useState('');
	const known = schema.value?.find((t) => t.name === table);
	const key = useMemo(() => keyOf(data?.columns ?? [], known), [data?.columns.join('\n'), known]);
	useEffect(wantSchema, []);

	const shown = useMemo(() => {
		const needle = filter.toLowerCase();
		const rows = data?.rows ?? [];
		return needle ? rows.filter((row) => row.some((value) => valueText(value).toLowerCase().includes(needle))) : rows;
	}, [data, filter]);

	return (
		<div class="asset-table fill">
			<header>
				<input
					data-search
					type="search"
					placeholder={`Filter ${visible(table)}`}
					aria-label={`Filter ${visible(table)}`}
					spellcheck={false}
					value={filter}
					onInput={(event) => setFilter(event.currentTarget.value)}
					onKeyDown={(event) => event.key === 'ArrowDown' && document.querySelector<HTMLElement>('.grid')?.focus()}
				/>
				<span class="muted" role="status">
					{data && (filter ? `${count(shown.length)} of ${plural(data.rows.length, 'row')}` : plural(data.rows.length, 'row'))}
				</span>
				{children}
			</header>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what={visible(table)} />}
			{data && shown.length > 0 && (
				<DataGrid
					label={visible(table)}
					names={data.columns}
					rows={shown}
					rowKey={key}
					schema={known?.columns}
					flash={flash}
				/>
			)}
			{data && shown.length === 0 && (filter
				? <Empty title="No row matches"><button onClick={() => setFilter('')}>Clear the filter</button></Empty>
				: <Empty title={at ? 'No row then' : 'No row now'}>{known && `${known.summary}. The sensor watches: ${known.signal}.`}</Empty>)}
		</div>
	);
}
