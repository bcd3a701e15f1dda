// run.mjs - drives the console in Chromium and prints TAP.
//
// Without --url it builds the console and runs every check against the mock; with --url and --code it runs
// those that hold on any server with an asset, or with --scans those of a server that has been told what scans find.
// --shots DIR writes screenshots of every page (of the mock, or while --scans goes over them).
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FIRST_BUDGET_BYTES, PART_BUDGET_BYTES, buildConsole } from '../build.mjs';
import { anyChecks } from './anychecks.mjs';
import { expect, launch, runChecks } from './harness.mjs';
import { CODE, startMock } from './mock.mjs';
import { scanChecks } from './scanchecks.mjs';
import { mockChecks, takeShots } from './mockchecks.mjs';

const { values: args } = parseArgs({
	options: { url: { type: 'string' }, code: { type: 'string' }, shots: { type: 'string' }, scans: { type: 'boolean', default: false } },
});
if (args.url && !args.code) {
	console.error('usage: node test/run.mjs [--shots DIR] | --url https://HOST:PORT --code CODE [--scans]');
	process.exit(2);
}

async function againstMock(browser) {
	const outdir = await mkdtemp(join(tmpdir(), 'bartizan-console-'));
	const { first, parts } = await buildConsole(outdir);
	const mock = await startMock({ outdir });
	try {
		if (args.shots) {
			await mkdir(args.shots, { recursive: true });
			await takeShots({ browser, mock, dir: args.shots });
			return true;
		}
		return await runChecks([
			[`the first page loads at most ${FIRST_BUDGET_BYTES} bytes gzipped`,
				() => expect(first <= FIRST_BUDGET_BYTES, `at most that, not ${first}`)],
			[`no page adds more than ${PART_BUDGET_BYTES} bytes gzipped`,
				() => expect(parts.every(([, bytes]) => bytes <= PART_BUDGET_BYTES), `less than ${JSON.stringify(parts)}`)],
			...anyChecks({ browser, url: mock.url, code: CODE }),
			...mockChecks({ browser, mock }),
		]);
	} finally {
		await mock.stop();
		await rm(outdir, { recursive: true });
	}
}

const browser = await launch();
let isGood = false;
try {
	isGood = args.url
		? await runChecks((args.scans ? scanChecks : anyChecks)({ browser, url: args.url.replace(/\/$/, ''), code: args.code, shots: args.shots }))
		: await againstMock(browser);
} finally {
	await browser.close();
}
process.exit(isGood ? 0 : 1);
