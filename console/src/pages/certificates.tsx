// certificates.tsx - certificates by the day on which they expire: a calendar, and a list with where each is served.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useLoad } from '../load';
import { ALL_SIZE, type CertificatePlace, type ExpiringCertificate, getCertificateHolders, getExpiring } from '../network';
import { usePages } from '../paged';
import { Dialog } from '../parts/dialog';
import { Grid, type Column } from '../parts/grid';
import { NetworkHead, useTablesFollow } from '../parts/networknav';
import { Empty, Failure, Loading } from '../parts/states';
import { Ago, Text } from '../parts/text';
import { href, replace, route } from '../router';
import { tenant } from '../session';
import { count, plural, visible } from '../text';
import { isNarrow } from '../theme';
import { absolute } from '../time';

const FOLLOWED = ['served_certificates', 'certificates'];
const HORIZONS: [days: string, title: string][] = [['30', '30 days'], ['90', '90 days'], ['400', '13 months'], ['3650', '10 years']];
const HORIZON = '400';
const HELD_MAX = 20_000;
const MONTHS_MAX = 14;
const NARROW_MONTHS = 2;
const SOON_DAYS = 7;
const NEAR_DAYS = 30;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** All of them, page by page, up to a bound. */
async function loadAll(days: number, abort: AbortSignal): Promise<{ items: ExpiringCertificate[]; total: number }> {
	let page = await getExpiring(days, ALL_SIZE, null, abort);
	const items = [...page.items];
	while (page.next && items.length < HELD_MAX) {
		page = await getExpiring(days, ALL_SIZE, page.next, abort);
		items.push(...page.items);
	}
	return { items, total: page.total };
}

/** Days are those of UTC, as the server counts them. */
const dayOf = (c: ExpiringCertificate) => c.not_after.slice(0, 10);
const tone = (daysLeft: number) => (daysLeft < SOON_DAYS ? 'bad' : daysLeft < NEAR_DAYS ? 'warn' : '');
const nameOf = (c: ExpiringCertificate) => c.names?.[0] ?? c.subject ?? c.fingerprint.slice(0, 16);

function Left({ of }: { of: ExpiringCertificate }) {
	return (
		<span class={`mark ${tone(of.days_left)}`}>
			{of.days_left < 0 ? 'expired' : of.days_left === 0 ? 'today' : plural(of.days_left, 'day')}
		</span>
	);
}

const placeHref = (place: CertificatePlace) => href(['assets', place.asset, place.seen_by === 'scan' ? 'network' : 'certificates']);

function Place({ of, isInGrid = false }: { of: CertificatePlace; isInGrid?: boolean }) {
	return (
		<a href={placeHref(of)} {...(isInGrid && { tabIndex: -1 })}>
			<Text of={of.asset_name} max={60} /> <Text of={of.place} max={120} />
		</a>
	);
}

interface Month {
	key: string;
	title: string;
	/** Empty cells before the first. */
	lead: number;
	days: { day: string; number: number; held: readonly ExpiringCertificate[] }[];
	count: number;
}

