// grid.tsx - a table of any length: only the rows in sight are in the document.
//
// Every row has the same height, so a row's place is its index times that height.
// The grid itself holds the focus and points at the marked row (aria-activedescendant).
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Op } from '../types';

export interface Column<R> {
	id: string;
	title: ComponentChildren;
	/** In ch; the last column takes what is left. */
	width: number;
	cell(row: R): ComponentChildren;
	titleOf?(row: R): string;
	sortKey?(row: R): string | number | null;
	hint?: string;
	isNumber?: boolean;
}

interface Props<R> {
	label: string;
	columns: readonly Column<R>[];
	rows: readonly R[];
	rowKey(row: R, index: number): string;
	onOpen?(row: R): void;
	flash?: ReadonlyMap<string, Op>;
	rowHeight?: number;
	/** The end is near: load more, if there is more. */
	onEnd?(): void;
}

type Sort = { id: string; isDown: boolean } | null;

const OVERSCAN = 8;
const HEAD_HEIGHT = 30;
const PAGE_ROWS = 10;
const END_ROWS = 50;

function compare(a: string | number | null, b: string | number | null): number {
	if (a === null || b === null) {
		return a === b ? 0 : a === null ? 1 : -1;
	}
	return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
}

function useSorted<R>(rows: readonly R[], columns: readonly Column<R>[], sort: Sort): readonly R[] {
	return useMemo(() => {
		const key = sort && columns.find((c) => c.id === sort.id)?.sortKey;
		if (!sort || !key) {
			return rows;
		}
		const keyed = rows.map((row) => ({ row, key: key(row) }));
		keyed.sort((a, b) => (sort.isDown ? compare(b.key, a.key) : compare(a.key, b.key)));
		return keyed.map(({ row }) => row);
	}, [rows, columns, sort]);
}

const ARROWS: Record<string, (at: number, last: number) => number> = {
	ArrowDown: (at) => at + 1,
	j: (at) => at + 1,
	ArrowUp: (at) => at - 1,
	k: (at) => at - 1,
	PageDown: (at) => at + PAGE_ROWS,
	PageUp: (at) => at - PAGE_ROWS,
	Home: () => 0,
	End: (_, last) => last,
};

/** What part of the box is in sight. */
function useView(box: RefObject<HTMLDivElement>): { top: number; height: number } {
	const [view, setView] = useState({ top: 0, height: 600 });
	useLayoutEffect(() => {
		const element = box.current!;
		const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
		const observer = new ResizeObserver(measure);
		observer.observe(element);
		element.addEventListener('scroll', measure, { passive: true });
		measure();
		return () => {
			observer.disconnect();
			element.removeEventListener('scroll', measure);
		};
	}, []);
	return view;
}

/** Scrolls no further than needed to have a row in sight, below the head. */
function bringIntoSight(element: HTMLElement, top: number, height: number): void {
	if (top < element.scrollTop) {
		element.scrollTop = top;
	} else if (top + height + HEAD_HEIGHT > element.scrollTop + element.clientHeight) {
		element.scrollTop = top + height + HEAD_HEIGHT - element.clientHeight;
	}
}

function Head<R>({ columns, sort, onSort }: { columns: readonly Column<R>[]; sort: Sort; onSort(sort: Sort): void }) {
	const turn = ({ id }: Column<R>) =>
		onSort(sort?.id !== id ? { id, isDown: false } : sort.isDown ? null : { id, isDown: true });
	return (
		<div role="row" class="grid-row grid-head" aria-rowindex={1}>
			{columns.map((column) => {
				const mine = sort?.id === column.id ? sort : null;
				return (
					<div
						key={column.id}
						role="columnheader"
						class={column.isNumber ? 'number' : ''}
						title={column.hint}
						aria-sort={!mine ? 'none' : mine.isDown ? 'descending' : 'ascending'}
					>
						{column.sortKey
							? (
								<button tabIndex={-1} onClick={() => turn(column)}>
									{column.title}
									{mine && <span aria-hidden="true">{mine.isDown ? ' ↓' : ' ↑'}</span>}
								</button>
							)
							: column.title}
					</div>
				);
			})}
		</div>
	);
}

