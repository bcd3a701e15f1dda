// assets.tsx - every asset, with a search that answers while one types.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { getAssets } from '../api';
import { searchIsHere } from '../keys';
import { throttled, useLoad } from '../load';
import { assetState } from '../parts/assetstate';
import { Grid, type Column } from '../parts/grid';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { go, href, replace, route } from '../router';
import { tenant } from '../session';
import { onChanges, onSensors } from '../stream';
import { count, plural, visible } from '../text';
import { isNarrow } from '../theme';
import { absolute } from '../time';
import type { Asset, AssetPage } from '../types';

const PAGE_SIZE = 1000;
const TYPING_MS = 120;
const REFRESH_MS = 5000;

function matches(asset: Asset, needle: string): boolean {
	return [asset.id, asset.name, asset.os ?? '', ...asset.addresses].some((text) => text.toLowerCase().includes(needle));
}

function Mark({ asset }: { asset: Asset }) {
	const [word, tone] = assetState(asset);
	return <span class={`dot ${tone}`} role="img" aria-label={word} title={word} />;
}

function Name({ asset }: { asset: Asset }) {
	return (
		<>
			<Mark asset={asset} />
			<a href={href(['assets', asset.id])} tabIndex={-1}><Text of={asset.name} /></a>
			{asset.gone && <>{' '}<span class="mark" title={`Scans find it no more since ${absolute(Date.parse(asset.gone))}`}>gone</span></>}
		</>
	);
}

const seen = (asset: Asset) => Date.parse(asset.last_seen);

const WIDE: Column<Asset>[] = [
	{ id: 'name', title: 'Name', width: 30, cell: (a) => <Name asset={a} />, sortKey: (a) => a.name, titleOf: (a) => visible(a.name) },
	{ id: 'os', title: 'Operating system', width: 32, cell: (a) => <Text of={a.os ?? '–'} />, sortKey: (a) => a.os, titleOf: (a) => visible(a.os ?? '') },
	{ id: 'rows', title: 'Rows', width: 8, isNumber: true, cell: (a) => count(a.rows), sortKey: (a) => a.rows },
	{ id: 'seen', title: 'Last seen', width: 12, cell: (a) => <Ago at={a.last_seen} />, sortKey: seen, titleOf: (a) => absolute(seen(a)) },
	{ id: 'id', title: 'Id', width: 16, cell: (a) => <code>{visible(a.id)}</code>, sortKey: (a) => a.id },
	{ id: 'addresses', title: 'Addresses', width: 30, cell: (a) => <Text of={a.addresses.join(', ')} />, titleOf: (a) => visible(a.addresses.join(', ')) },
];

const NARROW: Column<Asset>[] = [{
	id: 'asset',
	title: 'Asset',
	width: 20,
	sortKey: (a) => a.name,
	cell: (a) => (
		<div class="card">
			<div><Name asset={a} /><span class="end"><Ago at={a.last_seen} /></span></div>
			<div class="muted"><Text of={[a.os ?? '–', ...a.addresses].join(' · ')} /></div>
		</div>
	),
}];

/** Keeps the list fresh: new assets appear, sensors come and go. */
function useFollow(ids: ReadonlySet<string>, reload: () => void): void {
	const known = useRef(ids);
	known.current = ids;
	useEffect(() => {
		const soon = throttled(REFRESH_MS, reload);
		const ends = [
			onSensors(soon),
			onChanges((batch) => batch.some((change) => !known.current.has(change.asset)) && soon()),
		];
		return () => ends.forEach((end) => end());
	}, []);
}

