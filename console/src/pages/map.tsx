// map.tsx - every host in its place: site, subnet, address. Drawn, and as a table for who cannot see or point.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { searchIsHere } from '../keys';
import { useLoad } from '../load';
import { getMap, type Host, type HostKind, hostsOf } from '../network';
import { colour } from '../parts/colour';
import { Grid, type Column } from '../parts/grid';
import { drawShape, MapCanvas } from '../parts/mapcanvas';
import { addressKey, layOut, type MapLayout } from '../parts/maplayout';
import { NetworkHead, useTablesFollow } from '../parts/networknav';
import { Empty, Failure, Loading } from '../parts/states';
import { Text } from '../parts/text';
import { go, href, replace, route } from '../router';
import { tenant } from '../session';
import { count, plural, visible } from '../text';
import { isDark, isNarrow } from '../theme';

const FOLLOWED = ['scanned_hosts', 'asset_joins', 'open_ports', 'exposures', 'addresses', 'os'];
const REFRESH_MS = 5000;
const TYPING_MS = 120;
/** What of the window is not the map's, about. */
const AROUND_PX = { x: 50, y: 200 };

const KIND_WORDS: Record<HostKind, [title: string, meaning: string]> = {
	agent: ['agent', 'an agent watches it from within'],
	scanned: ['scanned', 'scans find it, and guess what it is'],
	unknown: ['unknown', 'scans find it, and nobody knows what it is'],
};

const windowShape = () => Math.max(0.5, Math.min(4, (innerWidth - AROUND_PX.x) / Math.max(200, innerHeight - AROUND_PX.y)));

const hostHref = (host: Host) => href(host.kind === 'agent' ? ['assets', host.id] : ['assets', host.id, 'network']);

function state(host: Host): string {
	return host.kind !== 'agent' ? KIND_WORDS[host.kind][0] : host.is_connected ? 'agent, connected' : 'agent, not connected';
}

/** One line about a host, for people who hear it. */
function sentence(host: Host): string {
	return [visible(host.name), host.address ? visible(host.address) : 'no address', state(host), visible(host.device ?? host.os ?? ''),
		plural(host.ports, 'open port'), plural(host.exposures, 'exposure')].filter(Boolean).join(', ');
}

function found(hosts: readonly Host[], search: string): Set<number> | null {
	const needle = search.trim().toLowerCase();
	if (!needle) {
		return null;
	}
	const hits = new Set<number>();
	hosts.forEach((host, i) => {
		if ([host.name, host.address, host.subnet, host.site, host.os, host.device, host.id].some((text) => text?.toLowerCase().includes(needle))) {
			hits.add(i);
		}
	});
	return hits;
}

function Shape({ kind }: { kind: HostKind }) {
	const canvas = useRef<HTMLCanvasElement>(null);
	useEffect(() => {
		const to = canvas.current!.getContext('2d')!;
		to.clearRect(0, 0, 28, 28);
		drawShape(to, kind, 14, 14, 20, colour(`--map-${kind}`));
	}, [isDark.value]);
	return <canvas ref={canvas} width={28} height={28} class="shape" aria-hidden="true" />;
}

function Legend({ hosts }: { hosts: readonly Host[] }) {
	const counts = useMemo(() => {
		const of = { agent: 0, scanned: 0, unknown: 0, off: 0, urgent: 0 };
		for (const host of hosts) {
			of[host.kind]++;
			of.off += host.kind === 'agent' && !host.is_connected ? 1 : 0;
			of.urgent += host.priority >= 60 ? 1 : 0;
		}
		return of;
	}, [hosts]);
	return (
		<ul class="legend map-legend">
			{(Object.keys(KIND_WORDS) as HostKind[]).map((kind) => (
				<li key={kind} title={KIND_WORDS[kind][1]}>
					<Shape kind={kind} />{KIND_WORDS[kind][0]} <b>{count(counts[kind])}</b>
					{kind === 'agent' && counts.off > 0 && <span class="muted">, hollow: {count(counts.off)} not connected</span>}
				</li>
			))}
			{counts.urgent > 0 && <li title="with a corner in red"><span class="corner" aria-hidden="true" /><a href={href(['network', 'exposures'], { level: 'high' })}>urgent exposures</a> <b>{count(counts.urgent)}</b></li>}
		</ul>
	);
}

