// harness.mjs - TAP, waiting for conditions, and what every page is looked at for.
import { chromium } from 'playwright-core';

const DEADLINE_MS = 30_000;
const POLL_MS = 15;

export const delay = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks again until the answer is true, and returns it; fails at the deadline. */
export async function until(what, ask, deadlineMs = DEADLINE_MS) {
	const end = Date.now() + deadlineMs;
	for (;;) {
		const answer = await ask();
		if (answer) {
			return answer;
		}
		if (Date.now() > end) {
			throw new Error(`waited ${deadlineMs} ms in vain until ${what}`);
		}
		await delay(POLL_MS);
	}
}

export function expect(isTrue, what) {
	if (!isTrue) {
		throw new Error(`expected ${what}`);
	}
}

export function equal(got, wanted, what) {
	if (got !== wanted) {
		throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
	}
}

/** Runs named checks one after the other as TAP; true if all passed. */
export async function runChecks(checks, stream = process.stdout) {
	let failures = 0;
	let number = 0;
	for (const [name, check] of checks) {
		number++;
		try {
			await check();
			stream.write(`ok ${number} - ${name}\n`);
		} catch (error) {
			failures++;
			const lines = String(error.stack ?? error).split('\n').slice(0, 8);
			stream.write(`not ok ${number} - ${name}\n${lines.map((line) => `# ${line}\n`).join('')}`);
		}
	}
	stream.write(`1..${number}\n`);
	return failures === 0;
}

export function launch() {
	return chromium.launch({
		executablePath: '/usr/bin/chromium',
		headless: true,
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
			'--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
	});
}

/** A fresh browser profile with one page; what goes wrong in it is added to complaints. */
export async function openPage(browser, complaints, { width = 1280, height = 800, theme = 'light' } = {}) {
	const context = await browser.newContext({
		viewport: { width, height }, colorScheme: theme, ignoreHTTPSErrors: true, acceptDownloads: true, reducedMotion: 'no-preference',
	});
	context.setDefaultTimeout(DEADLINE_MS);
	await context.addInitScript(() => {
		document.addEventListener('securitypolicyviolation', (event) =>
			console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
	});
	const page = await context.newPage();
	page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
	page.on('dialog', (dialog) => {
		complaints.push(`dialog: ${dialog.message()}`);
		void dialog.dismiss();
	});
	page.on('console', (message) => {
		// The browser itself reports answers like 401 and a server that is away; both are staged here.
		if (message.type() === 'error' && !/^Failed to load resource: (the server responded with a status of 4|net::ERR_)/.test(message.text())) {
			complaints.push(message.text());
		}
	});
	return page;
}

/** Opens an address and waits until all of it is there. */
export async function show(page, url, path) {
	await page.goto(`${url}/${path}`);
	await page.locator('main .page, .signin form').first().waitFor();
	await until('nothing is loading', async () => (await page.locator('.loading').count()) === 0);
}

export const rowCount = (page) => page.locator('.grid').getAttribute('aria-rowcount').then((n) => Number(n) - 1);

/** Waits until the list that is shown has so many rows. */
export const hasRows = (page, wanted) => until(`there are ${wanted} rows`, async () =>
	(await page.locator('.grid').count()) === 1 && (await rowCount(page)) === wanted);

/** What turns text around, begins an escape sequence or cannot be seen. */
const RAW = /[\u202e\u001b\u2066\u200b]/;

/** Hostile text is shown, and nothing more. */
export async function expectNoMarkup(page) {
	equal(await page.locator('img:not([src="/icon.svg"]), main script, dialog script').count(), 0, 'foreign elements');
	const text = await page.evaluate(() => document.documentElement.outerHTML + document.title);
	expect(!RAW.test(text), 'no raw control character in the document');
}

/** Every size of page: the document is never wider than the window. */
export async function expectNotSideways(page, what) {
	const [scroll, width] = await page.evaluate(() => [
		Math.max(document.documentElement.scrollWidth, document.body.scrollWidth, document.querySelector('main')?.scrollWidth ?? 0),
		window.innerWidth]);
	expect(scroll <= width, `${what} to be no wider than ${width} px (it is ${scroll})`);
}

/** Text that WCAG 2 calls too faint (AA), as a list of complaints. */
export function faintTexts(page) {
	return page.evaluate(() => {
		const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
		const rgba = (colour) => {
			canvas.clearRect(0, 0, 1, 1);
			canvas.fillStyle = colour;
			canvas.fillRect(0, 0, 1, 1);
			const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
			return { r, g, b, a: a / 255 };
		};
		const over = (top, under) => ({
			r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1,
		});
		const light = ({ r, g, b }) => [r, g, b].map((v) => v / 255)
			.map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
			.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
		const ground = (element) => {
			const layers = [];
			for (let e = element; e; e = e.parentElement) {
				layers.push(rgba(getComputedStyle(e).backgroundColor));
			}
			return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
		};
		const faint = [];
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		for (let node = walker.nextNode(); node; node = walker.nextNode()) {
			const element = node.parentElement;
			const style = getComputedStyle(element);
			if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest('.hidden, .skip, :disabled, .flash')) {
				continue;
			}
			const under = ground(element);
			const a = light(over(rgba(style.color), under));
			const b = light(under);
			const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
			const isLarge = parseFloat(style.fontSize) >= 24;
			if (ratio < (isLarge ? 3 : 4.5)) {
				faint.push(`${ratio.toFixed(2)} ${element.className || element.tagName}: ${node.data.trim().slice(0, 30)}`);
			}
		}
		return faint;
	});
}

/** Controls that a screen reader could not name. */
export function namelessControls(page) {
	return page.evaluate(() => [...document.querySelectorAll('a, button, input, select, textarea, [role=grid], dialog')]
		.filter((e) => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.labels?.length))
		.map((e) => e.outerHTML.slice(0, 120)));
}
