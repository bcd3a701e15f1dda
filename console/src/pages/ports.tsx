// ports.tsx - what is open over the fleet and what speaks there: by port, protocol and program, and who has it.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { searchIsHere } from '../keys';
import { usePages } from '../paged';
import { type FleetPort, type FleetService, getHolders, getPorts, getServices, type HolderFilter, listener, type PortHolder } from '../network';
import { Grid, type Column } from '../parts/grid';
import { NetworkHead, useTablesFollow } from '../parts/networknav';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { go, href, route } from '../router';
import { tenant } from '../session';
import { count, plural, visible } from '../text';
import { isNarrow } from '../theme';

const VIEWS: [view: string, title: string][] = [['', 'By port'], ['protocol', 'By protocol'], ['product', 'By program']];
const FOLLOWED = ['open_ports', 'network_services'];
const HOLDER_FILTERS = ['port', 'transport', 'protocol', 'product'] as const;

function Share({ value, of }: { value: number; of: number }) {
	return <span class="share" aria-hidden="true"><span style={{ width: `${Math.max(1, 100 * value / Math.max(1, of))}%` }} /></span>;
}

const portHref = (p: FleetPort) => href(['network', 'ports'], { port: `${p.port}`, transport: p.transport, protocol: p.protocol });
const portLink = (p: FleetPort) => <a href={portHref(p)} tabIndex={-1}>{p.port}/<Text of={p.transport} /></a>;
const appeared = (p: { appeared: string | null }) => (p.appeared ? <Ago at={p.appeared} /> : <span class="muted">–</span>);

function portColumns(most: number): Column<FleetPort>[] {
	return [
		{ id: 'port', title: 'Port', width: 12, cell: portLink, sortKey: (p) => p.port },
		{ id: 'protocol', title: 'Speaks', width: 18, cell: (p) => (p.protocol ? <Text of={p.protocol} /> : <span class="muted">not known</span>), sortKey: (p) => p.protocol },
		{ id: 'assets', title: 'Assets', width: 8, isNumber: true, cell: (p) => count(p.assets), sortKey: (p) => p.assets },
		{ id: 'share', title: '', width: 16, cell: (p) => <Share value={p.assets} of={most} /> },
		{ id: 'appeared', title: 'Newest', width: 12, cell: appeared, sortKey: (p) => p.appeared, hint: 'the latest that was not open when its scope was scanned before' },
		{ id: 'products', title: 'Programs', width: 44, cell: (p) => <Text of={p.products.join(', ')} />, titleOf: (p) => visible(p.products.join(', ')) },
	];
}

const NARROW_PORTS: Column<FleetPort>[] = [{
	id: 'port',
	title: 'Port',
	width: 20,
	sortKey: (p) => p.port,
	cell: (p) => (
		<div class="card">
			<div>{portLink(p)} <Text of={p.protocol ?? 'not known'} /><span class="end">{plural(p.assets, 'asset')}</span></div>
			<div class="muted"><Text of={p.products.join(', ') || 'no program identified'} /></div>
		</div>
	),
}];

type By = 'protocol' | 'product';
const serviceHref = (by: By, s: FleetService) => href(['network', 'ports'], { [by]: s.name });

function serviceColumns(by: By, most: number): Column<FleetService>[] {
	const link = (s: FleetService) => <a href={serviceHref(by, s)} tabIndex={-1}><Text of={s.name} /></a>;
	return [
		{ id: 'name', title: by === 'product' ? 'Program' : 'Protocol', width: 26, cell: link, sortKey: (s) => s.name, titleOf: (s) => visible(s.name) },
		{ id: 'assets', title: 'Assets', width: 8, isNumber: true, cell: (s) => count(s.assets), sortKey: (s) => s.assets },
		{ id: 'open', title: 'Open', width: 8, isNumber: true, cell: (s) => count(s.open), sortKey: (s) => s.open, hint: 'open ports of it' },
		{ id: 'share', title: '', width: 16, cell: (s) => <Share value={s.assets} of={most} /> },
		{ id: 'ports', title: 'At ports', width: 24, cell: (s) => s.ports.join(', '), titleOf: (s) => s.ports.join(', ') },
		...(by === 'product' ? [{ id: 'versions', title: 'Versions', width: 30, cell: (s: FleetService) => <Text of={s.versions.join(', ') || '–'} />, titleOf: (s: FleetService) => visible(s.versions.join(', ')) }] : []),
	];
}

