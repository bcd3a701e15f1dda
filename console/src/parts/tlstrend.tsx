// tlstrend.tsx - how a population of TLS servers changes: shares of it, day by day, as lines.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { NamedCount, TlsDay } from '../network';
import { plural } from '../text';
import { isDark } from '../theme';
import { percent } from '../vulnerabilities';
import { colour } from './colour';
import { axis, plotInto } from './plot';

const DAY_S = 86_400;

type Line = [title: string, colour: string, dash: number[], count: (day: TlsDay) => number];

const sum = (of: readonly NamedCount[], is: (name: string) => boolean) => of.reduce((all, { name, count }) => all + (is(name) ? count : 0), 0);
const keysOf = (day: TlsDay) => sum(day.keys, () => true);

/** What is drawn; lines are told apart by their dashes too. Of: what a line is a share of. */
const VIEWS: Record<string, { of(day: TlsDay): number; lines: Line[] }> = {
	shares: {
		of: (day) => day.endpoints,
		lines: [
			['grade A', '--good', [], (day) => sum(day.grades, (name) => /^A/.test(name))],
			['trusted', '--muted', [2, 3], (day) => day.trusted],
			['forward secrecy', '--accent', [8, 4], (day) => day.forward_secrecy],
			['post-quantum', '--warn', [10, 3, 2, 3], (day) => day.post_quantum],
		],
	},
	grades: {
		of: (day) => day.endpoints,
		lines: [
			['A', '--good', [], (day) => sum(day.grades, (name) => /^A/.test(name))],
			['B', '--accent', [8, 4], (day) => sum(day.grades, (name) => name === 'B')],
			['C to F', '--bad', [10, 3, 2, 3], (day) => sum(day.grades, (name) => /^[C-F]/.test(name))],
			['T, M', '--warn', [2, 3], (day) => sum(day.grades, (name) => name === 'T' || name === 'M')],
		],
	},
	protocols: {
		of: (day) => day.endpoints,
		lines: [
			['TLS 1.3', '--good', [], (day) => sum(day.protocols, (name) => name === 'TLSv1.3')],
			['TLS 1.2', '--accent', [8, 4], (day) => sum(day.protocols, (name) => name === 'TLSv1.2')],
			['TLS 1.0', '--warn', [10, 3, 2, 3], (day) => sum(day.protocols, (name) => /^TLSv1(\.0)?$/.test(name))],
			['SSL 3', '--bad', [2, 3], (day) => sum(day.protocols, (name) => name === 'SSLv3')],
		],
	},
	keys: {
		of: keysOf,
		lines: [
			['elliptic curves', '--good', [], (day) => sum(day.keys, (name) => /^(ec|ed)/.test(name))],
			['RSA 2048', '--accent', [8, 4], (day) => sum(day.keys, (name) => name === 'rsa 2048')],
			['RSA above', '--muted', [2, 3], (day) => sum(day.keys, (name) => /^rsa/.test(name) && Number(name.slice(4)) > 2048)],
			['weaker', '--bad', [10, 3, 2, 3], (day) => sum(day.keys, (name) => /^dsa/.test(name) || (/^rsa/.test(name) && Number(name.slice(4)) < 2048))],
		],
	},
};

const secondsOf = (day: TlsDay) => Date.parse(`${day.day}T00:00:00Z`) / 1000;

/** Days between those on which something changed are like the day before them. */
function everyDay(days: readonly TlsDay[]): TlsDay[] {
	const all: TlsDay[] = [];
	days.forEach((day, i) => {
		const end = days[i + 1] ? secondsOf(days[i + 1]!) : secondsOf(day) + DAY_S;
		for (let at = secondsOf(day); at < end; at += DAY_S) {
			all.push({ ...day, day: new Date(at * 1000).toISOString().slice(0, 10) });
		}
	});
	return all;
}

function options(lines: readonly Line[], onHover: (index: number | null) => void): Omit<uPlot.Options, 'width' | 'height'> {
	return {
		padding: [8, 20, 0, 0],
		legend: { show: false },
		cursor: { y: false, drag: { x: false, y: false } },
		tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
		scales: { y: { range: () => [0, 102] } },
		axes: [
			{ ...axis(), grid: { show: false }, size: 24, values: '{MM}-{DD}', incrs: [1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY_S) },
			{ ...axis(), size: 48, values: (_, ticks) => ticks.map((n) => `${n} %`) },
		],
		series: [{}, ...lines.map(([, name, dash]): uPlot.Series => ({ stroke: colour(name), width: 2, dash, points: { show: false } }))],
		hooks: { setCursor: [(u) => onHover(u.cursor.idx ?? null)] },
	};
}

export function TlsTrendChart({ days }: { days: readonly TlsDay[] }) {
	const box = useRef<HTMLDivElement>(null);
	const [hover, setHover] = useState<number | null>(null);
	const [view, setView] = useState('shares');
	const { of: wholeOf, lines } = VIEWS[view]!;
	const all = useMemo(() => everyDay(days), [days]);
	useEffect(() => {
		const data: uPlot.AlignedData = [all.map(secondsOf), ...lines.map(([, , , count]) => all.map((day) => (wholeOf(day) > 0 ? 100 * count(day) / wholeOf(day) : null)))];
		return plotInto(box.current!, options(lines, setHover), data)[1];
	}, [isDark.value, all, view]);
	const shown = all[hover ?? all.length - 1] ?? all[all.length - 1]!;
	const share = (count: (day: TlsDay) => number) => percent(count(shown) / Math.max(1, wholeOf(shown)));
	const summary = `${shown.day}: ${plural(shown.endpoints, 'server')}`;
	return (
		<figure class="chart trend">
			<figcaption>
				<span>{summary}</span>
				<span class="switch" role="group" aria-label="What is drawn">
					{Object.keys(VIEWS).map((name) => <button key={name} class="small" aria-pressed={name === view} onClick={() => setView(name)}>{name}</button>)}
				</span>
				<ul class="legend">
					{lines.map(([title, name, dash, count]) => (
						<li key={title}>
							<svg width="26" height="8" aria-hidden="true"><line x1="0" y1="4" x2="26" y2="4" stroke={`var(${name})`} stroke-width="2" stroke-dasharray={dash.join(' ')} /></svg>{' '}
							{title} <b>{share(count)}</b>
						</li>
					))}
				</ul>
			</figcaption>
			<div ref={box} class="plot" role="img" aria-label={`Shares of the TLS servers, day by day. ${summary}; ${lines.map(([title, , , count]) => `${title} ${share(count)}`).join(', ')}.`} />
		</figure>
	);
}
