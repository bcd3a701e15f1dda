// feeds.tsx - where the knowledge of vulnerabilities comes from, how old it is, and what went wrong.
import { useEffect, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../api';
import { type Feed, type Feeds, getFeeds, updateFeed } from '../feeds';
import { useLoad } from '../load';
import { Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { href } from '../router';
import { session } from '../session';
import { count, plural, visible } from '../text';

const REFRESH_MS = 10_000;
const REFRESH_RUNNING_MS = 1000;

function bytes(n: number): string {
	return n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${Math.ceil(n / 1e3)} kB`;
}

function state(feed: Feed, isOffline: boolean): [words: string, tone: string] {
	if (feed.is_running) {
		return ['fetching now', 'accent'];
	}
	if (feed.error) {
		return [feed.updated_at ? 'failed; what was there stays in force' : 'failed; nothing is in force', 'bad'];
	}
	if (!feed.updated_at) {
		// Only what should be there by now is worth a look.
		return feed.is_automatic && !isOffline ? ['not fetched yet', 'warn'] : ['not in use', ''];
	}
	return ['in force', 'good'];
}

function FeedPanel({ feed, isOffline, onAsked }: { feed: Feed; isOffline: boolean; onAsked(): void }) {
	const [error, setError] = useState<ApiError | null>(null);
	const [words, tone] = state(feed, isOffline);
	const update = async () => {
		try {
			await updateFeed(feed.name);
			setError(null);
			onAsked();
		} catch (failure) {
			setError(asApiError(failure));
		}
	};
	return (
		<section class="panel feed" aria-label={`Feed ${visible(feed.name)}`}>
			<header>
				<h2><Text of={feed.name} /></h2>
				<span class={`mark ${tone}`}>{words}</span>
				{session.value?.is_platform && feed.address && !isOffline && (
					<button class="small end" disabled={feed.is_running} aria-label={`Fetch ${visible(feed.name)} now`} onClick={update}>Fetch now</button>
				)}
			</header>
			<p><Text of={feed.summary} /></p>
			<dl class="facts">
				<div><dt>Entries</dt><dd>{count(feed.records)}</dd></div>
				<div><dt>In force since</dt><dd><Ago at={feed.updated_at} /></dd></div>
				{feed.snapshot && <div><dt>Made</dt><dd><Text of={feed.snapshot} /></dd></div>}
				<div><dt>Checked</dt><dd><Ago at={feed.checked_at} /></dd></div>
				{feed.next_at && <div><dt>Next</dt><dd><Ago at={feed.next_at} /></dd></div>}
				{feed.unreadable > 0 && <div><dt>Unreadable</dt><dd class="warn">{count(feed.unreadable)}</dd></div>}
				{feed.passed_over > 0 && <div><dt title="of releases, ecosystems and products that nothing is matched with">Passed over</dt><dd>{count(feed.passed_over)}</dd></div>}
			</dl>
			{feed.error && (
				<p class="note-line bad">
					<Ago at={feed.tried_at} />{feed.failures > 1 && `, ${feed.failures} times in a row`}: <Text of={feed.error} max={1000} />
				</p>
			)}
			{error && <Failure error={error} />}
			<p class="muted source">{feed.address ? <Text of={feed.address} /> : 'imported only'}{feed.address && !feed.is_automatic && ', not fetched by itself'}</p>
		</section>
	);
}

function Knowledge({ feeds: { knowledge, is_offline: isOffline } }: { feeds: Feeds }) {
	return (
		<section class="panel" aria-label="What is in force">
			<header><h2>In force</h2>{isOffline && <span class="mark warn">offline: nothing is fetched, files are imported</span>}</header>
			{knowledge.generation === 0
				? <p class="warn">There is no knowledge yet: no package is judged until the first feed is there.</p>
				: (
					<dl class="facts">
						<div><dt>Vulnerabilities</dt><dd><b>{count(knowledge.vulnerabilities)}</b></dd></div>
						<div><dt>Entries</dt><dd>{count(knowledge.entries)}</dd></div>
						<div><dt>Packages</dt><dd>{count(knowledge.packages)}</dd></div>
						<div><dt>Releases and ecosystems</dt><dd>{count(knowledge.streams)}</dd></div>
						<div><dt>Built</dt><dd><Ago at={knowledge.built_at} /> (generation {count(knowledge.generation)}, {bytes(knowledge.bytes)})</dd></div>
					</dl>
				)}
		</section>
	);
}

export function FeedsPage() {
	const { data, error, reload } = useLoad(getFeeds, []);
	const isRunning = data?.items.some((feed) => feed.is_running) ?? false;
	useEffect(() => {
		document.title = 'Feeds · Bartizan';
	}, []);
	useEffect(() => {
		const timer = setInterval(() => !document.hidden && reload(), isRunning ? REFRESH_RUNNING_MS : REFRESH_MS);
		return () => clearInterval(timer);
	}, [isRunning]);
	const failed = data?.items.filter((feed) => feed.error).length ?? 0;
	return (
		<div class="page stack">
			<header class="page-head">
				<h1>Feeds</h1>
				<a href={href(['vulnerabilities'])}>Vulnerabilities</a>
				<span class="muted" role="status">{data && <>{plural(data.items.length, 'feed')}{failed > 0 && <span class="bad">, {failed} failed</span>}</>}</span>
			</header>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="feeds" />}
			{data && <Knowledge feeds={data} />}
			<div class="feeds">
				{data?.items.map((feed) => <FeedPanel key={feed.name} feed={feed} isOffline={data.is_offline} onAsked={() => setTimeout(reload, REFRESH_RUNNING_MS)} />)}
			</div>
		</div>
	);
}
