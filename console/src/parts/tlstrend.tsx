// tlstrend.tsx - how a population of TLS servers changes: shares of it, day by day, as lines.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { TlsDay } from '../network';
import { plural } from '../text';
import { isDark } from '../theme';
import { percent } from '../vulnerabilities';
import { colour } from './colour';
import { axis, plotInto } from './plot';

const DAY_S = 86_400;

/** Told apart by their dashes too. */
const LINES: [title: string, colour: string, dash: number[], count: (day: TlsDay) => number][] = [
	['grade A', '--good', [], (day) => day.grades.reduce((sum, { name, count }) => sum + (/^A/.test(name) ? count : 0), 0)],
	['trusted', '--muted', [2, 3], (day) => day.trusted],
	['forward secrecy', '--accent', [8, 4], (day) => day.forward_secrecy],
	['post-quantum', '--warn', [10, 3, 2, 3], (day) => day.post_quantum],
];

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

function options(onHover: (index: number | null) => void): Omit<uPlot.Options, 'width' | 'height'> {
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
		series: [{}, ...LINES.map(([, name, dash]): uPlot.Series => ({ stroke: colour(name), width: 2, dash, points: { show: false } }))],
		hooks: { setCursor: [(u) => onHover(u.cursor.idx ?? null)] },
	};
}

export function TlsTrendChart({ days }: { days: readonly TlsDay[] }) {
	const box = useRef<HTMLDivElement>(null);
	const [hover, setHover] = useState<number | null>(null);
	const all = useMemo(() => everyDay(days), [days]);
	useEffect(() => {
		const data: uPlot.AlignedData = [all.map(secondsOf), ...LINES.map(([, , , count]) => all.map((day) => (day.endpoints > 0 ? 100 * count(day) / day.endpoints : null)))];
		return plotInto(box.current!, options(setHover), data)[1];
	}, [isDark.value, all]);
	const shown = all[hover ?? all.length - 1] ?? all[all.length - 1]!;
	const share = (count: (day: TlsDay) => number) => percent(count(shown) / Math.max(1, shown.endpoints));
	const summary = `${shown.day}: ${plural(shown.endpoints, 'server')}`;
	return (
		<figure class="chart trend">
			<figcaption>
				<span>{summary}</span>
				<ul class="legend">
					{LINES.map(([title, name, dash, count]) => (
						<li key={title}>
							<svg width="26" height="8" aria-hidden="true"><line x1="0" y1="4" x2="26" y2="4" stroke={`var(${name})`} stroke-width="2" stroke-dasharray={dash.join(' ')} /></svg>{' '}
							{title} <b>{share(count)}</b>
						</li>
					))}
				</ul>
			</figcaption>
			<div ref={box} class="plot" role="img" aria-label={`Shares of the TLS servers, day by day. ${summary}; ${LINES.map(([title, , , count]) => `${title} ${share(count)}`).join(', ')}.`} />
		</figure>
	);
}
