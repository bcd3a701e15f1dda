// chart.tsx - changes a minute, as bars that grow while one looks.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { isDark } from '../theme';
import { count, plural } from '../text';
import { colour } from './colour';
import { axis, plotInto } from './plot';

type Series = [number[], number[]];

function options(onHover: (index: number | null) => void): Omit<uPlot.Options, 'width' | 'height'> {
	return {
		padding: [8, 20, 0, 0],
		legend: { show: false },
		cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
		scales: { x: { range: (_, min, max) => [min, max + 60] }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
		axes: [
			{ ...axis(), grid: { show: false }, size: 24, values: '{HH}:{mm}' },
			{ ...axis(), size: 44, values: (_, ticks) => ticks.map((n) => (Number.isInteger(n) ? count(n) : '')) },
		],
		series: [
			{},
			{
				fill: colour('--accent'),
				width: 0,
				points: { show: false },
				paths: uPlot.paths.bars!({ size: [0.8, 24], align: 1, gap: 1 }),
			},
		],
		hooks: { setCursor: [(u) => onHover(u.cursor.idx ?? null)] },
	};
}

export function RateChart({ series }: { series: Series }) {
	const box = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot | null>(null);
	const [hover, setHover] = useState<number | null>(null);

	useEffect(() => {
		const [u, end] = plotInto(box.current!, options(setHover), series);
		plot.current = u;
		return () => {
			end();
			plot.current = null;
		};
	}, [isDark.value]);
	useEffect(() => plot.current?.setData(series), [series]);

	const [starts, counts] = series;
	const shown = hover ?? counts.length - 1;
	const minute = new Date((starts[shown] ?? 0) * 1000).toTimeString().slice(0, 5);
	const summary = `${plural(counts[shown] ?? 0, 'change')} in the minute from ${minute}`;
	return (
		<figure class="chart">
			<figcaption>
				<span>{summary}</span>
				<span class="muted">the busiest of the last hour had {count(Math.max(0, ...counts))}</span>
			</figcaption>
			<div ref={box} class="plot" role="img" aria-label={`Changes a minute over the last hour. Now: ${summary}.`} />
		</figure>
	);
}
