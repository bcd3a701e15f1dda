// exposurelist.tsx - exposures with their evidence and what to do.
import { useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../api';
import { acceptExposure, type Exposure, listener, withdrawExposureAcceptance } from '../network';
import { href } from '../router';
import { visible } from '../text';
import { AcceptForm } from './accept';
import { Failure } from './states';
import { Ago, Text } from './text';
import { LevelMark } from './vulnmarks';

interface Props {
	items: readonly Exposure[];
	/** The page is about one asset: its name is not repeated. */
	isOneAsset?: boolean;
	ruleHref?(rule: string): string;
	/** One was accepted, or is not any more. */
	onDone(): void;
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

function Where({ of }: { of: Exposure }) {
	return <Text of={of.address && of.port !== null ? listener(of.address, of.port) : of.subject} />;
}

/** Who accepted it and why, or the button to do so. */
function Deeds({ of, onAccept, onDone }: { of: Exposure; onAccept(): void; onDone(): void }) {
	const [error, setError] = useState<ApiError | null>(null);
	if (!of.accepted) {
		return <p class="deeds"><button class="small" aria-label={`Accept ${visible(of.id)} at ${visible(of.subject)}`} onClick={onAccept}>Accept it</button></p>;
	}
	const { no, reason, by, at, until } = of.accepted;
	const withdraw = async () => {
		try {
			await withdrawExposureAcceptance(no);
			onDone();
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<>
			<p class="deeds">
				<span>accepted by <Text of={by} /> <Ago at={at} />, {until ? <>until <Ago at={until} /></> : 'for good'}: “<Text of={reason} max={1000} />”</span>{' '}
				<button class="small" aria-label={`Take back the acceptance of ${visible(of.id)} at ${visible(of.subject)}`} onClick={withdraw}>Take back</button>
			</p>
			{error && <Failure error={error} />}
		</>
	);
}

export function ExposureList({ items, isOneAsset = false, ruleHref, onDone }: Props) {
	const [asked, setAsked] = useState<Exposure | null>(null);
	return (
		<>
			<ol class="finding-list exposures">
			{items.map((each) => (
				<li key={`${each.asset} ${each.id} ${each.subject}`} class={each.accepted ? 'finding accepted' : 'finding'}>
					<p class="finding-head">
						<LevelMark level={each.level} priority={each.priority} />
						<b><Text of={sentence(each.what)} /></b>
						<span class="end">
							{ruleHref
								? <a class="mark" href={ruleHref(each.id)} aria-label={`Only ${visible(each.id)}`}><Text of={each.id} /></a>
								: <span class="mark"><Text of={each.id} /></span>}
						</span>
					</p>
					<p>
						{!isOneAsset && <><a data-item href={href(['assets', each.asset, each.seen_by === 'scan' ? 'network' : 'listeners'])}><Text of={each.asset_name} /></a> at </>}
						<Where of={each} /> <span class="muted">{each.seen_by === 'scan' ? 'seen by a scan' : 'told by its agent'}</span>
						{each.evidence && <span class="muted">: <Text of={each.evidence} /></span>}
					</p>
					<p class="advice"><span class="muted">To do:</span> <Text of={each.advice} max={1000} /></p>
					<Deeds of={each} onAccept={() => setAsked(each)} onDone={onDone} />
				</li>
			))}
		</ol>
		{asked && (
			<AcceptForm
				title={<>Accept <Text of={asked.id} />?</>}
				accept={(reason, until) => acceptExposure({ asset: asked.asset, rule: asked.id, subject: asked.subject, reason, ...(until && { until }) })}
				onClose={() => setAsked(null)}
				onDone={onDone}
			>
				<p>
					<b><Text of={sentence(asked.what)} /></b>, at <Text of={asked.subject} /> of <Text of={asked.asset_name} />. It stays listed and counts no more. It comes back by itself when it
					went and is there again, or when something else is found there. Your name goes with it.
				</p>
			</AcceptForm>
		)}
		</>
	);
}
