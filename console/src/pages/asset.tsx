// asset.tsx - one asset: what it is, its history, vulnerabilities, events and sensor, its tables now or as they were.
import { useEffect, useRef } from 'preact/hooks';
import { getAsset } from '../api';
import { throttled, useLoad } from '../load';
import { assetState } from '../parts/assetstate';
import { AssetTableView } from '../parts/assettable';
import { lazy } from '../lazy';
import { Failure, Loading } from '../parts/states';
import { Tags } from '../parts/tags';
import { Ago, Text } from '../parts/text';
import { Timeline } from '../parts/timeline';
import { go, href, replace, route } from '../router';
import { onChanges, onSensors } from '../stream';
import { count, visible } from '../text';
import { absolute, fromInput, toInput } from '../time';
import type { AssetDetail, AssetTable } from '../types';

const AssetVulnerabilities = lazy('vulnerabilities', async () => (await import('../parts/assetvulns')).AssetVulnerabilities);
const AssetNetwork = lazy('the network', async () => (await import('../parts/assetnetwork')).AssetNetwork);
const EventList = lazy('events', async () => (await import('../parts/eventlist')).EventList);
const AssetSensor = lazy('the sensor', async () => (await import('../parts/assetsensor')).AssetSensor);

const REFRESH_MS = 500;
const HISTORY = 'history';

/** What has a page of its own beside the tables. Vulnerabilities are a table too, which is shown where it is asked for. */
const VIEWS: Record<string, [title: string, hint: string]> = {
	[HISTORY]: ['History', 'What changed, newest first'],
	vulnerabilities: ['Vulnerabilities', 'What this asset is exposed to, and what fixes it'],
	network: ['Network', 'What scans find of it, its exposures, and why that is said of it'],
	events: ['Events', 'What happened on this asset'],
	sensor: ['Sensor', 'How its sensor is, and what it was asked to do'],
};

const PRESETS: [label: string, seconds: number][] = [
	['5 minutes ago', 300], ['an hour ago', 3600], ['a day ago', 86_400], ['a week ago', 7 * 86_400],
];

function Tabs({ id, tables, selected, at }: { id: string; tables: AssetTable[]; selected: string; at: string | null }) {
	const names = [...Object.keys(VIEWS), ...tables.map((t) => t.name).filter((name) => !Object.hasOwn(VIEWS, name))];
	const move = (event: KeyboardEvent) => {
		const steps: Record<string, number> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
		const step = steps[event.key];
		if (step) {
			event.preventDefault();
			const name = names[(names.indexOf(selected) + step + names.length) % names.length]!;
			go(address(id, name, at));
			event.currentTarget instanceof HTMLElement
				&& event.currentTarget.querySelector<HTMLElement>(`[data-tab="${CSS.escape(name)}"]`)?.focus();
		}
	};
	const list = useRef<HTMLDivElement>(null);
	useEffect(() => {
		list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
	}, [selected]);
	return (
		<div ref={list} class="tabs" role="tablist" aria-label="Tables" onKeyDown={move}>
			{names.map((name) => {
				const table = tables.find((t) => t.name === name);
				const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined;
				return (
					<a
						key={name}
						role="tab"
						data-tab={name}
						href={address(id, name, at)}
						aria-selected={name === selected}
						aria-controls="tab-panel"
						tabIndex={name === selected ? 0 : -1}
						title={view?.[1] ?? visible(table?.summary ?? '')}
						class={view ? 'view' : table?.rows === 0 ? 'empty' : ''}
					>
						<span>{view?.[0] ?? visible(name)}</span>
						{table && !view && <span class="count">{count(table.rows)}</span>}
					</a>
				);
			})}
		</div>
	);
}

function address(id: string, table: string, at: string | null): string {
	return href(table === HISTORY ? ['assets', id] : ['assets', id, table], { at: Object.hasOwn(VIEWS, table) ? null : at });
}

function AsItWas({ id, table, at }: { id: string; table: string; at: string | null }) {
	const set = (ms: number) => {
		if (!Number.isNaN(ms)) {
			go(address(id, table, new Date(ms).toISOString()));
		}
	};
	return (
		<div class={`as-it-was${at ? ' active' : ''}`}>
			<label>
				As it was at{' '}
				<input
					type="datetime-local"
					step={1}
					max={toInput(Date.now())}
					value={at ? toInput(Date.parse(at)) : ''}
					title={at ? absolute(Date.parse(at)) : 'local time'}
					onChange={(event) => set(fromInput(event.currentTarget.value))}
				/>
			</label>
			<select
				aria-label="A moment before now"
				value=""
				onChange={(event) => set(Date.now() - 1000 * Number(event.currentTarget.value))}
			>
				<option value="" disabled>or …</option>
				{PRESETS.map(([label, seconds]) => <option key={label} value={seconds}>{label}</option>)}
			</select>
			{at && <button class="primary" onClick={() => go(address(id, table, null))}>Back to now</button>}
		</div>
	);
}

