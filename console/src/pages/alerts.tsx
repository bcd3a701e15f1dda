// alerts.tsx - what appeared or was exchanged in the scopes, the newest first, live.
import { useEffect, useState } from 'preact/hooks';
import { followEvents } from '../events';
import { type Alert, ALERTS, getAlerts, type Level, listener } from '../network';
import { usePages } from '../paged';
import { Choice, Typed } from '../parts/choices';
import { NetworkHead } from '../parts/networknav';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { LevelMark } from '../parts/vulnmarks';
import { href, replace, route } from '../router';
import { tenant } from '../session';
import { plural, visible } from '../text';
import type { AssetEvent, Value } from '../types';

const HERE = ['network', 'alerts'];
const FILTERS = ['alert', 'asset', 'scope'] as const;
const LIVE_MAX = 1000;
const FRESH_MS = 5000;

type Filter = Record<(typeof FILTERS)[number], string | null>;

/** An event of the stream as the list has it. */
function alertOf({ no, at, asset, asset_name: name, row }: AssetEvent): Alert {
	const text = (value: Value | undefined) => (typeof value === 'string' ? value : null);
	return {
		no, at, asset, asset_name: name, alert: text(row['alert']) ?? '', level: (text(row['level']) ?? 'low') as Level, scope: text(row['scope']),
		address: text(row['address']), transport: text(row['transport']), port: typeof row['port'] === 'number' ? row['port'] : null,
		what: text(row['what']) ?? '', before: text(row['before']), after: text(row['after']),
	};
}

const isWanted = (alert: Alert, filter: Filter) =>
	(!filter.alert || alert.alert === filter.alert) && (!filter.scope || alert.scope === filter.scope)
	&& (!filter.asset || alert.asset === filter.asset || alert.asset_name === filter.asset);

/** The list, with what arrives now in front of it. */
function useAlerts(filter: Filter) {
	const list = usePages((after, abort) => getAlerts(filter, after, abort), [tenant.value, filter]);
	const [arrived, setArrived] = useState<readonly Alert[]>([]);
	useEffect(() => {
		setArrived([]);
		if (!list.base) {
			return undefined;
		}
		return followEvents({ asset: null, kind: 'alerts', since: null, until: null }, list.base.items[0]?.no ?? 0, {
			onEvents: (batch) => setArrived((old) => [...batch.map(alertOf).filter((each) => isWanted(each, filter)).reverse(), ...old].slice(0, LIVE_MAX)),
			onMissed: list.reload,
		});
	}, [list.base]);
	const newest = list.items[0]?.no ?? -1;
	return { ...list, items: [...arrived.filter(({ no }) => no > newest), ...list.items] };
}

function Entry({ of }: { of: Alert }) {
	const isFresh = Date.now() - Date.parse(of.at) < FRESH_MS;
	return (
		<li class={`finding${isFresh ? ' flash added' : ''}`}>
			<p class="finding-head">
				<LevelMark level={of.level} />
				<b><Text of={ALERTS[of.alert] ?? of.alert} /></b>
				<a data-item href={href(['assets', of.asset, 'network'])}><Text of={of.asset_name} /></a>
			</p>
			<p><Text of={of.what} /></p>
			<p class="muted">
				<Ago at={of.at} />{(of.address || of.scope) && ', '}
				{of.address && <Text of={of.port !== null ? listener(of.address, of.port) : of.address} />}{of.transport && <> (<Text of={of.transport} />)</>}
				{of.scope && <> in scope <a href={href(HERE, { scope: of.scope })} aria-label={`Only scope ${visible(of.scope)}`}><Text of={of.scope} /></a></>}
			</p>
			{(of.before || of.after) && (
				<p class="fingerprints">
					{of.before && <del><Text of={of.before} /></del>} {of.before && of.after && '→'} {of.after && <code><Text of={of.after} /></code>}
				</p>
			)}
		</li>
	);
}

export function AlertsPage() {
	const { query } = route.value;
	const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)])) as Filter;
	const list = useAlerts(filter);
	const set = (name: keyof Filter) => (value: string | null) => replace(href(HERE, { ...filter, [name]: value }));
	const isFiltered = FILTERS.some((name) => filter[name]);
	return (
		<div class="page stack network">
			<NetworkHead here="alerts" title="Alerts">
				<span class="muted" role="status">{list.base && `${plural(list.items.length, 'alert')}${list.next ? ' and more' : ''}`}</span>
			</NetworkHead>
			<div class="filters" role="search">
				<Choice label="Kind" value={filter.alert} options={Object.entries(ALERTS)} onValue={set('alert')} />
				<Typed isSearch value={filter.asset} label="Asset" placeholder="Asset, exactly" onValue={set('asset')} />
				<Typed value={filter.scope} label="Scope" placeholder="Scope, exactly" onValue={set('scope')} />
				{isFiltered && <a href={href(HERE)}>Clear</a>}
			</div>
			{list.error && <Failure error={list.error} retry={list.reload} />}
			{!list.base && !list.error && <Loading what="alerts" />}
			{list.base && list.items.length === 0 && (isFiltered
				? <Empty title="No alert matches"><a href={href(HERE)}>Clear the filters</a></Empty>
				: (
					<Empty title="No alert yet">
						After the first complete scan of a <a href={href(['network', 'scopes'])}>scope</a>, new hosts and ports, changed host keys and replaced
						certificates appear here within a second.
					</Empty>
				))}
			<ol class="finding-list">{list.items.map((each) => <Entry key={each.no} of={each} />)}</ol>
			{list.next && <button onClick={list.loadMore}>Load more</button>}
		</div>
	);
}
