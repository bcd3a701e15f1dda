// mockchecks.mjs - checks against the mock, whose data and mishaps are known.
import { readFile } from 'node:fs/promises';
import {
	equal, expect, expectNotSideways, faintTexts, namelessControls, openPage, rowCount, show, until,
} from './harness.mjs';
import { CODE, TENANT_TOKEN, TOKEN } from './mock.mjs';
import { idOf } from './mockdata.mjs';
import { HOSTILE_CVE } from './mockvulns.mjs';
import { networkChecks } from './networkchecks.mjs';
import { pageChecks } from './pagechecks.mjs';

const FIRST = idOf(0);
export const PAGES = {
	'overview': '#/',
	'assets': '#/assets',
	'asset-history': `#/assets/${FIRST}`,
	'asset-changes': `#/assets/${idOf(1)}`,
	'asset-packages': `#/assets/${FIRST}/packages`,
	'asset-then': `#/assets/${FIRST}/packages?at=2026-11-01T12:00:00.000Z`,
	'hostile': `#/assets/${idOf(13)}/users`,
	'asset-vulnerabilities': `#/assets/${FIRST}/vulnerabilities`,
	'asset-why': `#/assets/${FIRST}/vulnerabilities?why=CVE-2024-3094`,
	'asset-not-judged': `#/assets/${idOf(50)}/vulnerabilities`,
	'asset-events': `#/assets/${FIRST}/events`,
	'asset-sensor': `#/assets/${FIRST}/sensor`,
	'vulnerabilities': '#/vulnerabilities',
	'vulnerabilities-filtered': '#/vulnerabilities?level=high&exploited=true&search=CVE',
	'upgrades': '#/vulnerabilities?view=upgrades',
	'vulnerable-assets': '#/vulnerabilities?view=assets',
	'trend': '#/vulnerabilities?view=trend',
	'accepted': '#/vulnerabilities?view=accepted',
	'vulnerability': '#/vulnerabilities/CVE-2024-3094',
	'vulnerability-hostile': `#/vulnerabilities/${HOSTILE_CVE}`,
	'map': '#/network',
	'map-search': '#/network?search=printer',
	'map-table': '#/network?view=table',
	'ports': '#/network/ports',
	'protocols': '#/network/ports?view=protocol',
	'programs': '#/network/ports?view=product',
	'port-holders': '#/network/ports?port=443&transport=tcp',
	'certificates': '#/network/certificates',
	'certificates-expired': '#/network/certificates?day=expired',
	'tls': '#/network/tls',
	'tls-grade': '#/network/tls?grade=F',
	'exposures': '#/network/exposures',
	'alerts': '#/network/alerts',
	'scopes': '#/network/scopes',
	'asset-network': `#/assets/${FIRST}/network`,
	'scanned-asset': `#/assets/${idOf(20_007)}/network`,
	'scanned-asset-sensor': `#/assets/${idOf(20_001)}/sensor`,
	'events': '#/events',
	'sensors': '#/sensors',
	'policies': '#/policies',
	'policy-new': '#/policies/tag:db',
	'feeds': '#/feeds',
	'enrol': '#/sensors?enrol=1',
	'query': '#/query',
};

async function signIn(page, url, token = TOKEN) {
	await page.goto(url);
	await page.getByLabel('Operator token').fill(token);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.locator('.tiles').waitFor();
	await until('the stream is live', async () => (await page.locator('.connection').textContent()) === 'Live');
}

