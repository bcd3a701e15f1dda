// networkchecks.mjs - checks of the pages about the network: map, ports, certificates, TLS, exposures, alerts, scopes.
import { equal, expect, expectNoMarkup, hasRows, openPage, show, until } from './harness.mjs';
import { CODE } from './mock.mjs';
import { idOf } from './mockdata.mjs';
import { OFFICE } from './mocknetwork.mjs';

const FIRST = idOf(0);
const HOSTILE_HOST = idOf(20_007);

/** How many different colours are drawn in a part of the map around a point of it. */
const coloursAt = (page, x, y, size) => page.locator('.map canvas').evaluate((canvas, [left, top, side]) => {
	const ratio = canvas.width / canvas.clientWidth;
	const { data } = canvas.getContext('2d').getImageData((left - side / 2) * ratio, (top - side / 2) * ratio, side * ratio, side * ratio);
	return new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 3).join())).size;
}, [x, y, size]);

function mapChecks({ url, mock, getPage }) {
	const said = (page) => page.locator('.map [role=status]').textContent();
	const drawn = async (page) => {
		await show(page, url, '#/network');
		await until('hosts are drawn', async () => {
			const box = await page.locator('.map canvas').boundingBox();
			return (await coloursAt(page, box.width / 2, box.height / 2, 300)) > 4;
		});
	};
	/** A point with a host, to which the pointer is moved. */
	const someHost = async (page) => {
		const box = await page.locator('.map canvas').boundingBox();
		for (let y = 10; y < box.height; y += 6) {
			for (let x = 10; x < box.width; x += 40) {
				await page.mouse.move(box.x + x, box.y + y);
				if ((await page.locator('.map-card').count()) > 0) {
					return { x: box.x + x, y: box.y + y };
				}
			}
		}
		throw new Error('there is no host under any point');
	};
	return [
		['the map counts agents, scanned and unknown hosts apart, each with a shape of its own', async () => {
			const page = getPage();
			await drawn(page);
			const words = await page.locator('.map-legend').textContent();
			expect(/agent 300, hollow: 18 not connected/.test(words) && /scanned 186/.test(words) && /unknown 74/.test(words), `the counts, not ${words}`);
			const shapes = await page.locator('.map-legend canvas').evaluateAll((all) => all.map((canvas) => {
				const { data } = canvas.getContext('2d').getImageData(0, 0, 28, 28);
				const inked = (x, y) => data[4 * (28 * y + x) + 3] > 128;
				return [inked(14, 14), inked(5, 5), inked(14, 5)].map(Number).join('');
			}));
			// Middle, corner, top: a square has all, a disc no corner, a hollow diamond its tip alone.
			equal(shapes.join(' '), '111 101 001', 'the shapes');
		}],
		['the pointer names a host, and a click opens it', async () => {
			const page = getPage();
			const found = await someHost(page);
			const name = await page.locator('.map-card b').textContent();
			await page.mouse.click(found.x, found.y);
			await until('the asset is open', async () => (await page.locator('h1').textContent()).trim() === name);
		}],
		['dragging moves the map and opens nothing; the wheel zooms', async () => {
			const page = getPage();
			await drawn(page);
			const picture = () => page.locator('.map canvas').evaluate((canvas) => canvas.toDataURL());
			const before = await picture();
			const { x, y } = await someHost(page);	// it stays under the pointer, and must not be opened
			await page.mouse.down();
			await page.mouse.move(x + 60, y + 40, { steps: 5 });
			await page.mouse.up();
			await until('it moved', async () => (await picture()) !== before);
			await page.locator('.map-card').waitFor();
			expect(page.url().endsWith('#/network'), 'the map still');
			const moved = await picture();
			await page.mouse.wheel(0, -600);
			await until('it is larger', async () => (await picture()) !== moved);
			await page.getByRole('button', { name: 'All' }).click();
		}],
		['the keyboard goes from host to host, says each, and opens one', async () => {
			const page = getPage();
			await drawn(page);
			await page.locator('.map canvas').focus();
			await page.keyboard.press('ArrowRight');
			await until('a host is said', async () => /, (agent|scanned|unknown)/.test(await said(page)));
			const first = await said(page);
			await page.keyboard.press('ArrowRight');
			await until('another is said', async () => (await said(page)) !== first);
			const name = (await said(page)).split(',')[0];
			await page.keyboard.press('Enter');
			await until('it is open', async () => (await page.locator('h1').textContent()).trim() === name);
		}],
		['search on the map counts, and shows the next hit', async () => {
			const page = getPage();
			await drawn(page);
			await page.keyboard.press('/');
			await page.keyboard.type('printer');
			await page.getByText('37 of 560 hosts').waitFor();
			expect(page.url().includes('search=printer'), 'the search in the address');
			await page.getByRole('button', { name: 'Show the next' }).click();
			await until('a printer is said', async () => /^printer/.test(await said(page)));
			await page.goto(`${url}/#/`);
		}],
		['the same hosts are there as a table', async () => {
			const page = getPage();
			await show(page, url, '#/network');
			await page.getByRole('link', { name: 'As a table' }).click();
			await hasRows(page, 560);
			await page.locator('[data-search]').fill('onerror');
			await hasRows(page, 2);
			await expectNoMarkup(page);
		}],
		['a host that is found while one looks is on the map', async () => {
			const page = getPage();
			await show(page, url, '#/network?view=table&search=late-comer');
			await hasRows(page, 0);
			const host = { ...mock.tenant.network.host(259), name: 'late-comer', id: idOf(30_000) };
			mock.tenant.network.scanned.push(host);
			mock.tenant.no++;
			mock.tenant.streams.forEach((stream) => stream.send({ no: mock.tenant.no, index: 0, at: new Date().toISOString(), observed_at: new Date().toISOString(), asset: host.id, asset_name: host.name, table: 'scanned_hosts', op: 'added', key: host.addresses[0], row: { address: host.addresses[0] }, old: null }));
			await hasRows(page, 1);
			mock.tenant.network.scanned.pop();
		}],
	];
}

