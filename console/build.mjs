// build.mjs - node build.mjs OUTDIR: the page as four files with stable names.
//
// Fails when what the page loads is over its budget, so that the console stays small by test.
import { build } from 'esbuild';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export const BUDGET_BYTES = 60 * 1024;
const FILES = ['index.html', 'app.js', 'app.css', 'icon.svg'];
const here = dirname(fileURLToPath(import.meta.url));

export async function buildConsole(outdir) {
	await mkdir(outdir, { recursive: true });
	await build({
		absWorkingDir: here,
		entryPoints: { app: 'src/main.tsx' },
		outdir: resolve(outdir),
		bundle: true,
		minify: true,
		format: 'iife',
		target: 'es2022',
		jsx: 'automatic',
		jsxImportSource: 'preact',
		charset: 'utf8',
		legalComments: 'none',
		logLevel: 'warning',
	});
	for (const name of ['index.html', 'icon.svg']) {
		await copyFile(join(here, 'src', name), join(outdir, name));
	}

	let sum = 0;
	for (const name of FILES) {
		sum += gzipSync(await readFile(join(outdir, name)), { level: 9 }).length;
	}
	return sum;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
	const outdir = process.argv[2];
	if (!outdir) {
		console.error('usage: node build.mjs OUTDIR');
		process.exit(2);
	}
	const sum = await buildConsole(resolve(outdir));
	console.log(`${FILES.join(' + ')}: ${sum} bytes gzipped of ${BUDGET_BYTES}`);
	if (sum > BUDGET_BYTES) {
		console.error('The console is over its budget: what was added, and is it worth it?');
		process.exit(1);
	}
}