function signInChecks({ browser, url, complaints }) {
	return [
		['a wrong token is refused with the server\'s words', async () => {
			const page = await openPage(browser, complaints);
			await page.goto(url);
			await page.getByLabel('Operator token').fill('wrong');
			await page.keyboard.press('Enter');
			await page.getByText('This token is not known.').waitFor();
			await page.context().close();
		}],
		['a used link says what to do', async () => {
			const page = await openPage(browser, complaints);
			await page.goto(`${url}/#/signin/OLD`);
			await page.getByText('Make another one').waitFor();
			await page.context().close();
		}],
		['a token signs in, and a deep link survives the sign-in', async () => {
			const page = await openPage(browser, complaints);
			await page.goto(`${url}/#/assets/${FIRST}/users`);
			await page.getByLabel('Operator token').fill(TOKEN);
			await page.keyboard.press('Enter');
			await page.locator('[data-tab=users][aria-selected=true]').waitFor();
			await page.context().close();
		}],
		['a tenant\'s token sees its tenant and no switch', async () => {
			const page = await openPage(browser, complaints);
			await signIn(page, url, TENANT_TOKEN);
			equal(await page.locator('.tile .figure').first().textContent(), '3', 'assets');
			equal(await page.locator('.tenant').count(), 0, 'tenant switches');
			await page.context().close();
		}],
	];
}

function overviewChecks({ url, mock, getPage }) {
	return [
		['the overview shows the counts', async () => {
			const page = getPage();
			await signIn(page, url);
			const figures = await page.locator('.tile .figure').allTextContents();
			equal([...figures.slice(0, 2), figures[5]].join(' '), '300 282 412,345', 'figures');
			await page.getByText('Quiet the longest').waitFor();
			await page.locator('.plot canvas').waitFor();
		}],
		['a change from the stream is on the overview in under a second, without reloading', async () => {
			const page = getPage();
			const start = Date.now();
			mock.change(3, 'users', 'added', { name: 'mallory', uid: 6666, gid: 6666, full_name: '', home: '/home/mallory', shell: '/bin/bash' });
			await until('mallory is there', async () => /mallory/.test(await page.locator('.change').first().textContent()), 1000);
			expect(Date.now() - start < 1000, 'less than a second');
		}],
		['the newest changes can be held and let go on', async () => {
			const page = getPage();
			await page.getByRole('button', { name: 'Hold' }).click();
			mock.change(4, 'users', 'added', { name: 'held-back', uid: 1, gid: 1, full_name: '', home: '/', shell: '/bin/sh' });
			await page.getByRole('button', { name: 'Go on (1 new)' }).click();
			await until('it is shown', async () => /held-back/.test(await page.locator('.change').first().textContent()));
		}],
		['an updated row says from what to what', async () => {
			const page = getPage();
			const old = { manager: 'dpkg', name: 'sudo', version: '1.9.13', architecture: 'amd64', status: 'installed', source: 'sudo', section: 'admin', size_bytes: 1 };
			mock.change(6, 'packages', 'updated', { ...old, version: '1.9.14' }, old);
			await until('the versions are there', async () => /version 1\.9\.13 → 1\.9\.14/.test(await page.locator('.change').first().textContent()));
		}],
	];
}