function portChecks({ url, mock, getPage }) {
	const n = () => mock.tenant.network;
	return [
		['ports are listed by how many have them, and lead to who has them', async () => {
			const page = getPage();
			await show(page, url, '#/network/ports');
			await hasRows(page, 9);
			await page.locator('[data-search]').fill('redis');
			await hasRows(page, 1);
			await page.locator('.grid-body a').click();
			await hasRows(page, n().ports.filter((p) => p.port === 6379).length);
			await page.getByText('no password').first().waitFor();
			await page.locator('.grid-body a').first().click();
			await page.getByText('Scans find it, no agent watches it.').waitFor();
		}],
		['programs are counted over ports, hostile names as text', async () => {
			const page = getPage();
			await show(page, url, '#/network/ports');
			await page.getByRole('link', { name: 'By program' }).click();
			await page.getByText('Apache httpd').waitFor();
			await expectNoMarkup(page);
			await page.locator('[data-search]').fill('onerror');
			await hasRows(page, 1);
			await page.locator('.grid').focus();
			await page.keyboard.press('Enter');
			await hasRows(page, 3);
			await expectNoMarkup(page);
		}],
	];
}

function certificateChecks({ url, mock, getPage }) {
	const all = () => mock.tenant.network.certificates;
	return [
		['the calendar counts certificates by day, expired ones first', async () => {
			const page = getPage();
			await show(page, url, '#/network/certificates');
			await page.getByText('3 certificates have expired').waitFor();
			await hasRows(page, all().length);
			const held = await page.locator('.day.held b').allTextContents();
			equal(held.reduce((sum, text) => sum + Number(text), 0), all().length - 3, 'certificates in the calendar');
			await page.getByRole('link', { name: 'Show them' }).click();
			await hasRows(page, 3);
		}],
		['a day shows its certificates, with the asset and where each is served', async () => {
			const page = getPage();
			await show(page, url, '#/network/certificates');
			const day = all().find((c) => c.days_left > 40).not_after.slice(0, 10);
			await page.getByLabel(new RegExp(`^${day}:`)).click();
			await hasRows(page, all().filter((c) => c.not_after.startsWith(day)).length);
			await page.locator('.grid').focus();
			await page.keyboard.press('Enter');
			await page.getByRole('dialog').getByText('shown to a scan').first().waitFor();
			await page.getByRole('dialog').locator('dd a').first().click();
			await page.getByText('Certificates it shows').waitFor();
		}],
	];
}