/** The months from now to the last with a certificate. */
function monthsOf(byDay: ReadonlyMap<string, ExpiringCertificate[]>, today: string): Month[] {
	const last = [...byDay.keys()].reduce((a, b) => (a > b ? a : b), today);
	const months: Month[] = [];
	let [year, month] = today.split('-').map(Number) as [number, number];
	while (months.length < MONTHS_MAX) {
		const key = `${year}-${String(month).padStart(2, '0')}`;
		if (key > last.slice(0, 7)) {
			break;
		}
		const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
		const days = Array.from({ length }, (_, i) => {
			const day = `${key}-${String(i + 1).padStart(2, '0')}`;
			return { day, number: i + 1, held: byDay.get(day) ?? [] };
		});
		months.push({
			key, title: `${MONTHS[month - 1]} ${year}`, days, lead: (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7,
			count: days.reduce((sum, { held }) => sum + held.length, 0),
		});
		[year, month] = month === 12 ? [year + 1, 1] : [year, month + 1];
	}
	return months;
}

function MonthBox({ of, today, chosen, address }: { of: Month; today: string; chosen: string | null; address(day: string | null): string }) {
	return (
		<section class="panel month" aria-label={of.title}>
			<header><h2>{of.title}</h2><span class="muted">{of.count > 0 ? plural(of.count, 'certificate') : 'none'}</span></header>
			<div class="days">
				{WEEKDAYS.map((each) => <span key={each} class="weekday" aria-hidden="true">{each.slice(0, 2)}</span>)}
				{Array.from({ length: of.lead }, (_, i) => <span key={`lead${i}`} />)}
				{of.days.map(({ day, number, held }) => (held.length === 0
					? <span key={day} class={`day${day === today ? ' today' : ''}`} aria-hidden="true">{number}</span>
					: (
						<a
							key={day}
							class={`day held ${tone(held[0]!.days_left)}${day === today ? ' today' : ''}`}
							href={address(chosen === day ? null : day)}
							aria-current={chosen === day ? 'date' : undefined}
							aria-label={`${day}: ${plural(held.length, 'certificate expires', 'certificates expire')}`}
							title={held.slice(0, 8).map((c) => visible(nameOf(c))).join('\n')}
						>
							{number}<b>{count(held.length)}</b>
						</a>
					)))}
			</div>
		</section>
	);
}

/** Some come with the certificate, the others page by page. */
function Holders({ of: c }: { of: ExpiringCertificate }) {
	const [isAll, setAll] = useState(false);
	const list = usePages((after, abort) => (isAll ? getCertificateHolders(c.fingerprint, after, abort) : Promise.resolve({ items: c.places, next: null, total: c.place_count })), [c.fingerprint, isAll]);
	return (
		<>
			<ul>{list.items.map((place, i) => <li key={i}><Place of={place} /> <span class="muted">{place.seen_by === 'scan' ? 'shown to a scan' : 'as its agent says'}</span></li>)}</ul>
			{!isAll && c.place_count > c.places.length && <button class="small" onClick={() => setAll(true)}>All {count(c.place_count)}</button>}
			{isAll && list.next && <button class="small" onClick={list.loadMore}>Load more</button>}
		</>
	);
}

const WIDE: Column<ExpiringCertificate>[] = [
	{ id: 'left', title: 'Left', width: 10, cell: (c) => <Left of={c} />, sortKey: (c) => c.not_after },
	{ id: 'day', title: 'Expires', width: 12, cell: dayOf, sortKey: (c) => c.not_after, titleOf: (c) => absolute(Date.parse(c.not_after)) },
	{ id: 'name', title: 'For', width: 34, cell: (c) => <><Text of={nameOf(c)} />{(c.names?.length ?? 0) > 1 && <span class="muted"> and {c.names!.length - 1} more</span>}</>, sortKey: nameOf, titleOf: (c) => visible((c.names ?? [c.subject ?? '']).join(', ').slice(0, 2000)) },
	{ id: 'where', title: 'Served at', width: 40, cell: (c) => <>{c.places[0] && <Place of={c.places[0]} isInGrid />}{c.place_count > 1 && <span class="muted"> and {count(c.place_count - 1)} more</span>}</>, sortKey: (c) => c.places[0]?.asset_name ?? null },
	{ id: 'issuer', title: 'Issued by', width: 28, cell: (c) => (c.is_self_signed ? <span class="warn">itself</span> : <Text of={c.issuer ?? '–'} />), sortKey: (c) => c.issuer, titleOf: (c) => visible(c.issuer ?? '') },
	{ id: 'key', title: 'Key', width: 12, cell: (c) => <Text of={[c.key_type, c.key_bits].filter(Boolean).join(' ') || '–'} />, sortKey: (c) => c.key_type },
];

const NARROW: Column<ExpiringCertificate>[] = [{
	id: 'certificate',
	title: 'Certificate',
	width: 20,
	sortKey: (c) => c.not_after,
	cell: (c) => (
		<div class="card">
			<div><Left of={c} /><Text of={nameOf(c)} /><span class="end">{dayOf(c)}</span></div>
			<div class="muted">{c.places[0] && <Place of={c.places[0]} isInGrid />}{c.place_count > 1 && ` and ${count(c.place_count - 1)} more`}</div>
		</div>
	),
}];

function Details({ of: c, onClose }: { of: ExpiringCertificate; onClose(): void }) {
	return (
		<Dialog title={<Text of={nameOf(c)} />} onClose={onClose} isWide>
			<p><Left of={c} /> {c.not_after} <span class="muted">(<Ago at={c.not_after} />)</span></p>
			<dl class="fields">
				<div><dt>Served at</dt><dd><Holders of={c} /></dd></div>
				<div><dt>Names</dt><dd>{c.names?.length ? <ul>{c.names.map((each, i) => <li key={i}><Text of={each} /></li>)}</ul> : <span class="muted">none</span>}</dd></div>
				<div><dt>Subject</dt><dd><Text of={c.subject ?? '–'} /></dd></div>
				<div><dt>Issuer</dt><dd><Text of={c.issuer ?? '–'} />{c.is_self_signed && <span class="warn"> (signed by itself)</span>}</dd></div>
				<div><dt>Key</dt><dd><Text of={[c.key_type, c.key_bits].filter(Boolean).join(' ') || '–'} /></dd></div>
				<div><dt>Valid from</dt><dd>{c.not_before ?? '–'}</dd></div>
				<div><dt>SHA-256</dt><dd><code><Text of={c.fingerprint} /></code></dd></div>
			</dl>
			<p class="muted">Renew it before it expires, and let renewal run by itself (ACME): from 2029 on public certificates live for 47 days.</p>
		</Dialog>
	);
}

export function CertificatesPage() {
	const { query } = route.value;
	const days = HORIZONS.some(([each]) => each === query.get('days')) ? query.get('days')! : HORIZON;
	const day = query.get('day');
	const { data, error, reload } = useLoad((abort) => loadAll(Number(days), abort), [tenant.value, days]);
	const [open, setOpen] = useState<ExpiringCertificate | null>(null);
	useTablesFollow(FOLLOWED, reload);
	useEffect(() => setOpen(null), [days, day]);
	const today = new Date().toISOString().slice(0, 10);
	const address = (wanted: string | null) => href(['network', 'certificates'], { days: days === HORIZON ? null : days, day: wanted });
	const { months, expired } = useMemo(() => {
		const byDay = new Map<string, ExpiringCertificate[]>();
		const gone: ExpiringCertificate[] = [];
		for (const each of data?.items ?? []) {
			if (each.days_left < 0) {
				gone.push(each);
			} else {
				byDay.set(dayOf(each), [...byDay.get(dayOf(each)) ?? [], each]);
			}
		}
		return { months: monthsOf(byDay, today), expired: gone };
	}, [data, today]);
	const shown = useMemo(
		() => (data?.items ?? []).filter((c) => !day || (day === 'expired' ? c.days_left < 0 : dayOf(c) === day)), [data, day]);
	const first = isNarrow.value ? NARROW_MONTHS : months.length;
	const box = (month: Month) => <MonthBox key={month.key} of={month} today={today} chosen={day} address={address} />;
	return (
		<div class="page stack network certificates">
			<NetworkHead here="certificates" title="Certificates by expiry">
				<label>
					<span class="hidden">Until</span>
					<select aria-label="Until" value={days} onChange={(event) => replace(href(['network', 'certificates'], { days: event.currentTarget.value }))}>
						{HORIZONS.map(([value, title]) => <option key={value} value={value}>within {title}</option>)}
					</select>
				</label>
				<span class="muted" role="status">{data && plural(data.total, 'certificate')}</span>
			</NetworkHead>
			{error && <Failure error={error} retry={reload} />}
			{!data && !error && <Loading what="certificates" />}
			{data && data.items.length === 0 && (
				<Empty title="No certificate expires in this time">
					Of those that servers show to scans, or that agents say are served. <a href={href(['network', 'scopes'])}>What is scanned</a>
				</Empty>
			)}
			{data && data.items.length > 0 && (
				<>
					{data.items.length < data.total && <p class="note-line warn">The first {count(data.items.length)} are shown.</p>}
					{expired.length > 0 && (
						<p class="note-line bad">
							<b>{plural(expired.length, 'certificate has', 'certificates have')} expired</b> and {expired.length === 1 ? 'is' : 'are'} still served.{' '}
							<a href={address(day === 'expired' ? null : 'expired')} aria-current={day === 'expired' ? 'true' : undefined}>{day === 'expired' ? 'Show all' : 'Show them'}</a>
						</p>
					)}
					<div class="calendar">
						{months.slice(0, first).map(box)}
						{months.length > first && (
							<details class="panel more-months">
								<summary>{plural(months.length - first, 'more month')}</summary>
								{months.slice(first).map(box)}
							</details>
						)}
					</div>
					<p class="headline" role="status">
						{day === 'expired' ? 'Expired' : day ? `Expiring on ${visible(day)}` : 'All, the first to expire first'}{' '}
						<span class="muted">{count(shown.length)}</span> {day && <a href={address(null)}>Show all</a>}
					</p>
					<Grid
						label="Certificates"
						columns={isNarrow.value ? NARROW : WIDE}
						rows={shown}
						rowKey={(c) => c.fingerprint}
						rowHeight={isNarrow.value ? 52 : 30}
						onOpen={(row) => setOpen(row)}
					/>
				</>
			)}
			{open && <Details of={open} onClose={() => setOpen(null)} />}
		</div>
	);
}
