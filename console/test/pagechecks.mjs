// pagechecks.mjs - checks of the pages beyond the inventory: vulnerabilities, events, sensors, policies, feeds.
import { readFile } from 'node:fs/promises';
import { equal, expect, expectNoMarkup, hasRows, show, until } from './harness.mjs';
import { idOf } from './mockdata.mjs';
import { HOSTILE_CVE } from './mockvulns.mjs';

const FIRST = idOf(0);
const XZ = 'CVE-2024-3094';

function fleetChecks({ url, mock, getPage }) {
	const v = () => mock.tenant.vulnerabilities;
	return [
		['vulnerabilities are listed most urgent first, and load as one scrolls', async () => {
			const page = getPage();
			await show(page, url, '#/vulnerabilities');
			await hasRows(page, 200);
			equal(await page.locator('.grid-body a').first().textContent(), XZ, 'the first');
			await page.locator('.grid').press('End');
			await hasRows(page, 400);
			await page.locator('.grid').press('End');
			await hasRows(page, 420);
		}],
		['what no feed covers is said plainly', async () => {
			const page = getPage();
			await page.getByText('no feed covers 3 assets, nor packages of npm, Go').click();
			await page.getByText('No rule knows this system.').first().waitFor();
			await page.goto(`${url}/#/vulnerabilities?tenant=big`);
			await page.getByText('Nothing is judged yet').waitFor();
		}],
		['filters narrow the list and stand in the address', async () => {
			const page = getPage();
			await show(page, url, '#/vulnerabilities');
			await page.getByLabel('Exploited').selectOption('true');
			await hasRows(page, v().all.filter((each) => each.is_exploited).length);
			await page.getByLabel('Status').selectOption('fixable');
			await page.getByLabel('Package', { exact: true }).fill('openssl');
			await hasRows(page, 1);
			for (const part of ['exploited=true', 'status=fixable', 'package=openssl']) {
				expect(page.url().includes(part), `${part} in the address`);
			}
			await page.reload();
			await hasRows(page, 1);
			equal(await page.getByLabel('Status').inputValue(), 'fixable', 'the choice after loading the address');
			await page.getByRole('link', { name: 'Clear' }).click();
			await hasRows(page, 200);
			await page.locator('[data-search]').fill('no such thing');
			await page.getByText('No vulnerability matches').waitFor();
		}],
		['the upgrades that close most of the risk come first, with the command to copy', async () => {
			const page = getPage();
			await show(page, url, '#/vulnerabilities');
			await page.getByRole('link', { name: 'Fix first' }).click();
			await page.getByText('These 4 upgrades close 80.3 %').waitFor();
			equal(await page.locator('.upgrade').nth(3).evaluate((e) => e.nextElementSibling.className), 'divider', 'what is below the fourth');
			await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
			await page.locator('.upgrade').first().getByRole('button').click();
			await until('it is copied', async () => (await page.evaluate(() => navigator.clipboard.readText())) === 'apt-get install --only-upgrade openssl libopenssl1');
		}],
		['assets are listed by risk, and lead to their vulnerabilities', async () => {
			const page = getPage();
			await page.getByRole('link', { name: 'By asset' }).click();
			await hasRows(page, 200);
			await page.locator('.grid').press('Enter');
			await page.locator('.finding').first().waitFor();
			expect(page.url().endsWith(`#/assets/${FIRST}/vulnerabilities`), 'the asset with the most');
		}],
		['the trend is drawn, a bar a day', async () => {
			const page = getPage();
			await show(page, url, '#/vulnerabilities?view=trend');
			await page.locator('.plot canvas').waitFor();
			expect(/critical \d/.test(await page.locator('.trend .legend').textContent()), 'the counts of the last day');
		}],
		['findings that come show up by themselves', async () => {
			const page = getPage();
			await show(page, url, '#/vulnerabilities?exploited=true');
			const all = v().all;
			const had = all.filter((each) => each.is_exploited).length;
			all.push({ ...all[0], id: 'CVE-2026-99999' });
			mock.change(0, 'vulnerabilities', 'added', { id: 'CVE-2026-99999', manager: 'dpkg', package: 'openssl', version: '1', status: 'open', fixed_version: null });
			await hasRows(page, had + 1);
			all.pop();
			mock.change(0, 'vulnerabilities', 'removed', null, { id: 'CVE-2026-99999', manager: 'dpkg', package: 'openssl', version: '1', status: 'open', fixed_version: null });
			await hasRows(page, had);
		}],
	];
}

