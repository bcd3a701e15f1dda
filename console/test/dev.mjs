// dev.mjs - npm run dev: the console over the mock, with a change now and then. Ctrl-C ends it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildConsole } from '../build.mjs';
import { CODE, startMock, TOKEN } from './mock.mjs';

const outdir = await mkdtemp(join(tmpdir(), 'bartizan-console-'));
await buildConsole(outdir);
const mock = await startMock({ outdir, port: Number(process.env['PORT'] ?? 8088) });
console.log(`open ${mock.url}/#/signin/${CODE}  (or sign in with the token ${TOKEN})`);

let i = 0;
setInterval(() => mock.random(i++), 1500);
process.on('SIGINT', async () => {
	await mock.stop();
	await rm(outdir, { recursive: true });
	process.exit(0);
});
