// vulnmarks.tsx - what every view of vulnerabilities says in the same way.
import { useEffect } from 'preact/hooks';
import { throttled } from '../load';
import { onChanges, onKnowledge } from '../stream';
import { percent, type Facts, type Level } from '../vulnerabilities';

export function LevelMark({ level, priority }: { level: Level; priority?: number }) {
	return <span class={`level ${level}`}>{level}{priority !== undefined && <b>{priority}</b>}</span>;
}

/** What makes it more urgent than its score says. */
export function Threat({ of }: { of: Pick<Facts, 'is_exploited' | 'is_ransomware' | 'kev_due' | 'epss'> }) {
	return (
		<span class="threat">
			{of.is_exploited && (
				<span class="mark bad" title={`Exploited in the wild${of.is_ransomware ? ', in ransomware campaigns too' : ''} (CISA KEV)`}>
					{of.is_ransomware ? 'ransomware' : 'exploited'}
				</span>
			)}
			{of.epss !== null && <span class="muted" title="Probability of exploitation within 30 days (FIRST EPSS)">EPSS {percent(of.epss)}</span>}
		</span>
	);
}

/** That it is concluded from a scanned service's own word. */
export function Inferred({ of }: { of: { confidence: string | null } }) {
	return of.confidence === null ? null : (
		<span class={`mark ${of.confidence === 'possible' ? '' : 'warn'}`} title="No agent tells what is installed: it is concluded from what a scanned service says of itself">
			{of.confidence === 'possible' ? 'possible, inferred' : 'inferred'}
		</span>
	);
}

const REFRESH_MS = 3000;

/** Calls back, not too often, when findings came or went (of one asset where it is named), or the feeds say something else of them. */
export function useFindingsFollow(reload: () => void, asset: string | null = null): void {
	useEffect(() => {
		const soon = throttled(REFRESH_MS, reload);
		const ends = [
			onKnowledge(soon),
			onChanges((batch) => batch.some((change) => change.table === 'vulnerabilities' && (!asset || change.asset === asset)) && soon()),
		];
		return () => ends.forEach((end) => end());
	}, [asset]);
}