function vulnerabilityChecks({ url, mock, getPage }) {
	return [
		['one vulnerability says what it is, why it is urgent and who is affected', async () => {
			const page = getPage();
			await show(page, url, `#/vulnerabilities/${XZ}`);
			for (const words of ["in CISA's catalogue since 2024-04-01; to be mended by 2026-12-05", 'CVSS:3.1/AV:N', 'more likely than', 'Who is affected: 300 assets', 'fixed 1 d ago']) {
				await page.getByText(words).first().waitFor();
			}
		}],
		['hostile summaries and references are text; only https is a link, and tells nobody where one came from', async () => {
			const page = getPage();
			await show(page, url, `#/vulnerabilities/${HOSTILE_CVE}`);
			await page.getByText('<script>alert(2)</script>').waitFor();
			await page.getByText('javascript:alert(1)').waitFor();
			await page.getByText('http://plain.example/').waitFor();
			const links = await page.locator('.references a').evaluateAll((all) => all.map((a) => [a.protocol, a.rel]));
			expect(links.length >= 2 && links.every(([protocol, rel]) => protocol === 'https:' && /noreferrer/.test(rel)), `https without a referrer, not ${JSON.stringify(links)}`);
			await expectNoMarkup(page);
			await show(page, url, `#/assets/${FIRST}/vulnerabilities?why=${HOSTILE_CVE}`);
			await page.getByText('<script>alert(2)</script>').first().waitFor();
			await expectNoMarkup(page);
			await show(page, url, '#/vulnerabilities?search=onerror');
			await hasRows(page, 1);
			await expectNoMarkup(page);
		}],
		['a risk is accepted with a reason, everywhere or on one asset, shown, and taken back', async () => {
			const page = getPage();
			await show(page, url, `#/vulnerabilities/${XZ}`);
			await page.getByRole('button', { name: 'Accept it on web-fra-000' }).click();
			const dialog = page.getByRole('dialog');
			expect(await dialog.getByRole('button', { name: 'Accept the risk' }).isDisabled(), 'no acceptance without a reason');
			await dialog.getByLabel('Why').fill('Not reachable: <b>behind the proxy</b>');
			await dialog.getByLabel('For').selectOption({ label: 'until a day' });
			await dialog.locator('input[type=date]').fill('2090-01-02');
			await dialog.getByRole('button', { name: 'Accept the risk' }).click();
			await page.getByText('299 assets, and 1 that accepted it').waitFor();
			const [made] = mock.tenant.vulnerabilities.acceptances;
			equal(`${made.asset} ${made.until} ${made.by}`, `${FIRST} 2090-01-02T00:00:00.000Z operator`, 'what was accepted');
			await page.getByText('Not reachable: <b>behind the proxy</b>').waitFor();
			await show(page, url, '#/vulnerabilities?view=accepted');
			await page.getByRole('button', { name: `Take back the acceptance of ${XZ}` }).click();
			await page.getByText('No risk is accepted').waitFor();
			await show(page, url, `#/vulnerabilities/${XZ}`);
			await page.getByRole('button', { name: 'Accept the risk…' }).click();
			await dialog.getByText('On every asset').waitFor();
			await dialog.getByLabel('Why').fill('all of them');
			await dialog.getByLabel('For').selectOption({ label: 'good' });
			await dialog.getByRole('button', { name: 'Accept the risk' }).click();
			await page.getByText('0 assets, and 300 that accepted it').waitFor();
			mock.tenant.vulnerabilities.acceptances = [];
		}],
		['what the server refuses is shown in the dialog', async () => {
			const page = getPage();
			await show(page, url, `#/vulnerabilities/${XZ}`);
			await page.getByRole('button', { name: 'Accept the risk…' }).click();
			const dialog = page.getByRole('dialog');
			await dialog.getByLabel('Why').fill('because');
			const all = mock.tenant.vulnerabilities.all;
			mock.tenant.vulnerabilities.all = [];
			await dialog.getByRole('button', { name: 'Accept the risk' }).click();
			await dialog.getByText('No asset ever had').waitFor();
			mock.tenant.vulnerabilities.all = all;
			await page.keyboard.press('Escape');
		}],
		['one that is not there says so', async () => {
			const page = getPage();
			await page.goto(`${url}/#/vulnerabilities/CVE-1999-0001`);
			await page.getByText('No asset ever had the vulnerability "CVE-1999-0001"').waitFor();
		}],
	];
}