function assetChecks({ url, mock, getPage }) {
	return [
		['search narrows while one types', async () => {
			const page = getPage();
			await show(page, url, '#/assets');
			equal(await rowCount(page), 300, 'assets');
			const took = await page.evaluate(async () => {
				const field = document.querySelector('[data-search]');
				const start = performance.now();
				field.value = 'mail-zrh';
				field.dispatchEvent(new Event('input', { bubbles: true }));
				while (document.querySelector('.grid').getAttribute('aria-rowcount') === '301') {
					await new Promise(requestAnimationFrame);
				}
				return performance.now() - start;
			});
			expect(took < 150, `an answer in 150 ms, not ${Math.round(took)}`);
			expect((await page.locator('.grid-body a').allTextContents()).every((n) => n === 'mail-zrh-' + n.slice(9)), 'only mail-zrh hosts');
			await page.locator('[data-search]').fill('no such thing');
			await page.getByText('No asset matches').waitFor();
		}],
		['2,500 assets load as one scrolls, and are searched by the server', async () => {
			const page = getPage();
			await page.goto(`${url}/#/assets?tenant=big`);
			await until('the first are there', async () => (await page.locator('.grid').count()) === 1 && (await rowCount(page)) === 1000);
			for (const count of [2000, 2500]) {
				await page.locator('.grid').press('End');
				await until(`${count} are there`, async () => (await rowCount(page)) === count);
			}
			await page.locator('[data-search]').fill('2499');
			await until('the last is found', async () => (await page.locator('.grid').count()) === 1 && (await rowCount(page)) === 1);
			await page.goto(`${url}/#/`);
			await page.locator('.tiles').waitFor();
		}],
		['an asset shows its tables with counts and its history as a timeline', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}`);
			equal(await page.locator('[data-tab=packages] .count').textContent(), '2,000', 'packages');
			await page.locator('.entry').first().waitFor();
			await page.getByRole('button', { name: 'Show 56 more' }).first().click();
			expect((await page.locator('.entry-row').count()) >= 60, 'the whole commit');
		}],
		['2,000 packages are in the document a screen at a time', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}/packages`);
			equal(await rowCount(page), 2000, 'rows');
			await page.locator('.grid').press('End');
			await page.locator('[aria-rowindex="2001"]').waitFor();
			expect((await page.locator('.grid-body [role=row]').count()) < 80, 'fewer than 80 rows in the document');
		}],
		['a row that changes flashes, one that goes disappears', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}/users`);
			const row = { name: 'ada', uid: 1000, gid: 1000, full_name: 'Ada King', home: '/home/ada', shell: '/bin/zsh' };
			mock.change(0, 'users', 'updated', row, { ...row, shell: '/bin/bash' });
			await until('ada flashes', async () => /\/bin\/zsh/.test(await page.locator('.flash.updated').textContent()));
			mock.change(0, 'users', 'removed', null, row);
			await page.locator('.flash.removed').waitFor();
			await until('ada is gone', async () => !/Ada King/.test(await page.locator('.grid').textContent()));
			await until('the count follows', async () => (await page.locator('[data-tab=users] .count').textContent()) === '2');
		}],
		['an asset can be seen as it was, and Back leads to now', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}/packages`);
			const now = await rowCount(page);
			await page.getByLabel('A moment before now').selectOption('3600');
			await page.locator('.as-it-was.active').waitFor();
			await until('the rows are those of then', async () => (await rowCount(page)) === Math.ceil(now / 2));
			await page.goBack();
			await until('the rows are those of now', async () => (await rowCount(page)) === now);
		}],
		['hostile strings are text: no markup, no bidi override, no escape code', async () => {
			const page = getPage();
			const isClean = async () => {
				equal(await page.locator('img:not([src="/icon.svg"])').count(), 0, 'foreign images');
				const text = await page.evaluate(() => document.documentElement.outerHTML + document.title);
				expect(!/[\u202e\u001b\u2066\u200b]/.test(text), 'no raw control character in the document');
			};
			await show(page, url, '#/assets');
			await page.locator('[data-search]').fill('onerror');
			await until('it is found', async () => (await rowCount(page)) === 1);
			equal(await page.locator('.grid-body a').textContent(), '<img src=x onerror=alert(1)>\\u202egpj.exe\\x1b[31m', 'the name');
			await isClean();
			await page.locator('.grid').press('Enter');
			await page.locator('[data-tab=users]').click();
			await page.getByText('\\u2066').first().waitFor();
			await page.getByText('\\n').first().waitFor();
			await isClean();
			mock.change(13, 'cron', 'added', { path: '\u202e"><script>alert(1)</script>', user: '\u001b]0;x\u0007', schedule: '* * * * *', command: "'\"><img src=x>" });
			await show(page, url, '#/');
			await until('it is in the stream', async () => /\\u202e"><script>/.test(await page.locator('.change').first().textContent()));
			await isClean();
		}],
		['a row opens in full with what its columns mean', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}/packages`);
			await page.locator('.grid').focus();
			await page.keyboard.press('ArrowDown');
			await page.keyboard.press('Enter');
			await page.getByText('as the manager prints it').waitFor();
			await page.keyboard.press('Escape');
			await page.locator('dialog').waitFor({ state: 'detached' });
			equal(await page.evaluate(() => document.activeElement.className), 'grid', 'the focus');
		}],
		['an asset that is not there says so', async () => {
			const page = getPage();
			await page.goto(`${url}/#/assets/ffff0000`);
			await page.getByText('There is no asset "ffff0000"').waitFor();
		}],
	];
}

