// scanchecks.mjs - checks of the network pages on a real server, as tests/scenarios/console_scans.py fills it.
import { equal, expect, expectNoMarkup, expectNotSideways, openPage, rowCount, until } from './harness.mjs';

const DATABASE = 'db.example.org';

const row = (page, text) => page.locator('.grid-body [role=row]').filter({ hasText: text });

export function scanChecks({ browser, url, code, shots }) {
	const complaints = [];
	let page;
	const open = async (path) => {
		await page.goto(`${url}/#/${path}`);
		await page.locator('main .page').first().waitFor();
		await until('nothing is loading', async () => (await page.locator('.loading').count()) === 0);
	};
	return [
		['the overview counts exposures and certificates that expire', async () => {
			page = await openPage(browser, complaints);
			await page.goto(`${url}/#/signin/${code}`);
			await page.locator('.tiles').waitFor();
			await until('they are counted', async () => /1 is expired/.test(await page.locator('.tiles').textContent()));
			const words = await page.locator('.tiles').textContent();
			expect(/Certificates, next 30 days1/.test(words) && /Exposures[1-9]/.test(words), `the counts, not ${words}`);
		}],
		['the map tells agents, scanned and unknown hosts apart', async () => {
			await open('network?view=table');
			await row(page, 'web1').getByText('agent, connected').waitFor();
			await row(page, DATABASE).getByText('scanned').first().waitFor();
			await row(page, '10.7.0.99').first().getByText('unknown').waitFor();
			await expectNoMarkup(page);
			await page.getByRole('link', { name: 'As a map' }).click();
			await until('it is drawn', () => page.locator('.map canvas').evaluate((canvas) => {
				const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
				return new Set(new Uint32Array(data.buffer)).size > 5;
			}));
		}],
		['a port leads to who has it, and on to what is known of the asset', async () => {
			await open('network/ports');
			await row(page, '6379/tcp').locator('a').click();
			await row(page, DATABASE).getByText('no password').waitFor();
			equal(await rowCount(page), 1, 'who has it');
			await row(page, DATABASE).locator('a').click();
			await page.getByText('Scans find it, no agent watches it.').waitFor();
			await page.getByText('Redis 7.0.15', { exact: true }).waitFor();
			await page.locator('.finding').getByText('Redis can be reached from the Internet').waitFor();
			equal(await page.locator('h1 .dot').getAttribute('aria-label'), 'found by scans', 'the mark');
			await open('network/ports?view=product');
			await row(page, 'OpenSSH').getByText('9.2p1').waitFor();
			await expectNoMarkup(page);
		}],
		['what its banner lets conclude is a vulnerability that is marked as inferred', async () => {
			await open('network/ports');
			await row(page, '6379/tcp').locator('a').click();
			await row(page, DATABASE).locator('a').click();
			await page.getByText('Scans find it, no agent watches it.').waitFor();
			await open(`assets/${page.url().match(/assets\/([^/?]+)/)[1]}/vulnerabilities`);
			const finding = page.locator('.finding').filter({ hasText: 'CVE-2024-0007' });
			await finding.getByText('possible, inferred', { exact: true }).waitFor();
			await finding.getByText('it says "Redis 7.0.15", which is cpe:2.3:a:redis:redis:7.0.15').waitFor();
			await finding.getByText('# upgrade Redis to 7.0.16 or later').waitFor();
			await finding.getByRole('link', { name: 'Why CVE-2024-0007' }).click();
			await page.getByRole('dialog').getByText('confidence 60 %').waitFor();
			await page.keyboard.press('Escape');
			await expectNoMarkup(page);
		}],
		['certificates stand on the days on which they expire', async () => {
			await open('network/certificates');
			await page.getByText('1 certificate has expired').waitFor();
			equal(await page.locator('.day.held').count(), 1, 'days');
			await page.locator('.day.held').click();
			await until('it alone is listed', async () => (await rowCount(page)) === 1);
			await page.locator('.grid').focus();
			await page.keyboard.press('Enter');
			await page.getByRole('dialog').getByText('45.33.32.9:443').waitFor();
			await expectNoMarkup(page);
			await page.keyboard.press('Escape');
		}],
		['a TLS server says why it has its grade, and how to mend it', async () => {
			await open('network/tls');
			await page.getByLabel('Grade F: 1 server').waitFor();
			await page.locator('.grid').focus();
			await page.keyboard.press('Enter');
			await page.getByRole('dialog').getByText('SSL 3.0 is offered').waitFor();
			await page.getByRole('dialog').getByText('Switch SSL 3.0 off').first().waitFor();
			await page.getByRole('dialog').getByText(/^Lines for nginx/).first().click();
			await page.getByRole('dialog').getByText('ssl_protocols TLSv1.2 TLSv1.3;').first().waitFor();
			await expectNoMarkup(page);
			await page.keyboard.press('Escape');
		}],
		['exposures are listed with what to do', async () => {
			await open('network/exposures');
			const first = page.locator('.finding').first();
			equal(await first.locator('.level').textContent(), 'critical95', 'the most urgent');
			expect(/To do: \S+/.test(await first.textContent()), 'advice');
			await page.getByLabel('Kind').selectOption('tls');
			await until('TLS alone is listed', async () => (await page.locator('.finding').count()) > 0 && !/Redis/.test(await page.locator('.finding-list').textContent()));
		}],
		['an exposure is accepted, and counts no more', async () => {
			await open('network/exposures?rule=database-open');
			await page.getByRole('button', { name: /^Accept database-open/ }).click();
			await page.getByRole('dialog').getByLabel('Why').fill('a honeypot');
			await page.getByRole('button', { name: 'Accept the risk' }).click();
			await page.getByText('“a honeypot”').waitFor();
			await page.getByLabel('Accepted').selectOption('false');
			await page.getByText('No exposure matches').waitFor();
			await page.getByLabel('Accepted').selectOption('true');
			await page.getByRole('button', { name: /^Take back/ }).click();
			await page.getByText('No exposure matches').waitFor();
		}],
		['a new host is an alert without reloading', async () => {
			await open('network/alerts');
			await page.locator('.finding').first().waitFor();
			const before = await page.locator('.finding').first().textContent();
			await until('another is there', async () => (await page.locator('.finding').first().textContent()) !== before);
			expect(/New host/.test(await page.locator('.finding').first().textContent()), 'a new host');
			await open('events?kind=alerts');
			await page.locator('.event').first().waitFor();
		}],
		['a join says why, is undone and decided anew', async () => {
			await open('assets/web1/network');
			await page.getByText('its network card was seen there').waitFor();
			await page.getByRole('button', { name: 'Split 10.7.0.3 off' }).click();
			await page.getByRole('dialog').getByLabel('Why').fill('a load balancer');
			await page.getByRole('button', { name: 'Split them' }).click();
			await page.getByText('“a load balancer”').waitFor();
			await page.getByRole('button', { name: 'Join 10.7.0.3 again' }).click();
			await page.getByRole('button', { name: 'Join them' }).click();
			await page.getByText('an operator said so').waitFor();
		}],
		['a scope is added, proved, changed and taken away', async () => {
			await open('network/scopes');
			await page.getByRole('button', { name: 'Add a scope' }).click();
			const dialog = page.getByRole('dialog');
			await dialog.getByLabel(/^Scope/).fill('127.0.0.0/8');
			await dialog.getByRole('button', { name: 'Add' }).click();
			await dialog.locator('.failure').waitFor();
			await dialog.getByLabel(/^Scope/).fill('10.99.0.0/16');
			await dialog.getByLabel('From, UTC').fill('22:00');
			await dialog.getByLabel('To, UTC').fill('06:00');
			await dialog.getByRole('button', { name: 'Add' }).click();
			const panel = page.getByLabel('Scope 10.99.0.0/16');
			await panel.getByText('22:00 to 06:00 UTC').waitFor();
			await panel.getByText(/_bartizan-challenge\.99\.10\.in-addr\.arpa\. IN TXT "bartizan-scope=[0-9a-f]{32}"/).waitFor();
			await panel.getByRole('button', { name: 'Check 10.99.0.0/16 by DNS now' }).click();
			await panel.getByText(/started with --offline/).waitFor();
			await panel.getByRole('button', { name: /^Prove/ }).click();
			await dialog.getByLabel('Statement').fill('a lab of our own, by its owner');
			await dialog.getByRole('button', { name: 'I state this' }).click();
			await panel.getByText('a lab of our own, by its owner').waitFor();
			await panel.getByRole('button', { name: /^Change/ }).click();
			await dialog.getByLabel('All of it once every').selectOption('86400');
			await dialog.getByRole('button', { name: 'Save' }).click();
			await panel.getByText('every day, 22:00 to 06:00 UTC').waitFor();
			await panel.getByRole('button', { name: /^Take/ }).click();
			await dialog.getByRole('button', { name: 'Take away' }).click();
			await panel.waitFor({ state: 'detached' });
		}],
		['no page scrolls sideways, wide or narrow', async () => {
			const paths = {
				overview: '', map: 'network', hosts: 'network?view=table', ports: 'network/ports', programs: 'network/ports?view=product', holders: 'network/ports?port=443', certificates: 'network/certificates',
				tls: 'network/tls', exposures: 'network/exposures', alerts: 'network/alerts', scopes: 'network/scopes', scanned: `assets/${DATABASE}/network`, joined: 'assets/web1/network', assets: 'assets',
			};
			for (const width of [1280, 400]) {
				await page.setViewportSize({ width, height: 800 });
				for (const [name, path] of Object.entries(paths)) {
					await open(path);
					await expectNotSideways(page, `${name} at ${width}`);
					if (shots) {
						await page.screenshot({ path: `${shots}/real-${name}-${width}.png` });
					}
				}
			}
		}],
		['the browser had nothing to complain about, and the content security policy held', async () => {
			equal(complaints.join('\n'), '', 'complaints');
			await page.context().close();
		}],
	];
}
