// assetsensor.tsx - the sensor of an asset: how it is, what it cannot read and why, what it was asked to do.
import { useEffect } from 'preact/hooks';
import { getSensor } from '../api';
import { throttled, useLoad } from '../load';
import { getAssetPolicy, policyText } from '../policies';
import { href } from '../router';
import { onSensors } from '../stream';
import { plural, visible } from '../text';
import type { SensorDetail } from '../types';
import { PolicyState, StateMark } from './sensorstate';
import { Empty, Failure, Loading } from './states';
import { Ago, Text } from './text';

const REFRESH_MS = 2000;

function Warnings({ sensor }: { sensor: SensorDetail }) {
	return (
		<>
			{sensor.is_duplicated && (
				<p class="note-line bad">
					Its key is used in two places: two machines have the same state folder.{' '}
					{sensor.duplicates && <>Seen: <Text of={sensor.duplicates} />. </>}
					Revoke it, remove the state folder on one of them, and enrol both anew.
				</p>
			)}
			{sensor.clone_of && (
				<p class="note-line warn">
					It was enrolled with a copy of the state folder of sensor <code>{visible(sensor.clone_of)}</code>, and is counted as a machine of its own.
				</p>
			)}
		</>
	);
}

function Health({ sensor }: { sensor: SensorDetail }) {
	if (sensor.health.length === 0) {
		return <p class="muted">Every collector does its work.</p>;
	}
	return (
		<div class="wide-table">
			<table class="plain">
				<thead><tr><th scope="col">Collector</th><th scope="col">State</th><th scope="col">Why</th></tr></thead>
				<tbody>
					{sensor.health.map(({ collector, state, error }) => (
						<tr key={collector}>
							<th scope="row"><Text of={collector} /></th>
							<td><span class={`mark ${state === 'failing' ? 'bad' : state === 'off' ? '' : 'warn'}`}><Text of={state ?? 'unknown'} /></span></td>
							<td><Text of={error ?? '–'} /></td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function AppliedPolicy({ asset, sensor }: { asset: string; sensor: SensorDetail | null }) {
	const { data, error, reload } = useLoad((abort) => getAssetPolicy(asset, abort), [asset]);
	return (
		<section class="panel">
			<header><h2>Policy of this asset</h2><a href={href(['policies'])}>All policies</a></header>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="the policy" />}
			{data && (
				<>
					<dl class="facts">
						{sensor && <div><dt>State</dt><dd><PolicyState sensor={sensor} /></dd></div>}
						<div>
							<dt>Made of</dt>
							<dd>
								{data.made_of.length === 0 && "nothing: the sensor's own defaults apply"}
								{data.made_of.map((name, i) => <span key={name}>{i > 0 && ', then '}<a href={href(['policies', name])}><Text of={name} /></a></span>)}
							</dd>
						</div>
						<div><dt>Digest</dt><dd><code>{visible(data.digest)}</code></dd></div>
					</dl>
					{data.left_out > 0 && <p class="note-line warn">{plural(data.left_out, 'policy', 'policies')} could not be taken in beside the others: too many paths or bytes together.</p>}
					<pre class="code" tabIndex={0} aria-label="The policy as JSON">{visibleLines(policyText(data.policy))}</pre>
				</>
			)}
		</section>
	);
}

/** Indentation stays; everything else invisible is written out. */
function visibleLines(text: string): string {
	return text.split('\n').map((line) => {
		const indent = /^\t*/.exec(line)![0];
		return indent.replaceAll('\t', '  ') + visible(line.slice(indent.length));
	}).join('\n');
}

export function AssetSensor({ asset, sensor: id, isScanned }: { asset: string; sensor: string | null; isScanned: boolean }) {
	const { data: sensor, error, reload } = useLoad(async (abort) => (id ? getSensor(id, abort) : null), [id]);
	useEffect(() => onSensors(throttled(REFRESH_MS, reload)), []);
	return (
		<div class="stack">
			{error && <Failure error={error} retry={reload} />}
			{!id && isScanned && <Empty title="No sensor">Scans alone find this asset. <a href={href(['sensors'], { enrol: '1' })}>Enrol an agent</a> to know it from within.</Empty>}
			{!id && !isScanned && <Empty title="No sensor">Nothing reports on this asset now; what is shown is what was last known.</Empty>}
			{id && !sensor && !error && <Loading what="the sensor" />}
			{sensor && (
				<section class="panel">
					<header><h2>Sensor</h2><StateMark sensor={sensor} /></header>
					<Warnings sensor={sensor} />
					<dl class="facts">
						<div><dt>Id</dt><dd><code>{visible(sensor.id)}</code></dd></div>
						<div><dt>Version</dt><dd><Text of={sensor.version ?? 'unknown'} /></dd></div>
						<div><dt>Comes from</dt><dd><Text of={sensor.address ?? 'unknown'} /></dd></div>
						<div><dt>Enrolled</dt><dd><Ago at={sensor.enrolled_at} /></dd></div>
						<div><dt>Certificate ends</dt><dd><Ago at={sensor.certificate_not_after} /></dd></div>
					</dl>
					<h3>Collectors that are not well</h3>
					<Health sensor={sensor} />
				</section>
			)}
			{!isScanned && <AppliedPolicy asset={asset} sensor={sensor} />}
		</div>
	);
}
