// datagrid.tsx - rows of values in a grid: columns sized by what they hold, a row opened in full.
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { valueText, visible } from '../text';
import type { Op, Row, SchemaColumn, Value } from '../types';
import { Dialog } from './dialog';
import { Grid, type Column } from './grid';
import { Ago, Cell, isMoment, Text, titleOf } from './text';

const SAMPLE_ROWS = 300;
const WIDTH_MIN = 5;
const WIDTH_MAX = 44;
const DETAIL_MAX = 100_000;

function width(name: string, rows: readonly Row[], index: number): number {
	let longest = name.length + 2;
	for (let i = 0; i < Math.min(rows.length, SAMPLE_ROWS); i++) {
		longest = Math.max(longest, visible(valueText(rows[i]![index])).length);
	}
	return Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, longest));
}

const sortKey = (value: Value | undefined) =>
	typeof value === 'number' ? value : value === null || value === undefined ? null : valueText(value);

interface Props {
	label: string;
	names: readonly string[];
	rows: readonly Row[];
	rowKey(row: Row, index: number): string;
	/** What the columns mean, where that is known. */
	schema?: readonly SchemaColumn[] | undefined;
	flash?: ReadonlyMap<string, Op>;
}

export function DataGrid({ label, names, rows, rowKey, schema, flash }: Props) {
	const [open, setOpen] = useState<Row | null>(null);
	const shape = names.join('\n') + (rows.length > 0);	// filtering must not move the columns
	const columns = useMemo(() => names.map((name, i): Column<Row> => {
		const meaning = schema?.find((c) => c.name === name)?.meaning;
		return {
			id: `${i}`,
			title: <Text of={name} />,
			width: width(name, rows, i),
			cell: (row) => <Cell value={row[i]} />,
			titleOf: (row) => titleOf(row[i]),
			sortKey: (row) => sortKey(row[i]),
			isNumber: rows.length > 0 && rows.slice(0, SAMPLE_ROWS).every((row) => typeof row[i] === 'number'),
			...(meaning && { hint: meaning }),
		};
	}), [shape, schema]);
	return (
		<>
			<Grid
				label={label}
				columns={columns}
				rows={rows}
				rowKey={rowKey}
				onOpen={setOpen}
				{...(flash && { flash })}
			/>
			{open && (
				<Dialog title={label} onClose={() => setOpen(null)} isWide>
					<Fields names={names} row={open} schema={schema} />
				</Dialog>
			)}
		</>
	);
}

export function Fields({ names, row, schema }: { names: readonly string[]; row: Row; schema?: readonly SchemaColumn[] | undefined }) {
	return (
		<dl class="fields">
			{names.map((name, i) => {
				const meaning = schema?.find((c) => c.name === name)?.meaning;
				return (
					<div key={i}>
						<dt>
							<Text of={name} />
							{meaning && <small>{meaning}</small>}
						</dt>
						<dd>{fieldValue(row[i])}</dd>
					</div>
				);
			})}
		</dl>
	);
}

function fieldValue(value: Value | undefined): ComponentChildren {
	if (Array.isArray(value)) {
		return value.length === 0
			? <span class="muted">empty list</span>
			: <ul>{value.map((item, i) => <li key={i}><Text of={item} max={DETAIL_MAX} /></li>)}</ul>;
	}
	if (isMoment(value)) {
		return <>{value} <span class="muted">(<Ago at={value} />)</span></>;
	}
	return value === null || value === undefined
		? <span class="muted">no value</span>
		: <Text of={valueText(value)} max={DETAIL_MAX} />;
}
