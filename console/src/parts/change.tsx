// change.tsx - one change as a line: what, where, from what to what.
import { href } from '../router';
import { sameValue, valueText, visible } from '../text';
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
	const inKey = new Set(change.key.split(' '));
	return Object.keys(only)
		.filter((name) => valueText(only[name]) !== '' && !inKey.has(valueText(only[name])))
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

/** A line of the overview's list. */
export function ChangeLine({ change }: { change: Change }) {
	return (
		<li class="change">
			<span class="at"><Ago at={change.at} /></span>
			<OpSign op={change.op} />
			<a class="asset" href={href(['assets', change.asset])} title={visible(change.asset_name)}>
				<Text of={change.asset_name} />
			</a>
			<a class="what" href={href(['assets', change.asset, change.table])}>
				<span class="table">{visible(change.table)}</span> <Text of={change.key} />
			</a>
			<Differences change={change} />
		</li>
	);
}

export const timeOf = (change: Change) => clockTime(Date.parse(change.at));
