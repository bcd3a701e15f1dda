// vulnfilters.tsx - what a list of vulnerabilities is narrowed by; it stands in the address.
import { href, replace } from '../router';
import { count } from '../text';
import { isNarrow } from '../theme';
import { EXPOSURES, type Filter, FILTERS, LEVELS, STATUSES } from '../vulnerabilities';
import { Choice, Typed } from './choices';

interface Props {
	filter: Filter;
	/** The view's address. */
	parts: readonly string[];
	total: number | null;
}

const YES_NO = (yes: string, no: string) => [['true', yes], ['false', no]] as const;

export function Filters({ filter, parts, total }: Props) {
	const set = (name: keyof Filter) => (value: string | null) => replace(href(parts, { ...filter, [name]: value }));
	const isSet = FILTERS.some((name) => filter[name]);
	const more = FILTERS.filter((name) => name !== 'search' && filter[name]).length;
	const choices = (
		<>
			<Choice
				label="Priority"
				value={filter.level}
				options={LEVELS.slice(0, 4).map((level) => [level, level === 'critical' ? 'critical' : `${level} and above`] as const)}
				onValue={set('level')}
			/>
			<Choice label="Exploited" value={filter.exploited} options={YES_NO('exploited in the wild', 'not exploited')} onValue={set('exploited')} />
			<Choice label="Fix" value={filter.fixable} options={YES_NO('fixable', 'no fix yet')} onValue={set('fixable')} />
			<Choice label="Status" value={filter.status} options={STATUSES.map((status) => [status, status] as const)} onValue={set('status')} />
			<Choice label="Exposure" value={filter.exposure} options={Object.entries(EXPOSURES)} onValue={set('exposure')} />
			<Choice label="Accepted" value={filter.accepted} options={YES_NO('accepted', 'not accepted')} onValue={set('accepted')} />
			<Typed value={filter.package} label="Package" placeholder="Package, exactly" onValue={set('package')} />
		</>
	);
	return (
		<div class="filters" role="search">
			<Typed isSearch value={filter.search} label="Search vulnerabilities" placeholder="Search id, summary, package" onValue={set('search')} />
			{isNarrow.value
				? <details class="more-filters"><summary>Filters{more > 0 && ` (${more})`}</summary><div class="filters">{choices}</div></details>
				: choices}
			{isSet && <a href={href(parts)}>Clear</a>}
			<span class="muted" role="status">{total !== null && `${count(total)} found`}</span>
		</div>
	);
}
