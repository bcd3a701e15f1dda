// rows.ts - an asset's rows of one table, kept as they are by the changes that arrive.
import { valueText } from './text';
import type { Change, Op, Row, Rows, SchemaTable, Value } from './types';

export type KeyOf = (row: Row) => string;

/** What tells a row from its neighbours. Without a schema every column does. */
export function keyOf(columns: readonly string[], schema: SchemaTable | undefined): KeyOf {
	const names = schema?.columns.filter((c) => c.is_key).map((c) => c.name);
	const indices = columns.map((_, i) => i).filter((i) => !names || names.includes(columns[i]!));
	return (row) => indices.map((i) => valueText(row[i])).join('\u0000');
}

function rowOf(columns: readonly string[], values: Record<string, Value>): Row {
	return columns.map((name) => values[name] ?? null);
}

/**
 * The rows after changes of this asset and table, and what happened to which key. Removed rows stay, so that
 * they can be seen to go; forget() drops them. Applying a change that the rows hold already does nothing.
 */
export function apply(table: Rows, changes: readonly Change[], key: KeyOf): { table: Rows; touched: Map<string, Op> } {
	const rows = new Map(table.rows.map((row) => [key(row), row]));
	const touched = new Map<string, Op>();
	for (const change of changes) {
		const values = change.row ?? change.old;
		if (values) {
			const row = rowOf(table.columns, values);
			if (change.op !== 'removed' || rows.has(key(row))) {
				rows.set(key(row), row);
				touched.set(key(row), change.op);
			}
		}
	}
	return { table: { ...table, rows: [...rows.values()] }, touched };
}

export function forget(table: Rows, keys: ReadonlySet<string>, key: KeyOf): Rows {
	return { ...table, rows: table.rows.filter((row) => !keys.has(key(row))) };
}