function queryChecks({ url, getPage }) {
	const run = async (page, sql) => {
		await page.getByLabel('SQL', { exact: true }).fill(sql);
		await page.keyboard.press('Control+Enter');
	};
	return [
		['10,000 rows of a query scroll with few in the document', async () => {
			const page = getPage();
			await show(page, url, '#/query');
			await run(page, 'SELECT * FROM packages');
			await until('the rows are there', async () => (await page.locator('.results .grid').count()) === 1 && (await rowCount(page)) === 10_000);
			await page.getByText('there are more').waitFor();
			const slowest = await page.evaluate(async () => {
				const grid = document.querySelector('.grid');
				let worst = 0;
				let last = performance.now();
				for (let i = 0; i < 60; i++) {
					grid.scrollTop += 4900;
					await new Promise(requestAnimationFrame);
					const now = performance.now();
					worst = Math.max(worst, now - last);
					last = now;
				}
				return worst;
			});
			expect(slowest < 250, `frames under 250 ms, the slowest took ${Math.round(slowest)}`);
			expect((await page.locator('.grid-body [role=row]').count()) < 80, 'fewer than 80 rows in the document');
			await page.locator('.grid').press('End');
			await page.locator('[aria-rowindex="10001"]').waitFor();
		}],
		['results sort by a column', async () => {
			const page = getPage();
			await page.getByRole('columnheader', { name: 'size_bytes' }).getByRole('button').click();
			await page.getByRole('columnheader', { name: 'size_bytes' }).getByRole('button').click();
			equal(await page.getByRole('columnheader', { name: 'size_bytes' }).getAttribute('aria-sort'), 'descending', 'the order');
		}],
		['results are taken along as CSV and JSON', async () => {
			const page = getPage();
			await run(page, 'SELECT * FROM users');
			await until('users are there', async () => (await page.getByRole('columnheader', { name: 'shell' }).count()) === 1);
			const take = async (name) => {
				const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).click()]);
				return readFile(await file.path(), 'utf8');
			};
			const csv = await take('CSV');
			expect(csv.startsWith('asset,name,uid,gid,full_name,home,shell\r\n'), 'a heading');
			const json = JSON.parse(await take('JSON'));
			equal(json[0].name, 'root', 'the first row');
		}],
		['a query that fails shows the server\'s message', async () => {
			const page = getPage();
			await run(page, 'DROP TABLE packages');
			await page.getByText('near "DROP": syntax error').waitFor();
		}],
		['an example can be chosen and what one wrote is kept', async () => {
			const page = getPage();
			await page.getByLabel('Saved queries').selectOption({ label: 'Accounts with a login shell' });
			expect(/FROM users/.test(await page.getByLabel('SQL', { exact: true }).inputValue()), 'its SQL');
			await page.getByLabel('SQL', { exact: true }).fill('SELECT 1 FROM users');
			await page.getByRole('button', { name: 'Save' }).click();
			await page.keyboard.type('Mine');
			await page.keyboard.press('Enter');
			await until('it is chosen', async () => (await page.getByLabel('Saved queries').locator('option:checked').textContent()) === 'Mine');
			await show(page, url, '#/sensors');
			await show(page, url, '#/query');
			expect(/FROM users/.test(await page.getByLabel('SQL', { exact: true }).inputValue()), 'its SQL still');
		}],
	];
}

