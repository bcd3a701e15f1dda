// query.tsx - SQL over the inventory: write, run, look, take along.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, runQuery } from '../api';
import { download, toCsv, toJson } from '../csv';
import { EXAMPLES, type SavedQuery } from '../examples';
import { DataGrid } from '../parts/datagrid';
import { Dialog } from '../parts/dialog';
import { Empty, Failure } from '../parts/states';
import { recall, remember } from '../remember';
import { schema, wantSchema } from '../schema';
import { tenant } from '../session';
import { plural, visible } from '../text';
import { elapsed } from '../time';
import type { QueryResult, Row } from '../types';

const SAVED_MAX = 50;

// Kept outside the component, so that a look at another page loses nothing.
const sql = signal(recall('sql', EXAMPLES[0]!.sql));
const saved = signal<SavedQuery[]>(recall('queries', []));
const outcome = signal<{ at: number; tenant: string; result: QueryResult | null; error: ApiError | null } | null>(null);
const running = signal<{ abort: AbortController; since: number } | null>(null);

async function run(): Promise<void> {
	running.value?.abort.abort();
	const abort = new AbortController();
	const mine = { abort, since: Date.now() };
	running.value = mine;
	remember('sql', sql.value);
	const asked = tenant.value;
	try {
		const result = await runQuery(sql.value, abort.signal);
		outcome.value = { at: Date.now(), tenant: asked, result, error: null };
	} catch (error) {
		if (error instanceof ApiError) {
			outcome.value = { at: Date.now(), tenant: asked, result: null, error };
		}
	} finally {
		if (running.value === mine) {
			running.value = null;
		}
	}
}

function cancel(): void {
	running.value?.abort.abort();
	running.value = null;
}

function keep(queries: SavedQuery[]): void {
	saved.value = queries.slice(-SAVED_MAX);
	remember('queries', saved.value);
}

function Save({ onClose }: { onClose(): void }) {
	const [name, setName] = useState('');
	const save = (event: Event) => {
		event.preventDefault();
		keep([...saved.value.filter((query) => query.name !== name.trim()), { name: name.trim(), sql: sql.value }]);
		onClose();
	};
	return (
		<Dialog title="Save this query" onClose={onClose}>
			<form class="form" onSubmit={save}>
				<label>
					Name
					<input value={name} required pattern=".*\S.*" maxLength={100} autofocus onInput={(event) => setName(event.currentTarget.value)} />
					<small>Kept in this browser; a query of that name is replaced</small>
				</label>
				<footer><button class="primary">Save</button></footer>
			</form>
		</Dialog>
	);
}

function Saved() {
	const all = [...EXAMPLES, ...saved.value];
	const current = all.findIndex((query) => query.sql === sql.value);
	const [isSaving, setSaving] = useState(false);
	const isOwn = current >= EXAMPLES.length;
	const options = (queries: SavedQuery[], from: number) =>
		queries.map((query, i) => <option key={i} value={from + i}>{visible(query.name)}</option>);
	return (
		<>
			<select
				aria-label="Saved queries"
				value={current}
				onChange={(event) => {
					sql.value = all[Number(event.currentTarget.value)]?.sql ?? sql.value;
				}}
			>
				<option value={-1} disabled>Examples and saved queries</option>
				<optgroup label="Examples">{options(EXAMPLES, 0)}</optgroup>
				{saved.value.length > 0 && <optgroup label="Saved in this browser">{options(saved.value, EXAMPLES.length)}</optgroup>}
			</select>
			<button onClick={() => setSaving(true)} disabled={current >= 0}>Save</button>
			{isSaving && <Save onClose={() => setSaving(false)} />}
			{isOwn && <button onClick={() => keep(saved.value.filter((query) => query.sql !== sql.value))}>Forget</button>}
		</>
	);
}

function Vocabulary({ insert }: { insert(text: string): void }) {
	return (
		<details class="vocabulary">
			<summary>Tables and columns</summary>
			{schema.value === null && <p class="muted">Loading…</p>}
			{schema.value?.map((table) => (
				<details key={table.name}>
					<summary title={table.summary}><code>{table.name}</code></summary>
					<ul>
						{table.columns.map((column) => (
							<li key={column.name}>
								<button class="link" title={`${column.type}: ${column.meaning}`} onClick={() => insert(column.name)}>{column.name}</button>
								<span class="muted"> {column.type}{column.is_key && ', key'}</span>
							</li>
						))}
					</ul>
				</details>
			))}
			<p class="muted">Every table also has <code>asset</code>, the asset's id.</p>
		</details>
	);
}

function Results({ result, at }: { result: QueryResult; at: number }) {
	const stamp = new Date(at).toISOString().slice(0, 19).replaceAll(':', '');
	return (
		<section class="results fill" aria-label="Results">
			<header>
				<span role="status">
					{plural(result.rows.length, 'row')} in {result.elapsed_ms.toFixed(result.elapsed_ms < 10 ? 1 : 0)} ms
					{result.is_truncated && <strong class="warn"> · there are more: add a WHERE or a LIMIT</strong>}
				</span>
				<span class="end">
					<button
						title="Text that a spreadsheet would run as a formula gets a leading apostrophe"
						onClick={() => download(`bartizan-${stamp}.csv`, 'text/csv', toCsv(result))}
					>
						CSV
					</button>{' '}
					<button onClick={() => download(`bartizan-${stamp}.json`, 'application/json', toJson(result))}>JSON</button>
				</span>
			</header>
			{result.rows.length === 0
				? <Empty title="No row">The query ran well; nothing matches it.</Empty>
				: <DataGrid label="Results" names={result.columns} rows={result.rows} rowKey={rowNumber} />}
		</section>
	);
}

const rowNumber = (_: Row, index: number) => String(index);

export function QueryPage() {
	const editor = useRef<HTMLTextAreaElement>(null);
	useEffect(() => {
		document.title = 'Query · Bartizan';
		wantSchema();
		editor.current?.focus();
	}, []);
	const insert = (text: string) => {
		const field = editor.current!;
		field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
		sql.value = field.value;
		field.focus();
	};
	const shown = outcome.value?.tenant === tenant.value ? outcome.value : null;
	return (
		<div class="page fill query">
			<header class="page-head">
				<h1>Query</h1>
				<Saved />
			</header>
			<div class="editor">
				<textarea
					ref={editor}
					data-search
					aria-label="SQL"
					spellcheck={false}
					autocomplete="off"
					maxLength={65_536}
					rows={Math.min(14, Math.max(5, sql.value.split('\n').length + 1))}
					value={sql.value}
					onInput={(event) => (sql.value = event.currentTarget.value)}
					onKeyDown={(event) => {
						if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
							event.preventDefault();
							void run();
						}
					}}
				/>
				<div class="editor-tools">
					<button class="primary" onClick={run} disabled={sql.value.trim() === ''}>Run <kbd>Ctrl ⏎</kbd></button>
					{running.value && <button onClick={cancel}>Cancel</button>}
					<span class="muted" role="status">{running.value && `Running for ${elapsed(running.value.since)}`}</span>
				</div>
				<Vocabulary insert={insert} />
			</div>
			{shown?.error && <Failure error={shown.error} />}
			{shown?.result && <Results key={shown.at} result={shown.result} at={shown.at} />}
			{!shown && !running.value && (
				<Empty title="Ask the whole inventory">SQLite's SQL, read-only. Choose an example or write your own, then press Ctrl Enter.</Empty>
			)}
		</div>
	);
}