function narrowServices(by: By): Column<FleetService>[] {
	return [{
		id: 'name',
		title: by === 'product' ? 'Program' : 'Protocol',
		width: 20,
		sortKey: (s) => s.name,
		cell: (s) => (
			<div class="card">
				<div><a href={serviceHref(by, s)} tabIndex={-1}><Text of={s.name} /></a><span class="end">{plural(s.assets, 'asset')}</span></div>
				<div class="muted">at {s.ports.join(', ')}{s.versions.length > 0 && <>: <Text of={s.versions.join(', ')} /></>}</div>
			</div>
		),
	}];
}

const NothingOpen = () => (
	<Empty title="No open port is known">Scans find them. <a href={href(['network', 'scopes'])}>What is scanned</a></Empty>
);

function ByPort({ search }: { search: string }) {
	const list = usePages((after, abort) => getPorts(after, abort), [tenant.value]);
	useTablesFollow(FOLLOWED, list.refresh);
	const rows = useMemo(() => {
		const needle = search.toLowerCase();
		return needle
			? list.items.filter((p) => [`${p.port}/${p.transport}`, p.protocol ?? '', ...p.products].some((text) => text.toLowerCase().includes(needle)))
			: list.items;
	}, [list.items, search]);
	const columns = useMemo(() => portColumns(list.items[0]?.assets ?? 0), [list.items]);
	if (!list.base) {
		return list.error ? <Failure error={list.error} retry={list.reload} /> : <Loading what="ports" />;
	}
	return list.items.length === 0 ? <NothingOpen /> : (
		<Grid
			label="Open ports"
			columns={isNarrow.value ? NARROW_PORTS : columns}
			rows={rows}
			rowKey={(p) => `${p.transport} ${p.port} ${p.protocol}`}
			rowHeight={isNarrow.value ? 52 : 30}
			onOpen={(p) => go(portHref(p))}
			onEnd={list.loadMore}
		/>
	);
}

function ByService({ by, search }: { by: By; search: string }) {
	const list = usePages((after, abort) => getServices(by, after, abort), [tenant.value, by]);
	useTablesFollow(FOLLOWED, list.refresh);
	const rows = useMemo(() => {
		const needle = search.toLowerCase();
		return needle
			? list.items.filter((s) => [s.name, ...s.versions, ...s.ports.map(String)].some((text) => text.toLowerCase().includes(needle)))
			: list.items;
	}, [list.items, search]);
	const columns = useMemo(() => (isNarrow.value ? narrowServices(by) : serviceColumns(by, list.items[0]?.assets ?? 0)), [by, list.items, isNarrow.value]);
	if (!list.base) {
		return list.error ? <Failure error={list.error} retry={list.reload} /> : <Loading what="services" />;
	}
	return list.items.length === 0 ? <NothingOpen /> : (
		<Grid
			label={by === 'product' ? 'Programs' : 'Protocols'}
			columns={columns}
			rows={rows}
			rowKey={(s) => s.name}
			rowHeight={isNarrow.value ? 52 : 30}
			onOpen={(s) => go(serviceHref(by, s))}
			onEnd={list.loadMore}
		/>
	);
}

const holderHref = (h: PortHolder) => href(['assets', h.asset, 'network']);
const holderLink = (h: PortHolder) => <a href={holderHref(h)} tabIndex={-1}><Text of={h.asset_name} /></a>;
const program = (h: PortHolder) => [h.product, h.version].filter(Boolean).join(' ');

function Access({ of }: { of: string | null }) {
	return of === 'anyone' || of === 'default'
		? <span class="mark bad">{of === 'anyone' ? 'no password' : 'known password'}</span>
		: of === 'required' ? <span class="mark">password</span> : <span class="muted">–</span>;
}

