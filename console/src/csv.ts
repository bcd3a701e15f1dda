// csv.ts - results to take along, as CSV (RFC 4180) or JSON.
import { valueText } from './text';
import type { QueryResult, Value } from './types';

// Spreadsheets run text that begins so as a formula; a leading apostrophe makes it text again.
const FORMULA = /^[=+\-@\t\r]/;

function field(value: Value | undefined): string {
	const text = valueText(value);
	const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
	return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function toCsv(result: QueryResult): string {
	return [result.columns, ...result.rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** A list of objects, column -> value. Columns of the same name are told apart by their number. */
export function toJson(result: QueryResult): string {
	const names = result.columns.map((name, i) => (result.columns.indexOf(name) === i ? name : `${name}_${i + 1}`));
	const objects = result.rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])));
	return JSON.stringify(objects, null, '\t');
}

export function download(name: string, type: string, text: string): void {
	const url = URL.createObjectURL(new Blob([text], { type }));
	const link = document.createElement('a');
	link.href = url;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