function assetChecks({ url, getPage }) {
	return [
		['an asset shows what mends each vulnerability, and why it has it', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}/vulnerabilities`);
			await page.locator('.finding').getByText('apt-get install --only-upgrade openssl libopenssl1').first().waitFor();
			await page.getByRole('link', { name: `Why ${XZ}` }).click();
			const dialog = page.getByRole('dialog');
			for (const words of ['openssl 1.0 is before the fix', 'is judged as debian:12', 'listens beyond the machine', '"fixed_version": "2.0.1-1+deb12u1"', 'a binary is judged by its source package', 'exploited: no probability needed']) {
				await dialog.getByText(words).first().waitFor();
			}
			expect(page.url().includes(`why=${XZ}`), 'the question in the address');
			await page.keyboard.press('Escape');
			await dialog.waitFor({ state: 'detached' });
			expect(!page.url().includes('why='), 'the question gone from the address');
		}],
		['what is concluded from a banner is marked so, quoting it', async () => {
			const page = getPage();
			const finding = page.locator('.finding').filter({ hasText: 'inferred from the banner at 192.0.2.7 port 80' }).first();
			await finding.getByText('possible, inferred', { exact: true }).waitFor();
			await finding.getByText('it says "Server: nginx/1.18.0 <img src=x onerror=alert(1)>"').waitFor();
		}],
		['its bill of materials is taken along', async () => {
			const page = getPage();
			const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'SBOM' }).click()]);
			equal(file.suggestedFilename(), `${FIRST}.cdx.json`, 'the name');
			equal(JSON.parse(await readFile(await file.path(), 'utf8')).bomFormat, 'CycloneDX', 'the kind');
		}],
		['its filters stand in the address, and it is shown as a table where asked', async () => {
			const page = getPage();
			await page.getByLabel('Exploited').selectOption('true');
			await until('four are left', async () => (await page.locator('.finding').count()) === 4);
			expect(page.url().includes('exploited=true'), 'the filter in the address');
			await page.getByText("Compare with the package manager's own").click();
			await page.getByText('1 by both, 1 by the feeds only').waitFor();
			await page.getByRole('link', { name: 'As a table' }).click();
			await hasRows(page, 1);
		}],
		['an asset that no feed covers is not called clean', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${idOf(50)}/vulnerabilities`);
			await page.getByText('No feed covers this asset').waitFor();
			equal(await page.getByText('No vulnerability found').count(), 0, 'claims of being clean');
		}],
		['tags are added and removed, and a wrong one is refused with the server\'s words', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}`);
			const tags = () => page.locator('.tag').allTextContents().then((all) => all.map((t) => t.replace('✕', '')).join(' '));
			equal(await tags(), 'web fra', 'tags');
			const add = async (tag) => {
				await page.getByRole('button', { name: 'Add a tag' }).click();
				await page.getByLabel('New tag').fill(tag);
				await page.keyboard.press('Enter');
			};
			await add('dmz');
			await until('it is there', async () => (await tags()) === 'dmz fra web');
			await page.getByRole('button', { name: 'Remove the tag dmz' }).click();
			await until('it is gone', async () => (await tags()) === 'fra web');
			await add('No Tag');
			await page.getByText('"No Tag" is no tag: 1 to 40 characters').waitFor();
		}],
	];
}

function eventChecks({ url, mock, getPage }) {
	const first = (page) => page.locator('.event').first();
	return [
		['events are listed, filtered by kind, asset and time, in the address', async () => {
			const page = getPage();
			await show(page, url, '#/events');
			await first(page).waitFor();
			equal(await page.locator('.event').count(), 200, 'events of the first page');
			await page.getByRole('button', { name: 'Load older events' }).click();
			await until('more are there', async () => (await page.locator('.event').count()) === 400);
			await page.getByLabel('Kind').selectOption('gaps');
			await until('only gaps', async () => (await page.locator('.event').count()) === (await page.locator('.event.gap').count()));
			await page.getByText("1234 events were lost: the kernel's queue ran over").first().waitFor();
			expect(page.url().includes('kind=gaps'), 'the kind in the address');
			await page.getByRole('button', { name: 'Clear' }).click();
			await page.getByLabel('Only of this asset').fill('web-fra-000');
			await page.keyboard.press('Enter');
			await until('only that one', async () => {
				const names = await page.locator('.event .asset').allTextContents();
				return names.length > 10 && names.every((name) => name === 'web-fra-000');
			});
			expect(page.url().includes('asset=web-fra-000'), 'the asset in the address');
			await show(page, url, '#/events?until=2000-01-01T00:00:00.000Z');
			await page.getByText('No event matches').waitFor();
			await page.getByText('not live').waitFor();
		}],
		['an event is on the page in under a second, can be held back, and a gap stands out', async () => {
			const page = getPage();
			await show(page, url, '#/events');
			await first(page).waitFor();
			await until('the stream is open', async () => [...mock.tenant.streams].length === 2);
			mock.happen(3, 'sudo_uses', { user: 'eve', runas: 'root', command: '/bin/cat /etc/shadow', is_allowed: false, reason: 'not in sudoers' });
			await until('eve is there', async () => /eve was refused \/bin\/cat \/etc\/shadow as root because: not in sudoers/.test(await first(page).textContent()), 1000);
			mock.happen(3, 'gaps', { reason: 'ring', count: null });
			await until('the gap is there', async () => (await first(page).getAttribute('class')).includes('gap'), 1000);
			expect(/nobody knows how many/.test(await first(page).textContent()), 'that the count is not known');
			await page.getByRole('button', { name: 'Hold' }).click();
			mock.happen(3, 'logins', { user: 'held-back', is_success: true });
			await page.getByRole('button', { name: 'Go on (1 new)' }).click();
			await until('it is shown', async () => /held-back came in/.test(await first(page).textContent()));
		}],
		['thousands of events leave a list without a hole, and no longer than before', async () => {
			const page = getPage();
			await show(page, url, '#/events');
			await first(page).waitFor();
			await until('the stream is open', async () => mock.tenant.streams.size === 2);
			const numbers = () => page.locator('.event').evaluateAll((all) => all.map((e) => Number(e.dataset.no)));
			const expectWhole = async (length) => {
				const all = await numbers();
				equal(all.length, length, 'events shown');
				expect(all.every((no, i) => i === 0 || no === all[i - 1] - 1), 'no hole between them');
			};
			const flood = async (n, mark) => {
				for (let i = 0; i < n; i++) {
					mock.happen(i % 300, 'executions', { executable: '/bin/true', arguments: ['true', String(i)], user: 'root' });
					if (i % 500 === 0) {
						await new Promise(setImmediate);
					}
				}
				mock.happen(1, 'executions', { executable: '/bin/true', arguments: [mark], user: 'root' });
			};
			await flood(3000, 'the-last-one');
			await until('the last one is shown', async () => /the-last-one/.test(await first(page).textContent()));
			await expectWhole(1000);
			await page.getByRole('button', { name: 'Hold' }).click();
			await flood(1500, 'after-holding');
			await page.getByRole('button', { name: 'Go on (1,501 new)' }).click();
			await until('the last one is shown', async () => /after-holding/.test(await first(page).textContent()));
			await expectWhole(1000);
			await page.getByRole('button', { name: 'Load older events' }).click();
			await until('older ones are shown', async () => (await numbers()).length === 1200);
			await expectWhole(1200);
		}],
		['an asset\'s events are its own, and open in full', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}/events`);
			await first(page).waitFor();
			mock.happen(5, 'logins', { user: 'elsewhere', is_success: true });
			mock.happen(0, 'logins', { user: 'right-here', is_success: true });
			await until('its own is there', async () => /right-here/.test(await first(page).textContent()), 1000);
			equal(await page.getByText('elsewhere').count(), 0, 'events of others');
			await first(page).getByRole('button').click();
			await page.getByRole('dialog').getByText('is_success of it').waitFor();
			await page.keyboard.press('Escape');
		}],
		['hostile events are text', async () => {
			const page = getPage();
			await show(page, url, '#/events');
			await first(page).waitFor();
			mock.tenant.events.hostile(mock.tenant.assets[13]);
			await until('it is there', async () => /<script>alert\(3\)<\/script>/.test(await first(page).textContent()));
			await expectNoMarkup(page);
			await first(page).getByRole('button').click();
			await page.getByRole('dialog').waitFor();
			await expectNoMarkup(page);
			await page.keyboard.press('Escape');
		}],
		['a reader of events that was too slow is told', async () => {
			const page = getPage();
			mock.tenant.streams.forEach((stream) => stream.event('events_gap', { missed: 9 }));
			await page.getByText('too slow for 9 events').waitFor();
		}],
		['the stream of events ends with the page', async () => {
			const page = getPage();
			await show(page, url, '#/assets');
			await until('one stream is left', async () => mock.tenant.streams.size === 1);
		}],
	];
}