interface Marked {
	host: Host;
	x: number;
	y: number;
}

function Card({ of: { host, x, y } }: { of: Marked }) {
	return (
		<div class="map-card" style={{ left: `${x}px`, top: `${y}px` }} aria-hidden="true">
			<b><Text of={host.name} max={60} /></b>
			<span>{host.address && <Text of={host.address} />} <span class="muted">{state(host)}</span></span>
			{(host.device || host.os) && <span><Text of={[host.device, host.os].filter(Boolean).join(', ')} max={80} /></span>}
			<span class={host.priority >= 60 ? 'bad' : 'muted'}>{plural(host.ports, 'open port')}, {plural(host.exposures, 'exposure')}</span>
			{host.is_middlebox && <span class="warn">something else may answer for it</span>}
		</div>
	);
}

function Drawing({ layout, matches }: { layout: MapLayout; matches: ReadonlySet<number> | null }) {
	const canvas = useRef<HTMLCanvasElement>(null);
	const map = useRef<MapCanvas | null>(null);
	const held = useRef(layout);
	const [marked, setMarked] = useState<Marked | null>(null);
	const [said, setSaid] = useState('');
	const shown = useRef(-1);
	held.current = layout;
	useEffect(() => {
		map.current = new MapCanvas(canvas.current!, layout, {
			onMark: (index, x, y, isByKey) => {
				const host = held.current.hosts[index];
				const { clientWidth, clientHeight } = canvas.current!;
				setMarked(host ? { host, x: Math.max(0, Math.min(x + 14, clientWidth - 230)), y: Math.max(0, Math.min(y + 14, clientHeight - 110)) } : null);
				if (host && isByKey) {
					setSaid(sentence(host));
				}
			},
			onOpen: (index) => {
				const host = held.current.hosts[index];
				if (host) {
					go(hostHref(host));
				}
			},
		});
		return () => map.current?.destroy();
	}, []);
	useEffect(() => map.current?.setLayout(layout), [layout]);
	useEffect(() => map.current?.setMatches(matches), [matches]);
	useEffect(() => map.current?.setTheme(), [isDark.value]);
	const next = () => {
		const hits = [...matches ?? []];
		const at = hits.findIndex((index) => index > shown.current);
		shown.current = hits[Math.max(0, at)] ?? -1;
		if (shown.current >= 0) {
			map.current?.showHost(shown.current, true);
			canvas.current?.focus();
		}
	};
	return (
		<div class="map">
			<canvas
				ref={canvas}
				tabIndex={0}
				role="application"
				aria-label={`Network map of ${plural(layout.hosts.length, 'host')}. Arrows go from host to host, Enter opens one, plus and minus zoom, 0 shows all. The same is there as a table.`}
			/>
			<p class="hidden" role="status">{said}</p>
			{marked && <Card of={marked} />}
			<div class="map-tools">
				{matches && matches.size > 0 && <button onClick={next}>{matches.size === 1 ? 'Show it' : 'Show the next'}</button>}
				<button aria-label="Zoom in" title="Zoom in (+)" onClick={() => map.current?.zoom(true)}>+</button>
				<button aria-label="Zoom out" title="Zoom out (-)" onClick={() => map.current?.zoom(false)}>−</button>
				<button title="All of it (0)" onClick={() => map.current?.fit()}>All</button>
			</div>
		</div>
	);
}

const name = (h: Host) => <a href={hostHref(h)} tabIndex={-1}><Text of={h.name} /></a>;