function Head({ asset, onTags }: { asset: AssetDetail; onTags(tags: string[]): void }) {
	const [word, tone] = assetState(asset);
	return (
		<header class="asset-head">
			<p class="crumb"><a href={href(['assets'])}>Assets</a> /</p>
			<h1>
				<span class={`dot ${tone}`} role="img" aria-label={word} />
				<Text of={asset.name} />
			</h1>
			<dl class="facts">
				<div><dt>System</dt><dd><Text of={asset.os ?? 'unknown'} /></dd></div>
				{asset.addresses.length > 0 && <div><dt>Addresses</dt><dd><Text of={asset.addresses.join(', ')} /></dd></div>}
				{asset.kind !== 'agent' && <div><dt>Watched by</dt><dd>{asset.kind === 'scanned' ? 'scans alone' : 'it is a scanner'}</dd></div>}
				<div><dt>Last seen</dt><dd>{asset.is_connected ? <span class="good">connected</span> : <Ago at={asset.last_seen} />}</dd></div>
				{asset.gone && <div><dt>Gone</dt><dd class="warn" title="Scans get no answer at any of its addresses. After 30 days it is listed no more.">since <Ago at={asset.gone} /></dd></div>}
				<div><dt>First seen</dt><dd><Ago at={asset.first_seen} /></dd></div>
				<div><dt>Rows</dt><dd>{count(asset.rows)}</dd></div>
				<div><dt>Id</dt><dd><code>{visible(asset.id)}</code></dd></div>
			</dl>
			<Tags asset={asset.id} tags={asset.tags} onChange={onTags} />
		</header>
	);
}

interface ViewProps {
	asset: AssetDetail;
	id: string;
	selected: string;
}

function View({ asset, id, selected }: ViewProps) {
	const { query } = route.value;
	switch (selected) {
	case 'vulnerabilities':
		return <AssetVulnerabilities asset={asset.id} />;
	case 'network':
		return <AssetNetwork asset={asset} />;
	case 'events':
		return (
			<EventList
				isOneAsset
				filter={{ asset: asset.id, kind: query.get('kind'), since: query.get('since'), until: query.get('until') }}
				onFilter={({ kind, since, until }) => replace(href(['assets', id, 'events'], { kind, since, until }))}
			/>
		);
	case 'sensor':
		return <AssetSensor asset={asset.id} sensor={asset.sensor} isScanned={asset.kind === 'scanned'} />;
	default:
		return (
			<Timeline
				asset={asset.id}
				tables={asset.tables.map((t) => t.name)}
				table={query.get('table')}
				onTable={(name) => replace(href(['assets', id], { table: name }))}
			/>
		);
	}
}

export function AssetPage({ id, table }: { id: string; table: string | null }) {
	const { data: asset, error, reload, update } = useLoad((abort) => getAsset(id, abort), [id]);
	const assetId = asset?.id;
	const name = asset?.name ?? id;

	useEffect(() => {
		document.title = `${visible(name)} · Bartizan`;
	}, [name]);
	useEffect(() => {
		const soon = throttled(REFRESH_MS, reload);
		const ends = [
			onChanges((batch) => batch.some((c) => c.asset === assetId) && soon()),
			onSensors(throttled(REFRESH_MS * 4, reload)),
		];
		return () => ends.forEach((end) => end());
	}, [assetId]);

	if (!asset) {
		return error
			? <div class="page"><Failure error={error} retry={reload} /><p><a href={href(['assets'])}>To all assets</a></p></div>
			: <Loading what="the asset" />;
	}
	const selected = table ?? HISTORY;
	const at = route.value.query.get('at');
	const isView = Object.hasOwn(VIEWS, selected) && !at && !route.value.query.has('rows');
	return (
		<div class="page fill asset">
			<Head asset={asset} onTags={(tags) => update((old) => ({ ...old, tags }))} />
			<div class="asset-body">
				<Tabs id={id} tables={asset.tables} selected={selected} at={at} />
				<section id="tab-panel" role="tabpanel" aria-label={visible(selected)} class={isView ? 'scrolls' : 'fill'}>
					{isView
						? <View asset={asset} id={id} selected={selected} />
						: (
							<AssetTableView key={selected} asset={asset.id} table={selected} at={at}>
								<AsItWas id={id} table={selected} at={at} />
							</AssetTableView>
						)}
				</section>
			</div>
		</div>
	);
}