function keyboardChecks({ url, getPage }) {
	return [
		['the keyboard leads everywhere', async () => {
			const page = getPage();
			await show(page, url, '#/');
			for (const [key, path] of [['a', '#/assets'], ['s', '#/sensors'], ['q', '#/query']]) {
				await page.keyboard.press('g');
				await page.keyboard.press(key);
				await until(`g ${key} leads to ${path}`, async () => page.url().endsWith(path));
			}
			await until('the editor has the focus', () => page.evaluate(() => document.activeElement?.tagName === 'TEXTAREA'));
			await page.keyboard.press('Escape');
			await page.keyboard.press('g');
			await page.keyboard.press('o');
			await page.locator('.tiles').waitFor();
			await page.keyboard.press('/');
			await until('the search of the assets has the focus', () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') === 'Search assets'));
			await page.keyboard.type('db-vie-001');
			await until('one is left', async () => (await rowCount(page)) === 1);
			await page.keyboard.press('ArrowDown');
			await page.keyboard.press('Enter');
			await until('it opens', async () => (await page.locator('h1').textContent()).trim() === 'db-vie-001');
		}],
		['arrows move along the newest changes, Enter opens one', async () => {
			const page = getPage();
			await show(page, url, '#/');
			for (const key of ['j', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'Enter']) {
				await page.keyboard.press(key);
			}
			await until('an asset is open', async () => /#\/assets\/[0-9a-f]{16}\/\w+/.test(page.url()));
		}],
		['? shows the keys, Esc closes them', async () => {
			const page = getPage();
			await page.keyboard.press('?');
			await page.getByRole('dialog').waitFor();
			await page.keyboard.press('Escape');
			await page.getByRole('dialog').waitFor({ state: 'detached' });
		}],
		['the focus can be seen', async () => {
			const page = getPage();
			await show(page, url, '#/assets');
			await page.keyboard.press('Tab');
			const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
			equal(outline, 'solid', 'the outline');
		}],
		['light and dark follow the system until one chooses', async () => {
			const page = getPage();
			const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
			await page.emulateMedia({ colorScheme: 'dark' });
			await until('it is dark', async () => (await theme()) === 'dark');
			await page.getByRole('button', { name: 'Switch to light' }).click();
			equal(await theme(), 'light', 'the theme');
			await page.reload();
			await page.locator('.grid').waitFor();
			equal(await theme(), 'light', 'the theme after reloading');
			await page.evaluate(() => localStorage.removeItem('bartizan.theme'));
			await page.emulateMedia({ colorScheme: 'light' });
			await page.reload();
		}],
	];
}

function sensorChecks({ url, mock, getPage }) {
	return [
		['revoking asks first, and keeps by default', async () => {
			const page = getPage();
			await show(page, url, '#/sensors');
			await page.getByRole('button', { name: /^Revoke / }).first().click();
			await page.getByRole('button', { name: 'Keep it' }).click();
			equal(mock.tenant.sensors.filter((s) => s.is_revoked).length, 0, 'revoked sensors');
			await page.getByRole('button', { name: /^Revoke / }).first().click();
			await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
			await until('it is shown', async () => (await page.locator('.state-mark.bad').count()) === 1);
			equal(mock.tenant.sensors.filter((s) => s.is_revoked).length, 1, 'revoked sensors');
		}],
		['enrolling makes a token and shows the command', async () => {
			const page = getPage();
			await page.getByRole('button', { name: 'Enrol a sensor' }).click();
			await page.getByLabel('Where sensors reach the server').fill('bartizan.example.org:7443');
			await page.getByRole('button', { name: 'Make a token' }).click();
			equal(await page.getByLabel('Command to run on the machine').textContent(),
				'bartizan-agent --state /var/lib/bartizan --server bartizan.example.org:7443 --ca ca.pem --token btz_enrol_9f86d081884c7d65', 'the command');
			await page.keyboard.press('Escape');
			await page.getByRole('dialog').waitFor({ state: 'detached' });
		}],
		['the platform\'s operator switches tenants, in the address too', async () => {
			const page = getPage();
			await show(page, url, '#/assets');
			await page.getByLabel('Tenant').selectOption('acme');
			await until('acme\'s assets are shown', async () => (await page.locator('.grid').count()) === 1 && (await rowCount(page)) === 3);
			expect(page.url().includes('tenant=acme'), 'the tenant in the address');
			await page.goBack();
			await until('the first tenant\'s are back', async () => (await page.locator('.grid').count()) === 1 && (await rowCount(page)) === 300);
		}],
	];
}

function looksChecks({ url, getPage }) {
	return [
		['no page scrolls sideways at 400 and 1280 pixels', async () => {
			const page = getPage();
			for (const width of [400, 1280]) {
				await page.setViewportSize({ width, height: 800 });
				for (const [name, path] of Object.entries(PAGES)) {
					await show(page, url, path);
					await expectNotSideways(page, `${name} at ${width}`);
				}
			}
		}],
		['every text has the contrast of WCAG AA, light and dark', async () => {
			const page = getPage();
			for (const colorScheme of ['light', 'dark']) {
				await page.emulateMedia({ colorScheme });
				for (const [name, path] of Object.entries(PAGES)) {
					await show(page, url, path);
					equal((await faintTexts(page)).slice(0, 4).join('\n'), '', `faint texts of ${name}, ${colorScheme}`);
				}
			}
			await page.emulateMedia({ colorScheme: 'light' });
		}],
		['every control has a name', async () => {
			const page = getPage();
			for (const [name, path] of Object.entries(PAGES)) {
				await show(page, url, path);
				equal((await namelessControls(page)).join('\n'), '', `nameless controls of ${name}`);
			}
		}],
	];
}

/** Nodes, listeners and bytes alive after a garbage collection. */
async function census(page) {
	const client = await page.context().newCDPSession(page);
	await client.send('HeapProfiler.collectGarbage');
	const counters = await client.send('Memory.getDOMCounters');
	const { usedSize } = await client.send('Runtime.getHeapUsage');
	await client.detach();
	return { ...counters, usedSize };
}

function enduranceChecks({ url, mock, getPage }) {
	return [
		['10,000 changes leave the document and the rings as long as before', async () => {
			const page = getPage();
			await show(page, url, '#/');
			const held = () => page.locator('.changes').getAttribute('data-held').then(Number);
			for (let i = 0; i < 1000; i++) {
				mock.random(i);
			}
			await until('the ring is full', async () => (await held()) === 100);
			const before = await census(page);
			for (let i = 0; i < 10_000; i++) {
				mock.random(i);
				if (i % 500 === 0) {
					await new Promise(setImmediate);
				}
			}
			mock.change(1, 'users', 'added', { name: 'the-last-one', uid: 1, gid: 1, full_name: '', home: '/', shell: '/bin/sh' });
			await until('the last one is shown', async () => /the-last-one/.test(await page.locator('.change').first().textContent()));
			equal(await held(), 100, 'changes held');
			equal(await page.locator('.change').count(), 100, 'changes shown');
			const after = await census(page);
			expect(after.nodes < before.nodes * 1.2 + 500, `${before.nodes} nodes not to become ${after.nodes}`);
			expect(after.usedSize < before.usedSize + 4_000_000, `${before.usedSize} bytes not to become ${after.usedSize}`);
			expect(after.jsEventListeners < before.jsEventListeners * 1.2 + 50, `${before.jsEventListeners} listeners not to become ${after.jsEventListeners}`);
		}],
		['a lost connection comes back by itself', async () => {
			const page = getPage();
			mock.setDown(true);
			await page.locator('.banner.lost').waitFor();
			mock.setDown(false);
			await page.locator('.banner.lost').waitFor({ state: 'detached' });
		}],
		['a lost connection is shown with its time, and what was missed arrives afterwards', async () => {
			const page = getPage();
			mock.setDown(true);
			await page.locator('.banner.lost').waitFor();
			expect(/Connection lost at \d\d:\d\d:\d\d/.test(await page.locator('.banner.lost').textContent()), 'the time');
			mock.change(2, 'users', 'added', { name: 'while-away', uid: 1, gid: 1, full_name: '', home: '/', shell: '/bin/sh' });
			mock.setDown(false);
			await page.locator('.banner.lost button').click();
			await page.locator('.banner.lost').waitFor({ state: 'detached' });
			await until('it arrives', async () => /while-away/.test(await page.locator('.change').first().textContent()));
		}],
		['a reader that was too slow is told, and loads the present state', async () => {
			const page = getPage();
			mock.tenant.streams.forEach((stream) => stream.event('gap', { missed: 7 }));
			await page.getByText('too slow for 7 changes').waitFor();
			await page.getByRole('button', { name: 'Dismiss' }).click();
			await page.getByText('too slow').waitFor({ state: 'detached' });
		}],
		['a session that ends asks to sign in and goes on where one was', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}/users`);
			mock.endSessions();
			await page.goto(`${url}/#/sensors`);
			await page.getByText('Your session has ended').waitFor();
			await page.getByLabel('Operator token').fill(TOKEN);
			await page.keyboard.press('Enter');
			await page.locator('.grid').waitFor();
			expect(page.url().endsWith('#/sensors'), 'the sensors page');
		}],
		['signing out ends it', async () => {
			const page = getPage();
			await page.getByRole('button', { name: 'Sign out' }).click();
			await page.getByLabel('Operator token').waitFor();
			await page.reload();
			await page.getByLabel('Operator token').waitFor();
		}],
	];
}

