// exposures.tsx - what is open, weak or about to expire, and what to do about it.
import { useEffect } from 'preact/hooks';
import { searchIsHere } from '../keys';
import { usePages } from '../paged';
import { EXPOSURE_FILTERS, type ExposureFilter, FAMILIES, getExposures, LEVELS, PAGE_SIZE } from '../network';
import { Choice, Typed } from '../parts/choices';
import { ExposureList } from '../parts/exposurelist';
import { NetworkHead, useTablesFollow } from '../parts/networknav';
import { Empty, Failure, Loading } from '../parts/states';
import { href, replace, route } from '../router';
import { tenant } from '../session';
import { plural } from '../text';

const HERE = ['network', 'exposures'];

export function ExposuresPage() {
	const { query } = route.value;
	const filter = Object.fromEntries(EXPOSURE_FILTERS.map((name) => [name, query.get(name)])) as ExposureFilter;
	const list = usePages((after, abort) => getExposures(filter, PAGE_SIZE, after, abort), [tenant.value, filter]);
	useTablesFollow(['exposures'], list.refresh);
	useEffect(searchIsHere, []);
	const set = (name: keyof ExposureFilter) => (value: string | null) => replace(href(HERE, { ...filter, [name]: value }));
	const isFiltered = EXPOSURE_FILTERS.some((name) => filter[name]);
	return (
		<div class="page stack network">
			<NetworkHead here="exposures" title="Exposures">
				<span class="muted" role="status">{list.base && `${plural(list.base.total, 'finding')}, the most urgent first`}</span>
			</NetworkHead>
			<div class="filters" role="search">
				<Typed isSearch value={filter.search} label="Search exposures" placeholder="Search asset, place, finding" onValue={set('search')} />
				<Choice label="Priority" value={filter.level} options={LEVELS.map((level) => [level, level === 'critical' ? 'critical' : `${level} and above`] as const)} onValue={set('level')} />
				<Choice label="Kind" value={filter.family} options={FAMILIES.map((family) => [family, family] as const)} onValue={set('family')} />
				<Choice label="Accepted" value={filter.accepted} options={[['false', 'not accepted'], ['true', 'accepted']]} onValue={set('accepted')} />
				<Typed value={filter.rule} label="Rule" placeholder="Rule, exactly" onValue={set('rule')} />
				<Typed value={filter.asset} label="Asset" placeholder="Asset, exactly" onValue={set('asset')} />
				{isFiltered && <a href={href(HERE)}>Clear</a>}
			</div>
			{list.error && <Failure error={list.error} retry={list.reload} />}
			{!list.base && !list.error && <Loading what="exposures" />}
			{list.base && list.items.length === 0 && (isFiltered
				? <Empty title="No exposure matches"><a href={href(HERE)}>Clear the filters</a></Empty>
				: <Empty title="Nothing is exposed">Of what scans and agents have seen. <a href={href(['network', 'scopes'])}>What is scanned</a></Empty>)}
			<ExposureList items={list.items} ruleHref={(rule) => href(HERE, { ...filter, rule })} onDone={list.reload} />
			{list.next && <button onClick={list.loadMore}>Load more</button>}
		</div>
	);
}