/** The assets that match: at once among those that are here, and from the server where a platform is too big for one page. */
function useAssets(search: string) {
	const [asked, setAsked] = useState(search);
	const [more, setMore] = useState<{ base: AssetPage; items: Asset[]; next: string | null } | null>(null);
	const isLoadingMore = useRef(false);
	useEffect(() => {
		const timer = setTimeout(() => setAsked(search), TYPING_MS);
		return () => clearTimeout(timer);
	}, [search]);

	const everything = useLoad((abort) => getAssets({ limit: PAGE_SIZE }, abort), [tenant.value]);
	const isComplete = everything.data !== null && everything.data.next === null;
	const remote = useLoad(
		async (abort) => (asked && !isComplete ? getAssets({ search: asked, limit: PAGE_SIZE }, abort) : null),
		[tenant.value, asked, isComplete]);

	const base = (!isComplete && search === asked && remote.data) || everything.data;
	const further = base && more?.base === base ? more : null;
	const loaded = useMemo(() => [...base?.items ?? [], ...further?.items ?? []], [base, further]);
	const ids = useMemo(() => new Set(loaded.map((a) => a.id)), [loaded]);
	const shown = useMemo(() => {
		const needle = search.toLowerCase();
		return needle ? loaded.filter((asset) => matches(asset, needle)) : loaded;
	}, [loaded, search]);

	const isScrolledOn = useRef(false);
	isScrolledOn.current = further !== null;
	useFollow(ids, () => {
		// Who scrolled past the first page would lose the place.
		if (!isScrolledOn.current) {
			everything.reload();
			remote.reload();
		}
	});

	const next = further ? further.next : base?.next;
	const loadMore = async () => {
		if (!base || !next || isLoadingMore.current) {
			return;
		}
		isLoadingMore.current = true;
		try {
			const page = await getAssets({ search: base === everything.data ? '' : asked, after: next, limit: PAGE_SIZE });
			setMore({ base, items: [...further?.items ?? [], ...page.items], next: page.next });
		} catch {
			// The lost connection is shown above; scrolling on asks again.
		} finally {
			isLoadingMore.current = false;
		}
	};
	const total = base && (search && isComplete ? shown.length : base.total);
	return { shown, total, loadMore, isLoaded: base !== null, error: everything.error ?? remote.error, reload: everything.reload };
}

function Nothing({ search }: { search: string }) {
	return search
		? <Empty title={`No asset matches “${visible(search)}”`}>Search looks in names, operating systems, addresses and ids.</Empty>
		: <Empty title="No asset yet"><a href={href(['sensors'], { enrol: '1' })}>Enrol a sensor</a>, and its machine appears here.</Empty>;
}

export function AssetsPage() {
	const search = route.value.query.get('search') ?? '';
	const { shown, total, loadMore, isLoaded, error, reload } = useAssets(search);
	useEffect(() => {
		document.title = 'Assets · Bartizan';
		searchIsHere();
	}, []);
	const toGrid = (event: KeyboardEvent) => {
		if (event.key === 'ArrowDown' || event.key === 'Enter') {
			event.preventDefault();
			document.querySelector<HTMLElement>('.grid')?.focus();
		}
	};
	return (
		<div class="page fill">
			<header class="page-head">
				<h1>Assets</h1>
				<input
					data-search
					type="search"
					placeholder="Search by name, system, address or id"
					aria-label="Search assets"
					maxLength={200}
					spellcheck={false}
					value={search}
					onInput={(event) => replace(href(['assets'], { search: event.currentTarget.value }))}
					onKeyDown={toGrid}
				/>
				<span class="muted" role="status">{total !== null && plural(total, 'asset')}</span>
			</header>
			{error && <Failure error={error} retry={reload} />}
			{!isLoaded && !error && <Loading what="assets" />}
			{isLoaded && shown.length === 0 && <Nothing search={search} />}
			{shown.length > 0 && (
				<Grid
					label="Assets"
					columns={isNarrow.value ? NARROW : WIDE}
					rows={shown}
					rowKey={(asset) => asset.id}
					rowHeight={isNarrow.value ? 52 : 30}
					onOpen={(asset) => go(href(['assets', asset.id]))}
					onEnd={loadMore}
				/>
			)}
		</div>
	);
}
