// plot.ts - what the charts have in common: axes, and a plot that fits its box.
import uPlot from 'uplot';
import { colour } from './colour';

export function axis(): uPlot.Axis {
	return {
		stroke: colour('--muted'),
		font: '11px system-ui, sans-serif',
		grid: { stroke: colour('--line'), width: 1 },
		ticks: { show: false },
	};
}

const sizeOf = (element: HTMLElement) => ({ width: element.clientWidth, height: element.clientHeight });

/** Draws into the box and follows its size. Returns the plot and what ends it. */
export function plotInto(box: HTMLElement, options: Omit<uPlot.Options, 'width' | 'height'>, data: uPlot.AlignedData): [uPlot, () => void] {
	const u = new uPlot({ ...options, ...sizeOf(box) }, data, box);
	const observer = new ResizeObserver(() => u.setSize(sizeOf(box)));
	observer.observe(box);
	return [u, () => {
		observer.disconnect();
		u.destroy();
	}];
}
