// grid.tsx - a table of any length: only the rows in sight are in the document.
//
// Every row has the same height, so a row's place is its index times that height.
// The grid itself holds the focus and points at the marked row (aria-activedescendant).
import type { ComponentChildren } from 'preact';
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

export function Grid<R>(props: Props<R>) {
	const { label, columns, rows, rowKey, onOpen, flash, rowHeight = 30, onEnd } = props;
	const box = useRef<HTMLDivElement>(null);
	const id = useId();
	const [view, setView] = useState({ top: 0, height: 600 });
	const [marked, setMarked] = useState(-1);
	const [sort, setSort] = useState<Sort>(null);
	const sorted = useSorted(rows, columns, sort);

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

	const first = Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN);
	const end = Math.min(sorted.length, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN);
	useEffect(() => {
		if (end > sorted.length - END_ROWS) {
			onEnd?.();
		}
	}, [end, sorted.length]);

	const mark = (index: number) => {
		const at = Math.max(0, Math.min(sorted.length - 1, index));
		const element = box.current!;
		setMarked(at);
		if (at * rowHeight < element.scrollTop) {
			element.scrollTop = at * rowHeight;
		} else if ((at + 1) * rowHeight + HEAD_HEIGHT > element.scrollTop + element.clientHeight) {
			element.scrollTop = (at + 1) * rowHeight + HEAD_HEIGHT - element.clientHeight;
		}
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

	const turn = (column: Column<R>) => setSort((old) =>
		old?.id !== column.id ? { id: column.id, isDown: false } : old.isDown ? null : { id: column.id, isDown: true });

	const template = columns
		.map((c, i) => (i === columns.length - 1 ? `minmax(${c.width}ch, 1fr)` : `${c.width}ch`)).join(' ');
	const total = columns.reduce((sum, c) => sum + c.width, 0);

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
			onFocus={(event) => event.target === box.current && marked < 0 && sorted.length > 0 && mark(first > 0 ? first + OVERSCAN : 0)}
			style={{ '--columns': template, '--row': `${rowHeight}px`, '--head': `${HEAD_HEIGHT}px` }}
		>
			<div class="grid-inner" style={{ 'min-width': `max(100%, calc(${total}ch + ${columns.length + 1} * var(--gap)))` }}>
				<div role="row" class="grid-row grid-head" aria-rowindex={1}>
					{columns.map((column) => (
						<div
							key={column.id}
							role="columnheader"
							class={column.isNumber ? 'number' : ''}
							title={column.hint}
							aria-sort={sort?.id !== column.id ? 'none' : sort.isDown ? 'descending' : 'ascending'}
						>
							{column.sortKey
								? (
									<button tabIndex={-1} onClick={() => turn(column)}>
										{column.title}
										{sort?.id === column.id && <span aria-hidden="true">{sort.isDown ? ' ↓' : ' ↑'}</span>}
									</button>
								)
								: column.title}
						</div>
					))}
				</div>
				<div role="rowgroup" class="grid-body" style={{ height: `${sorted.length * rowHeight}px` }}>
					{sorted.slice(first, end).map((row, i) => {
						const index = first + i;
						const key = rowKey(row, index);
						const op = flash?.get(key);
						return (
							<div
								key={key}
								id={`${id}-${index}`}
								role="row"
								aria-rowindex={index + 2}
								aria-selected={index === marked}
								class={`grid-row${op ? ` flash ${op}` : ''}${onOpen ? ' opens' : ''}`}
								style={{ transform: `translateY(${index * rowHeight}px)` }}
								onClick={(event) => {
									setMarked(index);
									if (!(event.target as Element).closest('a, button') && !getSelection()?.toString()) {
										onOpen?.(row);
									}
								}}
							>
								{columns.map((column) => (
									<div key={column.id} role="gridcell" class={column.isNumber ? 'number' : ''} title={column.titleOf?.(row)}>
										{column.cell(row)}
									</div>
								))}
							</div>
						);
					})}
				</div>
			</div>
		</div>
	);
}