export function mockChecks({ browser, mock }) {
	const complaints = [];
	let page;
	const on = { browser, mock, url: mock.url, complaints, getPage: () => page };
	return [
		...signInChecks(on),
		['a page opens without a session', async () => {
			page = await openPage(browser, complaints);
		}],
		...overviewChecks(on),
		...assetChecks(on),
		...queryChecks(on),
		...keyboardChecks(on),
		...sensorChecks(on),
		...pageChecks(on),
		...networkChecks(on),
		...looksChecks(on),
		...enduranceChecks(on),
		['the browser had nothing to complain about in all of this', async () => {
			equal(complaints.join('\n'), '', 'complaints');
		}],
	];
}

/** Screenshots of every page: 1280 light, 1280 dark, 400. */
export async function takeShots({ browser, mock, dir }) {
	const sizes = [['1280-light', 1280, 'light'], ['1280-dark', 1280, 'dark'], ['400', 400, 'light']];
	for (const [label, width, theme] of sizes) {
		const page = await openPage(browser, [], { width, height: width === 400 ? 800 : 820, theme });
		await page.goto(mock.url);
		await page.locator('.signin form').waitFor();
		await page.screenshot({ path: `${dir}/signin-${label}.png` });
		await page.goto(`${mock.url}/#/signin/${CODE}`);
		await page.locator('.tiles').waitFor();
		for (const [name, path] of Object.entries(PAGES)) {
			await show(page, mock.url, path);
			if (name === 'query') {
				await page.getByLabel('SQL', { exact: true }).fill('SELECT *\nFROM certificates\nORDER BY not_after');
				await page.keyboard.press('Control+Enter');
				await page.locator('.results .grid').waitFor();
			}
			await page.screenshot({ path: `${dir}/${name}-${label}.png` });
		}
		await page.keyboard.press('Escape');
		await show(page, mock.url, '#/');
		await page.keyboard.press('?');
		await page.screenshot({ path: `${dir}/keys-${label}.png` });
		await page.keyboard.press('Escape');
		mock.setDown(true);
		await page.locator('.banner.lost').waitFor();
		await page.screenshot({ path: `${dir}/lost-${label}.png` });
		mock.setDown(false);
		await page.context().close();
	}
}
