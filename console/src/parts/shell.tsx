// shell.tsx - what surrounds every page: where one can go, whether it is live, who one is.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { signOut } from '../api';
import { isHelpOpen, KEYS } from '../keys';
import { stopLive } from '../live';
import { go, href, route } from '../router';
import { session, signedOutBecause, tenant } from '../session';
import { connection, missed, retryNow } from '../stream';
import { count, visible } from '../text';
import { isDark, toggleTheme } from '../theme';
import { clockTime, elapsed, now } from '../time';
import { Dialog } from './dialog';

/** short: where there is little room. also: what is reached from this page and belongs to it. */
const PAGES: { part: string; title: string; short?: string; key: string; also?: string }[] = [
	{ part: '', title: 'Overview', short: 'Home', key: 'g o' },
	{ part: 'assets', title: 'Assets', key: 'g a' },
	{ part: 'vulnerabilities', title: 'Vulnerabilities', short: 'Vulns', key: 'g v', also: 'feeds' },
	{ part: 'network', title: 'Network', key: 'g n' },
	{ part: 'events', title: 'Events', key: 'g e' },
	{ part: 'sensors', title: 'Sensors', key: 'g s', also: 'policies' },
	{ part: 'query', title: 'Query', key: 'g q' },
];

function Navigation() {
	const here = route.value.parts[0] ?? '';
	return (
		<nav aria-label="Pages">
			{PAGES.map(({ part, title, short, key, also }) => (
				<a
					key={part}
					href={href(part ? [part] : [])}
					aria-current={here === part || here === also ? 'page' : undefined}
					aria-label={title}
					title={`Key: ${key}`}
				>
					{short ? <><span class="long">{title}</span><span class="short">{short}</span></> : title}
				</a>
			))}
		</nav>
	);
}

const WORDS = { starting: 'Connecting', live: 'Live', lost: 'Offline', paused: 'Paused' };

function ConnectionMark() {
	const { state } = connection.value;
	return <span class={`connection ${state}`} role="status">{WORDS[state]}</span>;
}

function LostBanner() {
	const { state, since, retryAt } = connection.value;
	if (state !== 'lost') {
		return null;
	}
	const wait = Math.ceil((retryAt - now.value) / 1000);
	return (
		<div class="banner lost">
			<span>
				<span role="alert"><strong>Connection lost</strong> at {clockTime(since)}</span>, {elapsed(since)} ago. What you see may have
				changed since.
			</span>
			<button onClick={retryNow}>{wait > 0 ? `Try now (or in ${wait} s)` : 'Trying…'}</button>
		</div>
	);
}

function MissedBanner() {
	return missed.value === 0 ? null : (
		<div class="banner" role="status">
			<span>
				This page was too slow for {count(missed.value)} changes and has loaded the present state instead. Nothing is missing from the history.
			</span>
			<button onClick={() => (missed.value = 0)}>Dismiss</button>
		</div>
	);
}

function TenantSwitch() {
	const me = session.value;
	if (!me?.is_platform || me.tenants.length < 2) {
		return null;
	}
	const choose = (name: string) => {
		const page = PAGES.find(({ part }) => part === route.value.parts[0])?.part;
		go(href(page ? [page] : [], { tenant: name === me.tenant ? null : name }));
	};
	return (
		<label class="tenant">
			<span class="hidden">Tenant</span>
			<select value={tenant.value} onChange={(event) => choose(event.currentTarget.value)}>
				{me.tenants.map((name) => <option key={name} value={name}>{visible(name)}</option>)}
			</select>
		</label>
	);
}

async function leave(): Promise<void> {
	stopLive();
	await signOut().catch(() => undefined);
	signedOutBecause.value = null;
	session.value = null;
	go('#/');
}

function Help() {
	return (
		<Dialog title="Keys" onClose={() => (isHelpOpen.value = false)}>
			<table class="keys">
				<tbody>
					{KEYS.map(([keys, meaning]) => (
						<tr key={keys}>
							<th scope="row">{keys.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}</th>
							<td>{meaning}</td>
						</tr>
					))}
				</tbody>
			</table>
			<p class="muted">Bartizan {visible(session.value?.version ?? '')}, signed in as {visible(session.value?.name ?? '')}</p>
		</Dialog>
	);
}

export function Shell({ children }: { children: ComponentChildren }) {
	const main = useRef<HTMLElement>(null);
	const page = route.value.parts.slice(0, 2).join('/');
	useEffect(() => {
		if (!main.current?.contains(document.activeElement)) {
			main.current?.focus({ preventScroll: true });
		}
	}, [page]);
	return (
		<div class="shell">
			<button class="skip" onClick={() => main.current?.focus()}>Skip to the content</button>
			<header class="top">
				<a class="brand" href={href([])} aria-label="Bartizan, overview">
					<img src="/icon.svg" alt="" width="22" height="22" />
					<span>Bartizan</span>
				</a>
				<Navigation />
				<div class="tools">
					<ConnectionMark />
					<TenantSwitch />
					<button
						class="quiet"
						onClick={toggleTheme}
						aria-label={isDark.value ? 'Switch to light' : 'Switch to dark'}
						title="Light or dark (t)"
					>
						{isDark.value ? '☀' : '☾'}
					</button>
					<button class="quiet" onClick={() => (isHelpOpen.value = true)} aria-label="Keys" title="Keys (?)">?</button>
					<button class="quiet" onClick={leave} title={`Signed in as ${visible(session.value?.name ?? '')}`}>Sign out</button>
				</div>
			</header>
			<div class="banners">
				<LostBanner />
				<MissedBanner />
			</div>
			<main ref={main} tabIndex={-1}>{children}</main>
			{isHelpOpen.value && <Help />}
		</div>
	);
}
