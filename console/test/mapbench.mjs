// mapbench.mjs - how smoothly the map of 10,000 hosts moves: prints a JSON document of frame intervals.
//
// Headless Chromium draws in software and ticks 60 times a second: an interval of 16.7 ms is as good as it gets.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildConsole } from '../build.mjs';
import { launch, openPage, until } from './harness.mjs';
import { CODE, startMock } from './mock.mjs';
import { panFrames } from './networkchecks.mjs';

const SECONDS = Number(process.argv[2] ?? 10);
const LATE_MS = 25;	// a frame was left out

/** Intervals while the wheel zooms in and out. */
function zoomFrames(page, seconds) {
	return page.locator('.map canvas').evaluate(async (canvas, ms) => {
		const rect = canvas.getBoundingClientRect();
		const intervals = [];
		const start = performance.now();
		let last = start;
		await new Promise((done) => {
			const step = (now) => {
				intervals.push(now - last);
				last = now;
				const isIn = Math.floor((now - start) / 1200) % 2 === 0;
				canvas.dispatchEvent(new WheelEvent('wheel', { deltaY: isIn ? -12 : 12, clientX: rect.left + rect.width / 2, clientY: rect.top + rect.height / 2, cancelable: true }));
				if (now - start < ms) {
					requestAnimationFrame(step);
				} else {
					done();
				}
			};
			requestAnimationFrame(step);
		});
		return intervals.slice(1);
	}, seconds * 1000);
}

/** Intervals while the pointer goes over hosts and each is named. */
function hoverFrames(page, seconds) {
	return page.locator('.map canvas').evaluate(async (canvas, ms) => {
		const rect = canvas.getBoundingClientRect();
		const intervals = [];
		const start = performance.now();
		let last = start;
		await new Promise((done) => {
			const step = (now) => {
				intervals.push(now - last);
				last = now;
				const t = (now - start) / 1000;
				canvas.dispatchEvent(new PointerEvent('pointermove', { pointerId: 1, clientX: rect.left + rect.width * (0.5 + 0.4 * Math.sin(t * 0.9)), clientY: rect.top + rect.height * (0.5 + 0.4 * Math.sin(t * 1.3)), bubbles: true }));
				if (now - start < ms) {
					requestAnimationFrame(step);
				} else {
					done();
				}
			};
			requestAnimationFrame(step);
		});
		return intervals.slice(1);
	}, seconds * 1000);
}

function figures(intervals) {
	const sorted = [...intervals].sort((a, b) => a - b);
	const at = (share) => Math.round(10 * sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]) / 10;
	const sum = intervals.reduce((a, b) => a + b, 0);
	return {
		frames: intervals.length, fps: Math.round(10_000 * intervals.length / sum) / 10, median_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), max_ms: at(1),
		late: intervals.filter((ms) => ms > LATE_MS).length,
	};
}

const outdir = await mkdtemp(join(tmpdir(), 'bartizan-console-'));
await buildConsole(outdir);
const mock = await startMock({ outdir });
const browser = await launch();
try {
	const page = await openPage(browser, []);
	await page.goto(`${mock.url}/#/signin/${CODE}`);
	await page.locator('.tiles').waitFor();
	const opened = Date.now();
	await page.goto(`${mock.url}/#/network?tenant=big`);
	await page.locator('.map canvas').waitFor();
	const shown = Date.now() - opened;
	await until('nothing is loading', async () => (await page.locator('.loading').count()) === 0);
	const hosts = Number((await page.locator('.map canvas').getAttribute('aria-label')).replace(/\D+([\d,]+) hosts.*/s, '$1').replaceAll(',', ''));
	const all = figures(await panFrames(page, SECONDS));
	const zoom = figures(await zoomFrames(page, SECONDS));
	await page.getByRole('button', { name: 'All' }).click();
	const hover = figures(await hoverFrames(page, SECONDS));
	await page.getByRole('button', { name: 'Zoom in' }).click();
	await page.getByRole('button', { name: 'Zoom in' }).click();
	const close = figures(await panFrames(page, SECONDS));
	console.log(JSON.stringify({ hosts, shown_ms: shown, pan_all: all, pan_close: close, zoom, hover }));
} finally {
	await browser.close();
	await mock.stop();
	await rm(outdir, { recursive: true });
}