function tlsChecks({ url, mock, getPage }) {
	const all = () => mock.tenant.network.endpoints;
	return [
		['grades, protocols and shares are those of the population', async () => {
			const page = getPage();
			await show(page, url, '#/network/tls');
			await page.getByLabel(`Grade F: ${all().filter((e) => e.grade === 'F').length} servers`).waitFor();
			equal((await page.locator('.bars').first().locator('.grade').allTextContents()).join(' '), 'A+ A A- B C F M T', 'the order of the grades');
			const share = 100 * all().filter((e) => e.is_post_quantum).length / all().length;
			equal(await page.locator('.tile .figure').nth(1).textContent(), `${share.toFixed(1)} %`, 'the post-quantum share');
		}],
		['the population over time is drawn and said', async () => {
			const page = getPage();
			await page.locator('.over-time .plot canvas').waitFor();
			const said = () => page.locator('.over-time .plot').getAttribute('aria-label');
			expect(/130 servers; grade A 39.2 %.*post-quantum 33.1 %/.test(await said()), 'the last day in words');
			await page.getByRole('button', { name: 'protocols', exact: true }).click();
			await until('protocols are drawn', async () => /TLS 1.3 39.2 %, TLS 1.2 100 %/.test(await said()));
			await page.getByRole('button', { name: 'keys', exact: true }).click();
			await until('keys are drawn', async () => /elliptic curves 39.2 %, RSA 2048 60.8 %/.test(await said()));
		}],
		['a grade narrows the list, and a server says why and how to mend it', async () => {
			const page = getPage();
			await page.getByLabel(/^Grade F:/).click();
			await hasRows(page, all().filter((e) => e.grade === 'F').length);
			await page.locator('.grid').focus();
			await page.keyboard.press('Enter');
			const dialog = page.getByRole('dialog');
			await dialog.getByText('SSL 3.0 is offered').waitFor();
			await dialog.getByText('Switch SSL 3.0 off').first().waitFor();
			await dialog.getByText('Lines for nginx, Apache').first().click();
			await dialog.getByText('ssl_protocols TLSv1.2 TLSv1.3;').first().waitFor();
			await expectNoMarkup(page);
			await page.keyboard.press('Escape');
		}],
	];
}

