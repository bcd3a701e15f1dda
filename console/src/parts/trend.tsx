// trend.tsx - findings by level, day by day, as bars upon each other.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { count, plural } from '../text';
import { isDark } from '../theme';
import type { Level, TrendDay } from '../vulnerabilities';
import { colour } from './colour';
import { axis, plotInto } from './plot';

/** From the bottom of a bar to its top. */
const SHOWN: Level[] = ['critical', 'high', 'medium', 'low'];
const DAY_S = 86_400;

/** A few days are not stretched over the whole width. */
const DAYS_MIN = 14;

/** The highest pile first, so that the lower ones are drawn over it. */
function piles(days: readonly TrendDay[]): [number[], ...number[][]] {
	const sums = SHOWN.map((_, i) =>
		days.map(({ findings }) => SHOWN.slice(0, i + 1).reduce((sum, level) => sum + findings[level], 0)));
	return [days.map(({ day }) => Date.parse(`${day}T00:00:00Z`) / 1000), ...sums.reverse()];
}

function options(days: number[], onHover: (index: number | null) => void): Omit<uPlot.Options, 'width' | 'height'> {
	const first = days[0]!;
	const last = days[days.length - 1]!;
	return {
		padding: [8, 20, 0, 0],
		legend: { show: false },
		cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
		tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
		scales: {
			x: { range: () => [Math.min(first, last - (DAYS_MIN - 1) * DAY_S) - DAY_S * 0.6, last + DAY_S * 0.6] },
			y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] },
		},
		axes: [
			{ ...axis(), grid: { show: false }, size: 24, values: '{MM}-{DD}', incrs: [1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY_S) },
			{ ...axis(), size: 54, values: (_, ticks) => ticks.map((n) => (Number.isInteger(n) ? count(n) : '')) },
		],
		series: [{}, ...[...SHOWN].reverse().map((level): uPlot.Series => ({
			fill: colour(`--${level}`),
			width: 0,
			points: { show: false },
			paths: uPlot.paths.bars!({ size: [0.8, 40], gap: 1 }),
		}))],
		hooks: { setCursor: [(u) => onHover(u.cursor.idx ?? null)] },
	};
}

export function TrendChart({ days }: { days: readonly TrendDay[] }) {
	const box = useRef<HTMLDivElement>(null);
	const [hover, setHover] = useState<number | null>(null);
	useEffect(() => {
		const data = piles(days);
		return plotInto(box.current!, options(data[0], setHover), data)[1];
	}, [isDark.value, days]);
	const shown = days[hover ?? days.length - 1] ?? days[days.length - 1]!;
	const all = SHOWN.reduce((sum, level) => sum + shown.findings[level], 0);
	const summary = `${shown.day}: ${plural(all, 'finding')} on ${plural(shown.assets, 'asset')}`;
	return (
		<figure class="chart trend">
			<figcaption>
				<span>{summary}</span>
				<ul class="legend">
					{SHOWN.map((level) => <li key={level}><span class={`dot fill-${level}`} />{level} <b>{count(shown.findings[level])}</b></li>)}
				</ul>
			</figcaption>
			<div ref={box} class="plot" role="img" aria-label={`Findings by level, a bar a day. ${summary}.`} />
		</figure>
	);
}