function sensorChecks({ url, getPage }) {
	return [
		['sensors say in words how they are', async () => {
			const page = getPage();
			await show(page, url, '#/sensors');
			for (const words of ['reader silent for 94 s while reading files', 'offline, last heard of', 'clone of web-fra-000', 'duplicated key', '2 collectors failing', 'policy pending']) {
				await page.getByText(words).first().waitFor();
			}
			await page.locator('[data-search]').fill('duplicated');
			await hasRows(page, 1);
		}],
		['an asset\'s sensor says what it cannot read and why, and which policy applies', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}/sensor`);
			await page.getByText('a record without a name at byte 1,203').first().waitFor();
			await page.getByText('in force', { exact: true }).waitFor();
			await page.getByLabel('The policy as JSON').getByText('/srv/www').waitFor();
			await show(page, url, `#/assets/${idOf(1)}/sensor`);
			await page.getByText('the sensor has not confirmed it yet').waitFor();
			await page.getByText('Every collector does its work').waitFor();
			await show(page, url, `#/assets/${idOf(6)}/sensor`);
			await page.getByText('Its key is used in two places').waitFor();
		}],
	];
}

function policyChecks({ url, mock, getPage }) {
	const editor = (page) => page.getByLabel('The policy as JSON');
	return [
		['a policy is edited as JSON, and what is wrong with it is said beside it', async () => {
			const page = getPage();
			await show(page, url, '#/policies');
			await editor(page).fill('{ "colectors": {} }');
			await page.keyboard.press('Control+Enter');
			await page.getByText("'policy' has an unknown member 'colectors'; known are: collectors").waitFor();
			equal(await editor(page).inputValue(), '{ "colectors": {} }', 'what was written');
			await editor(page).fill('{ "collectors": {\n');
			await page.keyboard.press('Control+Enter');
			await page.getByText('This is not JSON yet').waitFor();
			await editor(page).fill('{ "budget": { "cpu_permille": 5 } }');
			await page.getByRole('button', { name: 'Save' }).click();
			await page.getByText('Saved.').waitFor();
			equal(JSON.stringify(mock.tenant.policies.get('default').policy), '{"budget":{"cpu_permille":5}}', 'the policy');
		}],
		['a policy for a tag is written, and deleted after a second thought', async () => {
			const page = getPage();
			await page.getByRole('button', { name: 'For another tag' }).click();
			await page.getByRole('dialog').getByRole('textbox').fill('dmz');
			await page.keyboard.press('Enter');
			await until('its editor is open', async () => page.url().endsWith('#/policies/tag%3Admz'));
			await page.getByRole('button', { name: 'Save' }).click();
			await page.getByText('Saved.').waitFor();
			expect(mock.tenant.policies.has('tag:dmz'), 'the policy on the server');
			await page.getByRole('button', { name: 'Delete' }).click();
			await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
			await until('it is gone', () => !mock.tenant.policies.has('tag:dmz'));
			await until('the list is shown', async () => page.url().endsWith('#/policies'));
		}],
	];
}