interface LineProps<R> {
	id: string;
	row: R;
	index: number;
	columns: readonly Column<R>[];
	rowHeight: number;
	isMarked: boolean;
	op: Op | undefined;
	onMark(index: number): void;
	onOpen: ((row: R) => void) | undefined;
}

function Line<R>({ id, row, index, columns, rowHeight, isMarked, op, onMark, onOpen }: LineProps<R>) {
	const press = (event: Event) => {
		onMark(index);
		const isSelecting = getSelection()?.toString() !== '';
		if (!isSelecting && !(event.target as Element).closest('a, button')) {
			onOpen?.(row);
		}
	};
	return (
		<div
			id={id}
			role="row"
			aria-rowindex={index + 2}
			aria-selected={isMarked}
			class={`grid-row${op ? ` flash ${op}` : ''}${onOpen ? ' opens' : ''}`}
			style={{ transform: `translateY(${index * rowHeight}px)` }}
			onClick={press}
		>
			{columns.map((column) => (
				<div key={column.id} role="gridcell" class={column.isNumber ? 'number' : ''} title={column.titleOf?.(row)}>
					{column.cell(row)}
				</div>
			))}
		</div>
	);
}

function widths<R>(columns: readonly Column<R>[]): { template: string; total: string } {
	const last = columns.length - 1;
	const sum = columns.reduce((total, column) => total + column.width, 0);
	return {
		template: columns.map(({ width }, i) => (i === last ? `minmax(${width}ch, 1fr)` : `${width}ch`)).join(' '),
		total: `calc(${sum}ch + ${columns.length + 1} * var(--gap))`,
	};
}

export function Grid<R>(props: Props<R>) {
	const { label, columns, rows, rowKey, onOpen, flash, rowHeight = 30, onEnd } = props;
	const box = useRef<HTMLDivElement>(null);
	const id = useId();
	const view = useView(box);
	const [marked, setMarked] = useState(-1);
	const [sort, setSort] = useState<Sort>(null);
	const sorted = useSorted(rows, columns, sort);
	const first = Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN);
	const end = Math.min(sorted.length, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN);
	const { template, total } = widths(columns);

	useEffect(() => {
		if (end > sorted.length - END_ROWS) {
			onEnd?.();
		}
	}, [end, sorted.length]);

	const mark = (index: number) => {
		const at = Math.max(0, Math.min(sorted.length - 1, index));
		setMarked(at);
		bringIntoSight(box.current!, at * rowHeight, rowHeight);
	};
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.target !== box.current || event.ctrlKey || event.metaKey || event.altKey) {
			return;
		}
		const move = ARROWS[event.key];
		const row = sorted[marked];
		if (move && sorted.length > 0) {
			mark(move(marked, sorted.length - 1));
		} else if (event.key === 'Enter' && row !== undefined && onOpen) {
			onOpen(row);
		} else {
			return;
		}
		event.preventDefault();
	};
	const onFocus = (event: FocusEvent) => {
		if (event.target === box.current && marked < 0 && sorted.length > 0) {
			mark(first > 0 ? first + OVERSCAN : 0);
		}
	};

	return (
		<div
			ref={box}
			class="grid"
			role="grid"
			tabIndex={0}
			aria-label={label}
			aria-rowcount={sorted.length + 1}
			aria-activedescendant={marked >= first && marked < end ? `${id}-${marked}` : undefined}
			onKeyDown={onKeyDown}
			onFocus={onFocus}
			style={{ '--columns': template, '--row': `${rowHeight}px`, '--head': `${HEAD_HEIGHT}px` }}
		>
			<div class="grid-inner" style={{ 'min-width': `max(100%, ${total})` }}>
				<Head columns={columns} sort={sort} onSort={setSort} />
				<div role="rowgroup" class="grid-body" style={{ height: `${sorted.length * rowHeight}px` }}>
					{sorted.slice(first, end).map((row, i) => {
						const index = first + i;
						const key = rowKey(row, index);
						return (
							<Line
								key={key}
								id={`${id}-${index}`}
								row={row}
								index={index}
								columns={columns}
								rowHeight={rowHeight}
								isMarked={index === marked}
								op={flash?.get(key)}
								onMark={setMarked}
								onOpen={onOpen}
							/>
						);
					})}
				</div>
			</div>
		</div>
	);
}
