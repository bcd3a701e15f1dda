// anychecks.mjs - checks that hold on every server with at least one asset: the mock and a real one.
import { equal, expect, expectNotSideways, openPage, rowCount, until } from './harness.mjs';

export function anyChecks({ browser, url, code }) {
	const complaints = [];
	let page;
	let name;

	return [
		['a one-time link signs in', async () => {
			page = await openPage(browser, complaints);
			await page.goto(`${url}/#/signin/${code}`);
			await page.locator('.tiles').waitFor();
			expect(!page.url().includes(code), 'the code to be gone from the address');
		}],
		['the stream is connected', async () => {
			await until('the mark says Live', async () => (await page.locator('.connection').textContent()) === 'Live');
		}],
		['the overview counts at least one asset', async () => {
			const figure = await page.locator('.tile .figure').first().textContent();
			expect(Number(figure.replaceAll(',', '')) >= 1, `at least one asset, not ${figure}`);
			await page.locator('.plot canvas').waitFor();
		}],
		['the assets page lists an asset, and searching for its name finds it', async () => {
			await page.goto(`${url}/#/assets`);
			const first = page.locator('.grid-body [role=row] a').first();
			await first.waitFor();
			name = await first.textContent();
			await page.locator('[data-search]').fill(name);
			await until('the name is found', async () => (await rowCount(page)) >= 1);
			equal(await page.locator('.grid-body [role=row] a').first().textContent(), name, 'the first hit');
		}],
		['an asset opens with its tables and its history', async () => {
			await page.locator('.grid-body [role=row] a').first().click();
			await page.locator('[role=tab]').nth(3).waitFor();
			equal((await page.locator('h1').textContent()).trim(), name, 'the heading');
			await page.locator('.entry').first().waitFor();
		}],
		['its packages open as a table', async () => {
			await page.locator('[data-tab=packages]').click();
			await page.locator('.grid-body [role=row]').first().waitFor();
			expect((await rowCount(page)) >= 1, 'at least one package');
			expect((await page.locator('[role=columnheader]').allTextContents()).includes('version'), 'a column "version"');
		}],
		['a query shows its rows, a wrong one the server\'s reason', async () => {
			await page.goto(`${url}/#/query`);
			const editor = page.getByLabel('SQL', { exact: true });
			await editor.fill('SELECT name, version FROM packages LIMIT 5');
			await editor.press('Control+Enter');
			await page.locator('.results .grid-body [role=row]').first().waitFor();
			await editor.fill('SELEC 1');
			await editor.press('Control+Enter');
			await page.locator('.failure').waitFor();
			expect(/SELEC/.test(await page.locator('.failure').textContent()), 'the reason to name what is wrong');
		}],
		['sensors are listed', async () => {
			await page.goto(`${url}/#/sensors`);
			await page.locator('.grid-body [role=row]').first().waitFor();
		}],
		['an asset\'s sensor says how it is, and which policy applies', async () => {
			await page.locator('.grid-body [role=row] a').first().click();
			await page.locator('.state-mark').first().waitFor();
			await page.getByLabel('The policy as JSON').waitFor();
		}],
		['an asset shows its vulnerabilities, or that nobody looked', async () => {
			await page.locator('[data-tab=vulnerabilities]').click();
			await page.locator('.findings').getByText(/Judged as|No feed covers/).first().waitFor();
			await page.goto(`${url}/#/vulnerabilities`);
			await page.locator('.tiles.small').waitFor();
		}],
		['events are listed, or that there is none yet', async () => {
			await page.goto(`${url}/#/events`);
			await page.locator('.event, .events .state .title').first().waitFor();
		}],
		['a policy that is wrong is refused with the server\'s reason', async () => {
			await page.goto(`${url}/#/policies/tag:never-used`);
			await page.getByLabel('The policy as JSON').fill('{ "colectors": {} }');
			await page.getByRole('button', { name: 'Save' }).click();
			await page.getByText("unknown member 'colectors'").waitFor();
		}],
		['no page scrolls sideways, wide or narrow', async () => {
			for (const width of [1280, 400]) {
				await page.setViewportSize({ width, height: 800 });
				for (const path of ['', 'assets', 'vulnerabilities', 'vulnerabilities?view=upgrades', 'events', 'sensors', 'policies', 'feeds', 'query']) {
					await page.goto(`${url}/#/${path}`);
					await page.locator('main > *').first().waitFor();
					await expectNotSideways(page, `${path || 'overview'} at ${width}`);
				}
			}
		}],
		['the browser had nothing to complain about, and the content security policy held', async () => {
			equal(complaints.join('\n'), '', 'complaints');
			await page.context().close();
		}],
	];
}
