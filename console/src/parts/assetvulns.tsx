// assetvulns.tsx - what one asset is exposed to: how urgent, what mends it, and why.
import { useMemo, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../api';
import { download } from '../csv';
import { useLoad } from '../load';
import { usePages } from '../paged';
import { href, replace, route } from '../router';
import { plural, visible } from '../text';
import {
	checkUpdates, type Coverage, type Filter, FILTERS, type Finding, getAssetVulnerabilities, getSbom, severityText,
} from '../vulnerabilities';
import { Accept } from './accept';
import { Command } from './command';
import { CopyBox } from './copy';
import { Empty, Failure, Loading } from './states';
import { Ago, Text } from './text';
import { Filters } from './vulnfilters';
import { Inferred, LevelMark, Threat, useFindingsFollow } from './vulnmarks';
import { WhyDialog } from './why';

function Covered({ of }: { of: Coverage }) {
	return of.is_covered
		? <p class="muted">Judged as <b><Text of={of.release ?? 'unknown'} /></b></p>
		: (
			<p class="note-line warn">
				<b>No feed covers this asset</b> (<Text of={of.system ?? 'unknown system'} />): nothing found means nothing. <Text of={of.problem ?? ''} />
			</p>
		);
}

function SbomButton({ asset }: { asset: string }) {
	const [isBusy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError | null>(null);
	const get = async () => {
		setBusy(true);
		try {
			download(`${asset}.cdx.json`, 'application/vnd.cyclonedx+json', JSON.stringify(await getSbom(asset), null, '\t'));
			setError(null);
		} catch (failure) {
			setError(asApiError(failure));
		} finally {
			setBusy(false);
		}
	};
	return (
		<>
			<button disabled={isBusy} title="What is installed and what is known of it: CycloneDX 1.5 with VEX" onClick={get}>{isBusy ? 'Making it…' : 'SBOM'}</button>
			{error && <Failure error={error} />}
		</>
	);
}

function Entry({ of, whyHref, onAccept }: { of: Finding; whyHref: string; onAccept(): void }) {
	const severity = severityText(of);
	return (
		<li class={`finding${of.accepted !== null ? ' accepted' : ''}`}>
			<p class="finding-head">
				<LevelMark level={of.level} priority={of.priority} />
				<a data-item href={href(['vulnerabilities', of.id])}><b><Text of={of.id} /></b></a>
				{severity && <span class="muted">CVSS <Text of={severity} /></span>}
				<Threat of={of} />
				<Inferred of={of} />
				<span class="end">
					{of.accepted !== null
						? <span class="mark">accepted</span>
						: <button class="small" aria-label={`Accept ${visible(of.id)}`} onClick={onAccept}>Accept</button>}{' '}
					<a class="button small" href={whyHref} aria-label={`Why ${visible(of.id)}`}>Why</a>
				</span>
			</p>
			{of.summary && <p><Text of={of.summary} /></p>}
			<p>
				<b><Text of={of.package} /></b> <Text of={of.version ?? ''} />{of.fixed_version && <> → <span class="good"><Text of={of.fixed_version} /></span></>}
				{of.packages.length > 1 && <span class="muted"> and {plural(of.packages.length - 1, 'more package')}</span>}
				{of.path && <span class="muted">{of.confidence === null ? ' in ' : ', '}<Text of={of.path} /></span>}
			</p>
			{of.evidence && <p><Text of={of.evidence} max={1000} /></p>}
			<p class="muted">
				<Text of={of.reason} />
				{of.first_seen && <> · first seen <Ago at={of.first_seen} /></>}{of.reopened > 0 && `, came back ${of.reopened}×`}
			</p>
			{of.fix
				? <Command text={of.fix} label={`the command that mends ${visible(of.id)}`} />
				: of.is_fixable && <p class="muted">There is a fix, and no single command that brings it.</p>}
		</li>
	);
}

function AllCommands({ findings }: { findings: readonly Finding[] }) {
	const commands = useMemo(
		() => [...new Set(findings.flatMap(({ fix, accepted }) => (fix && accepted === null ? [fix] : [])))], [findings]);
	if (commands.length < 2) {
		return null;
	}
	return (
		<details class="panel">
			<summary>The {commands.length} commands that mend what is listed here</summary>
			<CopyBox text={commands.map(visible).join('\n')} label="Commands" />
		</details>
	);
}

const SAID_BY = { both: 'feeds and package manager', feed: 'feeds only', manager: 'package manager only' };

function UpdatesTable({ asset }: { asset: string }) {
	const { data, error, reload } = useLoad((abort) => checkUpdates(asset, abort), [asset]);
	if (!data) {
		return error ? <Failure error={error} retry={reload} /> : <Loading what="the comparison" />;
	}
	return (
		<>
			{!data.is_told && <p class="note-line warn">The package manager's lists show nothing here: they may be missing, or nothing is to be updated.</p>}
			<p>{data.both} by both, {data.only_feed} by the feeds only, {data.only_manager} by the package manager only</p>
			<div class="wide-table">
				<table class="plain">
					<thead><tr><th scope="col">Package</th><th scope="col">Said by</th><th scope="col">Installed</th><th scope="col">Feeds: fixed in</th><th scope="col">Manager: would install</th></tr></thead>
					<tbody>
						{data.items.map((each, i) => (
							<tr key={i}>
								<th scope="row"><Text of={each.package} /></th>
								<td>{SAID_BY[each.said_by]}</td>
								<td><Text of={each.installed} /></td>
								<td><Text of={each.fixed_version ?? '–'} /></td>
								<td><Text of={each.candidate ?? '–'} /></td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
		</>
	);
}

function UpdatesCheck({ asset }: { asset: string }) {
	const [isOpen, setOpen] = useState(false);
	return (
		<details class="panel" onToggle={(event) => setOpen(event.currentTarget.open)}>
			<summary>Compare with the package manager's own security updates</summary>
			{isOpen && <UpdatesTable asset={asset} />}
		</details>
	);
}

export function AssetVulnerabilities({ asset }: { asset: string }) {
	const { query, parts } = route.value;
	const here = parts.slice(0, 3);
	const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)])) as Filter;
	const list = usePages((after, abort) => getAssetVulnerabilities(asset, filter, after, abort), [asset, filter]);
	const [asked, setAsked] = useState<Finding | null>(null);
	useFindingsFollow(list.refresh, asset);
	const why = query.get('why');
	const isFiltered = FILTERS.some((name) => filter[name]);
	return (
		<div class="stack findings">
			<header class="findings-head">
				{list.base && <Covered of={list.base.coverage} />}
				<span class="end"><SbomButton asset={asset} /> <a class="button" href={href(here, { rows: '1' })}>As a table</a></span>
			</header>
			<Filters filter={filter} parts={here} total={list.base?.total ?? null} />
			{list.error && <Failure error={list.error} retry={list.reload} />}
			{!list.base && !list.error && <Loading what="vulnerabilities" />}
			{list.base && list.items.length === 0 && (isFiltered
				? <Empty title="No vulnerability matches"><a href={href(here)}>Clear the filters</a></Empty>
				: list.base.coverage.is_covered
					? <Empty title="No vulnerability found">Of what the feeds cover, nothing installed here is affected.</Empty>
					: <Empty title="Not judged" />)}
			<AllCommands findings={list.items} />
			<ol class="finding-list">
				{list.items.map((each) => (
					<Entry key={each.id} of={each} whyHref={href(here, { ...filter, why: each.id })} onAccept={() => setAsked(each)} />
				))}
			</ol>
			{list.next && <button onClick={list.loadMore}>Load more</button>}
			{list.base && <UpdatesCheck asset={asset} />}
			{why && <WhyDialog asset={asset} id={why} onClose={() => replace(href(here, { ...filter }))} />}
			{asked && (
				<Accept vulnerability={asked.id} asset={{ id: asset, name: 'this asset' }} onClose={() => setAsked(null)} onDone={list.reload} />
			)}
		</div>
	);
}
