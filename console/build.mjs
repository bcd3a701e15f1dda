// build.mjs - node build.mjs OUTDIR: the page, and what of it is loaded only when it is looked at.
//
// Names are stable or come from the content. Fails when what the first page loads, or any one page
// after it, is over its budget, so that the console stays small by test.
import { build } from 'esbuild';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** Gzipped: before anything can be seen; and what one page adds to it. */
export const FIRST_BUDGET_BYTES = 60 * 1024;
export const PART_BUDGET_BYTES = 30 * 1024;
const STATIC = ['index.html', 'icon.svg'];
const here = dirname(fileURLToPath(import.meta.url));

/** A file and all that it imports at once. */
function closure(outputs, name, seen = new Set()) {
	if (!seen.has(name)) {
		seen.add(name);
		for (const { path, kind } of outputs[name]?.imports ?? []) {
			if (kind === 'import-statement') {
				closure(outputs, path, seen);
			}
		}
	}
	return seen;
}

async function gzipped(outdir, names) {
	let sum = 0;
	for (const name of names) {
		sum += gzipSync(await readFile(join(outdir, name)), { level: 9 }).length;
	}
	return sum;
}

/** Builds, and says what weighs what: { first, parts: [[name, bytes]] }, gzipped. */
export async function buildConsole(outdir) {
	await rm(outdir, { recursive: true, force: true });
	await mkdir(outdir, { recursive: true });
	const { metafile } = await build({
		absWorkingDir: here,
		entryPoints: { app: 'src/main.tsx' },
		outdir: resolve(outdir),
		bundle: true,
		splitting: true,
		chunkNames: '[name]-[hash]',
		minify: true,
		format: 'esm',
		target: 'es2022',
		jsx: 'automatic',
		jsxImportSource: 'preact',
		charset: 'utf8',
		legalComments: 'none',
		logLevel: 'warning',
		metafile: true,
	});
	for (const name of STATIC) {
		await copyFile(join(here, 'src', name), join(outdir, name));
	}
	const base = (path) => path.slice(path.lastIndexOf('/') + 1);
	const outputs = Object.fromEntries(Object.entries(metafile.outputs).map(([path, output]) => [
		base(path), { ...output, imports: output.imports.map((each) => ({ ...each, path: base(each.path) })) },
	]));
	const first = closure(outputs, 'app.js');
	const lazy = Object.entries(outputs).filter(([name, output]) => output.entryPoint && name.endsWith('.js') && name !== 'app.js');
	const parts = [];
	for (const [name] of lazy) {
		parts.push([name, await gzipped(outdir, [...closure(outputs, name)].filter((each) => !first.has(each)))]);
	}
	return { first: await gzipped(outdir, [...STATIC, 'app.css', ...first]), parts };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
	const outdir = process.argv[2];
	if (!outdir) {
		console.error('usage: node build.mjs OUTDIR');
		process.exit(2);
	}
	const { first, parts } = await buildConsole(resolve(outdir));
	const over = parts.filter(([, bytes]) => bytes > PART_BUDGET_BYTES);
	console.log(`first page: ${first} bytes gzipped of ${FIRST_BUDGET_BYTES}`);
	for (const [name, bytes] of parts) {
		console.log(`${name}: ${bytes} of ${PART_BUDGET_BYTES}`);
	}
	if (first > FIRST_BUDGET_BYTES || over.length > 0) {
		console.error('The console is over its budget: what was added, and is it worth it?');
		process.exit(1);
	}
}