function feedChecks({ url, mock, getPage }) {
	return [
		['feeds say what is in force, how old it is, and what went wrong', async () => {
			const page = getPage();
			await show(page, url, '#/feeds');
			await page.getByText('212,044').waitFor();
			const npm = page.getByLabel('Feed osv-npm');
			await npm.getByText('failed; what was there stays in force').waitFor();
			await npm.getByText('3 times in a row: The file ends in the middle of a record at byte 71303168: <img').waitFor();
			await expectNoMarkup(page);
			await page.getByRole('button', { name: 'Fetch osv-npm now' }).click();
			await npm.getByText('in force', { exact: true }).waitFor();
			equal(mock.feeds.items[3].error, null, 'the error');
		}],
		['g and a letter lead to each page', async () => {
			const page = getPage();
			for (const [key, path] of [['v', '#/vulnerabilities'], ['e', '#/events'], ['p', '#/policies'], ['f', '#/feeds']]) {
				await page.keyboard.press('g');
				await page.keyboard.press(key);
				await until(`g ${key} leads to ${path}`, async () => page.url().endsWith(path));
			}
		}],
		['the navigation names every page at 400 pixels, none cut', async () => {
			const page = getPage();
			for (const width of [400, 720, 1024, 1140]) {
				await page.setViewportSize({ width, height: 800 });
				await show(page, url, '#/vulnerabilities');
				const links = await page.locator('.top nav a').evaluateAll((all) => all.map((a) => {
					const { left, right } = a.getBoundingClientRect();
					return [a.getAttribute('aria-label'), left >= 0 && right <= innerWidth && a.scrollWidth <= a.clientWidth + 1];
				}));
				equal(links.filter(([, isWhole]) => !isWhole).join(), '', `links that are cut at ${width}`);
				equal(links.length, 7, 'links');
				const tools = await page.locator('.tools').evaluate((e) => e.getBoundingClientRect().right <= innerWidth + 1);
				expect(tools, `the tools to be inside at ${width}`);
			}
			await page.setViewportSize({ width: 1280, height: 800 });
		}],
	];
}

export function pageChecks(on) {
	return [
		...fleetChecks(on), ...vulnerabilityChecks(on), ...assetChecks(on), ...eventChecks(on), ...sensorChecks(on), ...policyChecks(on), ...feedChecks(on),
	];
}