function exposureChecks({ url, mock, getPage }) {
	return [
		['exposures come with evidence and advice, and are narrowed by what stands in the address', async () => {
			const page = getPage();
			await show(page, url, '#/network/exposures');
			await page.getByText('Redis can be reached from the Internet').first().waitFor();
			await page.getByText('ask for a password').first().waitFor();
			await expectNoMarkup(page);
			await page.getByLabel('Priority').selectOption('high');
			await page.getByLabel('Kind').selectOption('web');
			const wanted = mock.tenant.network.exposures.filter((e) => e.priority >= 60 && e.family === 'web').length;
			await until('they are narrowed', async () => (await page.locator('.finding').count()) === wanted);
			expect(page.url().includes('family=web'), 'the kind in the address');
		}],
		['an exposure is accepted with a reason, and taken back', async () => {
			const page = getPage();
			await show(page, url, '#/network/exposures?rule=telnet');
			await page.getByRole('button', { name: /^Accept telnet/ }).first().click();
			await page.getByRole('dialog').getByLabel('Why').fill('moves out next week');
			await page.getByRole('button', { name: 'Accept the risk' }).click();
			await page.getByText('“moves out next week”').waitFor();
			await page.getByLabel('Accepted').selectOption('true');
			await until('it alone is listed', async () => (await page.locator('.finding').count()) === 1);
			await page.getByRole('button', { name: /^Take back/ }).click();
			await page.getByText('No exposure matches').waitFor();
		}],
		['an alert is shown within a second of happening, hostile words as text', async () => {
			const page = getPage();
			await show(page, url, '#/network/alerts');
			equal(await page.locator('.finding').count(), 40, 'alerts');
			await until('the stream is open', () => [...mock.tenant.streams].length >= 2);
			mock.tenant.network.alert(mock.tenant.network.scanned[7], 'host-key-changed', '\u202e<script>alert(4)</script>', { before: 'SHA256:old', after: 'SHA256:new' });
			await until('it is the first', async () => /\\u202e<script>/.test(await page.locator('.finding').first().textContent()), 1000);
			expect(/SHA256:old → SHA256:new/.test(await page.locator('.finding').first().textContent()), 'from what to what');
			await expectNoMarkup(page);
			await page.getByLabel('Kind').selectOption('new-port');
			await until('they are narrowed', async () => (await page.locator('.finding').count()) === 10);
		}],
		['the overview counts exposures and certificates, and leads to them', async () => {
			const page = getPage();
			await show(page, url, '#/');
			await until('they are counted', async () => (await page.locator('.tile .figure').allTextContents()).every((text) => text !== '–'));
			const words = await page.locator('.tiles').textContent();
			expect(/Exposures40/.test(words) && /3 are expired/.test(words), `the counts, not ${words}`);
			await page.getByRole('link', { name: 'Exposures' }).click();
			await page.locator('.finding').first().waitFor();
		}],
	];
}

