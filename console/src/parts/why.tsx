// why.tsx - why an asset has a vulnerability, or why not: each step, with the feeds' own words.
import { useLoad } from '../load';
import { href } from '../router';
import { visible } from '../text';
import { EXPOSURES, getWhy, percent, severityText, type Why, type WhyEntry, type WhyPackage } from '../vulnerabilities';
import { Dialog } from './dialog';
import { Failure, Loading } from './states';
import { Text } from './text';
import { LevelMark } from './vulnmarks';

/** The feed's words, indented where they are JSON; invisible characters are written out. */
function Quote({ text }: { text: string }) {
	let shown = text;
	try {
		shown = JSON.stringify(JSON.parse(text), null, 2);
	} catch {
		// Cut in the middle, or no JSON: as it is.
	}
	return <pre class="code" tabIndex={0} aria-label="The feed's own words">{shown.split('\n').map(visible).join('\n')}</pre>;
}

function Sum({ of }: { of: WhyEntry['priority'] }) {
	const probability = of.probability === null ? 'exploited: no probability needed' : `probability ${of.probability} %`;
	return (
		<p>
			Priority <LevelMark level={of.level} priority={of.value} />: severity {of.severity} %, {probability}, exposure {of.exposure} %, decision {of.decision} %, confidence {of.confidence} %.{' '}
			<span class="muted"><Text of={of.reason} /></span>
		</p>
	);
}

function Entry({ of }: { of: WhyEntry }) {
	return (
		<li class={`why-entry${of.is_finding ? '' : ' none'}`}>
			<p>
				<b><Text of={of.feed} /></b>{of.advisory && <> (<Text of={of.advisory} />)</>} speaks of <Text of={of.feed_package} /> in <Text of={of.stream} />:{' '}
				<span class={`mark ${of.is_finding ? 'warn' : ''}`}><Text of={of.status} /></span>
				{of.urgency && <span class="muted"> urgency <Text of={of.urgency} /></span>}
			</p>
			<p>
				Compared: <Text of={of.installed} />{of.fixed_version ? <> with the fix in <Text of={of.fixed_version} /></> : ', and there is no fix'}.
			</p>
			<dl class="rules">
				<div><dt><code>{visible(of.subject_rule)}</code></dt><dd><Text of={of.subject_rule_says} max={1000} /></dd></div>
				<div><dt><code>{visible(of.rule)}</code></dt><dd><Text of={of.rule_says} max={1000} /></dd></div>
			</dl>
			{of.quote && <Quote text={of.quote} />}
			{of.is_finding && <Sum of={of.priority} />}
		</li>
	);
}

const told = (record: Record<string, string | number | null>) =>
	Object.entries(record).filter(([, value]) => value !== null && value !== '').map(([name, value]) => `${name} ${value}`).join(', ');

function Package({ of }: { of: WhyPackage }) {
	return (
		<section class="why-package">
			<h3><Text of={of.package} /> <Text of={of.version} /></h3>
			{of.evidence && <p><span class="mark"><Text of={of.confidence ?? 'not judged'} /></span> <Text of={of.evidence} max={1000} /></p>}
			<p>
				{of.evidence ? 'Named in' : 'Installed by'} <Text of={of.manager} />{of.status && <> ({visible(of.status)})</>}{of.architecture && <> for <Text of={of.architecture} /></>}
				{of.source && <>, built from <b><Text of={of.source} /></b> <Text of={of.source_version ?? ''} /></>}{of.path && <>, in <Text of={of.path} /></>}.
			</p>
			<p>Exposure: <b><Text of={EXPOSURES[of.exposure] ?? of.exposure} /></b></p>
			{(of.listeners.length > 0 || of.uses.length > 0) && (
				<ul class="bullets">
					{of.listeners.map((each, i) => <li key={`l${i}`}>listens: <Text of={told(each)} /></li>)}
					{of.uses.map((each, i) => <li key={`u${i}`}>used by: <Text of={told(each)} /></li>)}
				</ul>
			)}
			<ul class="why-entries">{of.entries.map((each, i) => <Entry key={i} of={each} />)}</ul>
		</section>
	);
}

function Chain({ of }: { of: Why }) {
	const { coverage, facts } = of;
	return (
		<div class="why">
			<p class="lead"><span class={`mark ${of.is_found ? 'bad' : 'good'}`}>{of.is_found ? 'affected' : 'not affected'}</span> <Text of={of.conclusion} max={1000} /></p>
			{of.accepted !== null && <p class="note-line">It is accepted here. <a href={href(['vulnerabilities', of.id])}>By whom and why</a></p>}
			<h3>The vulnerability</h3>
			{facts
				? (
					<p>
						<a href={href(['vulnerabilities', of.id])}><Text of={of.id} /></a>: <Text of={facts.summary ?? 'no summary'} max={1000} />{' '}
						<span class="muted">
							CVSS <Text of={severityText(facts) || 'unknown'} />{typeof facts.epss === 'number' && `, EPSS ${percent(facts.epss)}`}
							{facts.is_exploited && ', exploited in the wild'}
						</span>
					</p>
				)
				: <p class="warn">No feed speaks of <Text of={of.id} />.</p>}
			<h3>The system</h3>
			{coverage.is_covered
				? <p><Text of={coverage.system ?? 'Unknown'} /> is judged as <b><Text of={coverage.release ?? 'unknown'} /></b>{of.architecture && <>, <Text of={of.architecture} /></>}.</p>
				: <p class="warn"><Text of={coverage.system ?? 'Unknown system'} />: <Text of={coverage.problem ?? 'no feed covers it'} /></p>}
			{of.packages.length === 0 && <p class="muted">No installed package is one that any feed's entry on it concerns.</p>}
			{of.packages.map((each, i) => <Package key={i} of={each} />)}
		</div>
	);
}

export function WhyDialog({ asset, id, onClose }: { asset: string; id: string; onClose(): void }) {
	const { data, error, reload } = useLoad((abort) => getWhy(asset, id, abort), [asset, id]);
	return (
		<Dialog title={<>Why <Text of={id} /></>} onClose={onClose} isWide>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="the reasons" />}
			{data && <Chain of={data} />}
		</Dialog>
	);
}
