// change.tsx - one change as a line: what, where, from what to what.
import { useMemo } from 'preact/hooks';
import { clockAheadMs } from '../api';
import type { Burst } from '../ring';
import { href } from '../router';
import { plural, sameValue, valueText, visible } from '../text';
import { clockTime } from '../time';
import type { Change, Op, Value } from '../types';
import { Ago, Text } from './text';

const SIGNS: Record<Op, string> = { added: '+', updated: '~', removed: '−' };
const DETAILS_MAX = 3;
const DETAIL_CHARS = 80;

export function OpSign({ op }: { op: Op }) {
	return <span class={`op ${op}`} role="img" aria-label={op} title={op}>{SIGNS[op]}</span>;
}

interface Difference {
	name: string;
	from?: Value | undefined;
	to?: Value | undefined;
}

function differences(change: Change): Difference[] {
	const { row, old } = change;
	if (row && old) {
		return Object.keys(row)
			.filter((name) => !sameValue(row[name], old[name]))
			.map((name) => ({ name, from: old[name], to: row[name] }));
	}
	const only = row ?? old ?? {};
	return Object.keys(only)
		.filter((name) => valueText(only[name]) !== '' && !` ${change.key} `.includes(` ${valueText(only[name])} `))
		.map((name) => ({ name, to: only[name] }));
}

/** What a change did to the columns, in a few words. */
export function Differences({ change }: { change: Change }) {
	const all = differences(change);
	return (
		<span class="differences">
			{all.slice(0, DETAILS_MAX).map(({ name, from, to }) => (
				<span key={name} class="difference">
					<span class="name"><Text of={name} /></span>{' '}
					{from !== undefined && (
						<>
							<del><Text of={valueText(from) || '–'} max={DETAIL_CHARS} /></del>
							<span aria-label="is now"> → </span>
						</>
					)}
					<span class="value"><Text of={valueText(to) || '–'} max={DETAIL_CHARS} /></span>
				</span>
			))}
			{change.op === 'updated' && all.length > DETAILS_MAX && <span class="muted">and {all.length - DETAILS_MAX} more</span>}
		</span>
	);
}

/** A change that was seen this recently is marked when it comes into sight. */
const FRESH_MS = 3000;

function ChangeLine({ change }: { change: Change }) {
	const isFresh = useMemo(() => Date.now() + clockAheadMs.value - Date.parse(change.at) < FRESH_MS, []);
	return (
		<li class={`change${isFresh ? ` flash ${change.op}` : ''}`}>
			<span class="at"><Ago at={change.at} /></span>
			<OpSign op={change.op} />
			<a class="asset" href={href(['assets', change.asset])} title={visible(change.asset_name)}>
				<Text of={change.asset_name} />
			</a>
			<a class="what" data-item href={href(['assets', change.asset, change.table])}>
				<span class="table">{visible(change.table)}</span> <Text of={change.key} />
			</a>
			<Differences change={change} />
		</li>
	);
}

/** Lines of the overview's list. A burst never changes, so it is rendered once. */
export function BurstLines({ burst }: { burst: Burst }) {
	return useMemo(() => {
		const { shown, count } = burst;
		const { asset, table, op } = shown[0]!;
		return (
			<>
				{shown.map((change) => <ChangeLine key={change.index} change={change} />)}
				{count > shown.length && (
					<li class="change more">
						<a class="what" href={href(['assets', asset])}>
							and {plural(count - shown.length, `more row of ${visible(table)}`, `more rows of ${visible(table)}`)} {op} at once
						</a>
					</li>
				)}
			</>
		);
	}, [burst]);
}

export const timeOf = (change: Change) => clockTime(Date.parse(change.at));