function scopeChecks({ url, mock, getPage }) {
	const find = (name) => mock.tenant.network.scopes.find((s) => s.name === name);
	return [
		['a scope is added, and says that nothing is scanned before it is proved', async () => {
			const page = getPage();
			await show(page, url, '#/network/scopes');
			await page.getByRole('button', { name: 'Add a scope' }).click();
			const dialog = page.getByRole('dialog');
			await dialog.getByLabel(/^Scope/).fill('what is this');
			await dialog.getByRole('button', { name: 'Add' }).click();
			await dialog.getByText('neither a prefix, an address nor a name').waitFor();
			await dialog.getByLabel(/^Scope/).fill('198.51.100.0/24');
			await dialog.getByLabel('All of it once every').selectOption('3600');
			await dialog.getByLabel('From, UTC').fill('22:00');
			await dialog.getByLabel('To, UTC').fill('06:00');
			await dialog.getByRole('button', { name: 'Add' }).click();
			const panel = page.getByLabel('Scope 198.51.100.0/24');
			await panel.getByText('every hour, 22:00 to 06:00 UTC').waitFor();
			await panel.getByText('to be proved').waitFor();
			equal(find('198.51.100.0/24').from_minute, 1320, 'from');
		}],
		['what proves a scope is shown to be copied, and looked for on demand', async () => {
			const page = getPage();
			await page.getByRole('button', { name: 'Add a scope' }).click();
			await page.getByRole('dialog').getByLabel(/^Scope/).fill('shop.example.org');
			await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
			const panel = page.getByLabel('Scope shop.example.org');
			await panel.getByText('_bartizan-challenge.shop.example.org. IN TXT "bartizan-scope=0123456789abcdef0123456789abcdef"').waitFor();
			await panel.getByText('https://shop.example.org/.well-known/bartizan-scope.txt').waitFor();
			equal(await panel.getByRole('button', { name: 'Copy' }).count(), 2, 'what can be copied');
			await panel.getByRole('button', { name: 'Check shop.example.org by DNS now' }).click();
			await panel.getByText('There is no TXT record at _bartizan-challenge.shop.example.org').waitFor();
			await panel.getByRole('button', { name: 'Check shop.example.org by DNS now' }).click();
			await panel.getByText(/proved by DNS/).waitFor();
			equal(await panel.getByText('There is no TXT record').count(), 0, 'the reason still');
			// one that was proved, and is not there any more
			Object.assign(find('shop.example.org'), { failing_since: new Date().toISOString(), failure: 'The proof is not found any more' });
			await show(page, url, '#/network/alerts');
			await show(page, url, '#/network/scopes');
			await panel.getByText('its proof is gone').waitFor();
			await panel.getByText('What proves it').click();
			await panel.getByRole('button', { name: 'Check shop.example.org by HTTPS now' }).waitFor();
			await panel.getByRole('button', { name: 'Take shop.example.org away' }).click();
			await page.getByRole('dialog').getByRole('button', { name: 'Take away' }).click();
			await panel.waitFor({ state: 'detached' });
		}],
		['a prefix that no reverse zone is says what to do instead', async () => {
			const page = getPage();
			await page.getByRole('button', { name: 'Add a scope' }).click();
			await page.getByRole('dialog').getByLabel(/^Scope/).fill('198.51.100.0/25');
			await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
			const panel = page.getByLabel('Scope 198.51.100.0/25');
			await panel.getByText('register it in parts of /28 to /32').waitFor();
			equal(await panel.getByRole('button', { name: /^Check/ }).count(), 0, 'ways that there are not');
			await panel.getByRole('button', { name: 'Take 198.51.100.0/25 away' }).click();
			await page.getByRole('dialog').getByRole('button', { name: 'Take away' }).click();
			await panel.waitFor({ state: 'detached' });
		}],
		['it is proved by a statement, switched off, and taken away after a second thought', async () => {
			const page = getPage();
			await page.getByRole('button', { name: 'Prove 198.51.100.0/24' }).click();
			await page.getByRole('dialog').getByLabel('Statement').fill('ours, said the owner');
			await page.getByRole('button', { name: 'I state this' }).click();
			await page.getByText('“ours, said the owner”').waitFor();
			await page.getByRole('button', { name: 'Switch 198.51.100.0/24 off' }).click();
			await until('it is off', () => find('198.51.100.0/24').is_on === false);
			await page.getByRole('button', { name: 'Take 198.51.100.0/24 away' }).click();
			await page.getByRole('button', { name: 'Keep it' }).click();
			expect(find('198.51.100.0/24'), 'the scope still');
			await page.getByRole('button', { name: 'Take 198.51.100.0/24 away' }).click();
			await page.getByRole('dialog').getByRole('button', { name: 'Take away' }).click();
			await until('it is gone', () => !find('198.51.100.0/24'));
			await expectNoMarkup(page);
		}],
	];
}