const WIDE: Column<Host>[] = [
	{ id: 'name', title: 'Host', width: 28, cell: name, sortKey: (h) => h.name, titleOf: (h) => visible(h.name) },
	{ id: 'kind', title: 'Known by', width: 20, cell: state, sortKey: state, titleOf: (h) => KIND_WORDS[h.kind][1] },
	{ id: 'address', title: 'Address', width: 22, cell: (h) => <Text of={h.address ?? '–'} />, sortKey: (h) => addressKey(h.address) },
	{ id: 'subnet', title: 'Subnet', width: 20, cell: (h) => <Text of={h.subnet ?? '–'} />, sortKey: (h) => addressKey(h.subnet) },
	{ id: 'site', title: 'Scope', width: 18, cell: (h) => (h.site ? <Text of={h.site} /> : <span class="muted">none</span>), sortKey: (h) => h.site },
	{ id: 'ports', title: 'Ports', width: 7, isNumber: true, cell: (h) => count(h.ports), sortKey: (h) => h.ports },
	{ id: 'exposures', title: 'Exposures', width: 10, isNumber: true, cell: (h) => count(h.exposures), sortKey: (h) => h.exposures },
	{ id: 'what', title: 'What it is', width: 24, cell: (h) => <Text of={h.device ?? h.os ?? '–'} />, sortKey: (h) => h.device ?? h.os, titleOf: (h) => visible([h.device, h.os].filter(Boolean).join(', ')) },
];

const NARROW: Column<Host>[] = [{
	id: 'host',
	title: 'Host',
	width: 20,
	sortKey: (h) => addressKey(h.address),
	cell: (h) => (
		<div class="card">
			<div>{name(h)}<span class="end">{state(h)}</span></div>
			<div class="muted"><Text of={[h.address, h.device ?? h.os].filter(Boolean).join(' · ')} /> · {plural(h.ports, 'port')}, {plural(h.exposures, 'exposure')}</div>
		</div>
	),
}];

function Table({ layout, matches }: { layout: MapLayout; matches: ReadonlySet<number> | null }) {
	const rows = useMemo(() => (matches ? layout.hosts.filter((_, i) => matches.has(i)) : layout.hosts), [layout, matches]);
	return (
		<Grid
			label="Hosts"
			columns={isNarrow.value ? NARROW : WIDE}
			rows={rows}
			rowKey={(h) => h.id}
			rowHeight={isNarrow.value ? 52 : 30}
			onOpen={(h) => go(hostHref(h))}
		/>
	);
}

export function MapPage() {
	const { query } = route.value;
	const { data, error, reload } = useLoad(async (abort) => hostsOf(await getMap(abort)), [tenant.value]);
	const layout = useMemo(() => data && layOut(data, windowShape()), [data, isNarrow.value]);
	const isTable = query.get('view') === 'table';
	const asked = query.get('search') ?? '';
	const [text, setText] = useState(asked);
	const matches = useMemo(() => layout && found(layout.hosts, asked), [layout, asked]);
	useTablesFollow(FOLLOWED, reload, null, REFRESH_MS);
	useEffect(searchIsHere, []);
	useEffect(() => {
		if (text === asked) {
			return undefined;
		}
		const timer = setTimeout(() => replace(href(['network'], { view: query.get('view'), search: text })), TYPING_MS);
		return () => clearTimeout(timer);
	}, [text]);
	return (
		<div class="page fill network">
			<NetworkHead here="" title={isTable ? 'Hosts' : 'Network map'}>
				<input
					data-search
					type="search"
					aria-label="Search hosts"
					placeholder="Search name, address, subnet, system"
					spellcheck={false}
					value={text}
					onInput={(event) => setText(event.currentTarget.value)}
				/>
				<span class="muted" role="status">{matches && layout && `${count(matches.size)} of ${plural(layout.hosts.length, 'host')}`}</span>
				<a class="button end" href={href(['network'], { view: isTable ? null : 'table', search: asked })}>{isTable ? 'As a map' : 'As a table'}</a>
			</NetworkHead>
			{error && <Failure error={error} retry={reload} />}
			{!layout && !error && <Loading what="the map" />}
			{layout && layout.hosts.length === 0 && (
				<Empty title="No host is known yet">
					<a href={href(['sensors'], { enrol: '1' })}>Enrol an agent</a>, or <a href={href(['network', 'scopes'])}>say what may be scanned</a>
				</Empty>
			)}
			{layout && layout.hosts.length > 0 && (
				<>
					<Legend hosts={layout.hosts} />
					{isTable ? <Table layout={layout} matches={matches} /> : <Drawing layout={layout} matches={matches} />}
				</>
			)}
		</div>
	);
}
