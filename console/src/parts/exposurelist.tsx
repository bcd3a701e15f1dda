// exposurelist.tsx - exposures with their evidence and what to do.
import { type Exposure, listener } from '../network';
import { href } from '../router';
import { visible } from '../text';
import { Text } from './text';
import { LevelMark } from './vulnmarks';

interface Props {
	items: readonly Exposure[];
	/** The page is about one asset: its name is not repeated. */
	isOneAsset?: boolean;
	ruleHref?(rule: string): string;
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

function Where({ of }: { of: Exposure }) {
	return <Text of={of.address && of.port !== null ? listener(of.address, of.port) : of.subject} />;
}

export function ExposureList({ items, isOneAsset = false, ruleHref }: Props) {
	return (
		<ol class="finding-list exposures">
			{items.map((each) => (
				<li key={`${each.asset} ${each.id} ${each.subject}`} class="finding">
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
				</li>
			))}
		</ol>
	);
}
