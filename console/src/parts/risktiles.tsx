// risktiles.tsx - the overview's tiles of what is at risk: vulnerabilities, exposures, certificates.
import { useEffect } from 'preact/hooks';
import { throttled, useLoad } from '../load';
import { getExpiring, getExposures } from '../network';
import { href } from '../router';
import { tenant } from '../session';
import { onChanges } from '../stream';
import { count, plural } from '../text';
import { getSummary } from '../vulnerabilities';
import { Tile } from './tile';

const SOON_DAYS = 30;
const REFRESH_MS = 5000;
const FOLLOWED = ['vulnerabilities', 'exposures', 'served_certificates', 'certificates'];

async function load(abort: AbortSignal) {
	const [summary, exposures, urgent, soon, gone] = await Promise.all([
		getSummary(abort), getExposures({ accepted: 'false' }, 1, null, abort), getExposures({ level: 'high', accepted: 'false' }, 1, null, abort),
		getExpiring(SOON_DAYS, 1, null, abort), getExpiring(0, 1, null, abort),
	]);
	return { summary, exposures: exposures.total, urgent: urgent.total, soon: soon.total - gone.total, gone: gone.total };
}

/** A dash while it is not known; the rest of the page does not wait for it. */
export function RiskTiles() {
	const { data, reload } = useLoad(load, [tenant.value]);
	useEffect(() => {
		const soon = throttled(REFRESH_MS, reload);
		return onChanges((batch) => batch.some((change) => FOLLOWED.includes(change.table)) && soon());
	}, []);
	const { summary } = data ?? {};
	return (
		<>
			<Tile
				label="Vulnerabilities"
				value={summary ? summary.findings.critical + summary.findings.high : null}
				to={href(['vulnerabilities'])}
				note={!summary
					? 'of high priority'
					: summary.knowledge.generation === 0
						? <span class="warn">no feed yet: nothing is judged</span>
						: <>{count(summary.findings.critical)} critical, <span class={summary.exploited > 0 ? 'bad' : ''}>{count(summary.exploited)} exploited</span></>}
			/>
			<Tile
				label="Exposures"
				value={data ? data.exposures : null}
				to={href(['network', 'exposures'])}
				note={data ? <span class={data.urgent > 0 ? 'bad' : ''}>{count(data.urgent)} urgent</span> : 'open, weak or default'}
			/>
			<Tile
				label="Certificates, next 30 days"
				value={data ? data.soon : null}
				to={href(['network', 'certificates'])}
				note={data && data.gone > 0 ? <span class="bad">{plural(data.gone, 'is expired', 'are expired')}</span> : 'none is expired'}
			/>
		</>
	);
}