function assetChecks({ url, mock, getPage }) {
	return [
		['what scans alone find is never offline, and shows its services and why', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${HOSTILE_HOST}/network`);
			await page.getByText('scans alone', { exact: true }).waitFor();
			equal(await page.locator('h1 .dot').getAttribute('aria-label'), 'found by scans', 'the mark');
			await page.getByText('6379/tcp').waitFor();
			await page.getByText('nothing else is known of it than its address').waitFor();
			await expectNoMarkup(page);
			await page.locator('[data-tab=sensor]').click();
			await page.getByText('Scans alone find this asset.').waitFor();
		}],
		['a join says why, is split with a reason, and joined again', async () => {
			const page = getPage();
			await show(page, url, `#/assets/${FIRST}/network`);
			await page.getByText('its network card was seen there').waitFor();
			await page.getByRole('button', { name: 'Split 10.0.0.10 off' }).click();
			await page.getByRole('dialog').getByLabel('Why').fill('a load balancer');
			await page.getByRole('button', { name: 'Split them' }).click();
			await page.getByText('“a load balancer”').waitFor();
			equal(mock.tenant.network.decisions[0].is_join, false, 'the decision');
			await page.getByRole('button', { name: 'Join 10.0.0.10 again' }).click();
			await page.getByRole('button', { name: 'Join them' }).click();
			await page.getByText('an operator said so').waitFor();
			equal(mock.tenant.network.decisions[0].scope, OFFICE, 'the scope');
		}],
		['policy text that was not saved is there again, after reloading too, until it is undone', async () => {
			const page = getPage();
			const editor = page.getByLabel('The policy as JSON');
			await show(page, url, '#/policies');
			const saved = await editor.inputValue();
			await editor.fill('{ "half": ');
			await page.getByRole('link', { name: 'Sensors', exact: true }).first().click();
			await page.locator('.grid').waitFor();
			await page.goBack();
			await page.getByText('what you wrote and did not save').waitFor();
			equal(await editor.inputValue(), '{ "half": ', 'the text');
			await page.reload();
			await until('it is there', async () => (await editor.inputValue()) === '{ "half": ');
			await page.getByRole('link', { name: /^tag:web/ }).click();
			await page.getByText('(not saved)').waitFor();
			await page.getByRole('link', { name: /^default/ }).click();
			await page.getByRole('button', { name: 'Undo' }).click();
			equal(await editor.inputValue(), saved, 'what is in force');
			await page.reload();
			await until('it stays', async () => (await editor.inputValue()) === saved);
		}],
		['a tenant without a scan is told what to do on every page', async () => {
			const page = getPage();
			for (const [part, words] of [['ports', 'No open port is known'], ['certificates', 'No certificate expires'], ['tls', 'No TLS server was graded yet'], ['exposures', 'Nothing is exposed'], ['alerts', 'No alert yet'], ['scopes', 'Nothing may be scanned yet']]) {
				await page.goto(`${url}/#/network/${part}?tenant=acme`);
				await page.getByText(words).first().waitFor();
			}
			await page.goto(`${url}/#/`);
			await page.locator('.tiles').waitFor();
		}],
	];
}

/** Frame intervals while the map of 10,000 hosts is dragged to and fro. */
export async function panFrames(page, seconds) {
	const box = await page.locator('.map canvas').boundingBox();
	await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
	return page.locator('.map canvas').evaluate(async (canvas, ms) => {
		const rect = canvas.getBoundingClientRect();
		const fire = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, { pointerId: 1, button: 0, clientX: rect.left + x, clientY: rect.top + y, bubbles: true }));
		canvas.setPointerCapture = () => undefined;	// it is no real pointer
		const [cx, cy] = [rect.width / 2, rect.height / 2];
		fire('pointerdown', cx, cy);
		const intervals = [];
		const work = [];
		const start = performance.now();
		let last = start;
		await new Promise((done) => {
			const step = (now) => {
				intervals.push(now - last);
				last = now;
				const began = performance.now();
				const t = (now - start) / 1000;
				fire('pointermove', cx + 0.35 * rect.width * Math.sin(t * 2.1), cy + 0.3 * rect.height * Math.sin(t * 3.3));
				work.push(performance.now() - began);
				if (now - start < ms) {
					requestAnimationFrame(step);
				} else {
					done();
				}
			};
			requestAnimationFrame(step);
		});
		fire('pointerup', cx, cy);
		return intervals.slice(1);
	}, seconds * 1000);
}

function speedChecks({ browser, mock, complaints }) {
	return [
		['the map of 10,000 hosts follows the pointer', async () => {
			const page = await openPage(browser, complaints);
			await page.goto(`${mock.url}/#/signin/${CODE}`);
			await page.locator('.tiles').waitFor();
			await page.goto(`${mock.url}/#/network?tenant=big`);
			await page.getByText('2,500', { exact: true }).waitFor();
			const frames = (await panFrames(page, 1)).sort((a, b) => a - b);
			const median = frames[Math.floor(frames.length / 2)];
			expect(median < 100, `a frame in less than 100 ms, not ${Math.round(median)} (./dev bench console_map measures it)`);
			await page.context().close();
		}],
	];
}

export function networkChecks(on) {
	return [
		...mapChecks(on), ...portChecks(on), ...certificateChecks(on), ...tlsChecks(on), ...exposureChecks(on), ...scopeChecks(on), ...assetChecks(on), ...speedChecks(on),
	];
}