const HOLDERS: Column<PortHolder>[] = [
	{ id: 'asset', title: 'Asset', width: 28, cell: holderLink, sortKey: (h) => h.asset_name, titleOf: (h) => visible(h.asset_name) },
	{ id: 'at', title: 'At', width: 26, cell: (h) => <Text of={listener(h.address, h.port)} />, sortKey: (h) => h.address },
	{ id: 'protocol', title: 'Speaks', width: 16, cell: (h) => <><Text of={h.protocol ?? 'not known'} />{h.is_tls && <span class="muted"> in TLS</span>}</>, sortKey: (h) => h.protocol },
	{ id: 'program', title: 'Program', width: 28, cell: (h) => <Text of={program(h) || '–'} />, sortKey: program, titleOf: (h) => visible(program(h)) },
	{ id: 'access', title: 'Asks for', width: 15, cell: (h) => <Access of={h.access} />, sortKey: (h) => h.access },
	{ id: 'appeared', title: 'New', width: 11, cell: appeared, sortKey: (h) => h.appeared },
	{ id: 'scope', title: 'Scope', width: 18, cell: (h) => <Text of={h.scope} />, sortKey: (h) => h.scope },
];

const NARROW_HOLDERS: Column<PortHolder>[] = [{
	id: 'asset',
	title: 'Asset',
	width: 20,
	sortKey: (h) => h.asset_name,
	cell: (h) => (
		<div class="card">
			<div>{holderLink(h)}<span class="end"><Access of={h.access} /></span></div>
			<div class="muted"><Text of={listener(h.address, h.port)} /> · <Text of={[h.protocol, program(h)].filter(Boolean).join(' · ') || 'not known'} /></div>
		</div>
	),
}];

function Holders({ filter }: { filter: HolderFilter }) {
	const list = usePages((after, abort) => getHolders(filter, after, abort), [tenant.value, filter]);
	useTablesFollow(FOLLOWED, list.refresh);
	return (
		<>
			<p class="headline" role="status">
				{filter.port && <><b>{visible(filter.port)}</b>{filter.transport && <>/<Text of={filter.transport} /></>} </>}
				{filter.protocol && <b><Text of={filter.protocol} /> </b>}
				{filter.product && <b><Text of={filter.product} /> </b>}
				<span class="muted">{list.base && `is open at ${plural(list.base.total, 'place')} `}</span>
				<a href={href(['network', 'ports'])}>All ports</a>
			</p>
			{list.error && <Failure error={list.error} retry={list.reload} />}
			{!list.base && !list.error && <Loading what="who has it" />}
			{list.base && list.items.length === 0 && <Empty title="Nobody has it open now" />}
			{list.items.length > 0 && (
				<Grid
					label="Who has it open"
					columns={isNarrow.value ? NARROW_HOLDERS : HOLDERS}
					rows={list.items}
					rowKey={(h) => `${h.asset} ${h.scope} ${h.transport} ${h.address} ${h.port}`}
					rowHeight={isNarrow.value ? 52 : 30}
					onOpen={(h) => go(holderHref(h))}
					onEnd={list.loadMore}
				/>
			)}
		</>
	);
}

export function PortsPage() {
	const { query } = route.value;
	const view = query.get('view') ?? '';
	const filter = Object.fromEntries(HOLDER_FILTERS.map((name) => [name, query.get(name)])) as HolderFilter;
	const isHolders = HOLDER_FILTERS.some((name) => filter[name]);
	const [search, setSearch] = useState('');
	useEffect(searchIsHere, []);
	return (
		<div class="page fill network">
			<NetworkHead here="ports" title="Ports and services">
				{!isHolders && (
					<>
						<input data-search type="search" aria-label="Search ports" placeholder="Search port, protocol, program" spellcheck={false} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
						<span class="switch">
							{VIEWS.map(([name, title]) => (
								<a key={name} class="button" href={href(['network', 'ports'], { view: name })} aria-current={view === name ? 'page' : undefined}>{title}</a>
							))}
						</span>
					</>
				)}
			</NetworkHead>
			{isHolders
				? <Holders filter={filter} />
				: view === 'protocol' || view === 'product' ? <ByService key={view} by={view} search={search} /> : <ByPort search={search} />}
		</div>
	);
}
