import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile, symlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import test from 'ava';
import {transform} from 'esbuild';
import {readConfigText} from '../src/configuration/config-file.ts';
import {runCli} from './cli/helpers/command-line.ts';
import {compiled} from './helpers/compiled.ts';
import {PATIENCE_MS} from './helpers/patience.ts';
import {temporaryFolder} from './helpers/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = await readFile(path.join(ROOT, 'README.md'), 'utf8');

const programs = blocksOf('ts');
const configurations = blocksOf('yaml');

test('the README has its examples', t => {
	t.is(programs.length, 16);
	t.is(configurations.length, 1);
});

for (const {title, code} of programs) {
	test(`README: the example under “${title}” runs without changes`, async t => {
		const folder = await temporaryFolder(t);
		await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
		await writeFile(path.join(folder, 'package.json'), '{"type": "module"}');
		const library = pathToFileURL(compiled('src/index.ts')).href;
		const assertions = pathToFileURL(compiled('src/assert.ts')).href;
		// Node 20 does not know `await using`.
		const {code: program} = await transform(code, {loader: 'ts', format: 'esm', target: 'node20'});
		const example = program
			.replaceAll('from "lb-local"', `from "${library}"`)
			.replaceAll('from "lb-local/assert"', `from "${assertions}"`)
			// A machine that runs all tests at once may take longer than the default timeout.
			.replace('=== "/slow")', `=== "/slow", ${PATIENCE_MS})`)
			.replace('=== fresh)', `=== fresh, ${PATIENCE_MS})`);
		await writeFile(path.join(folder, 'example.test.js'), example);
		const ava = [path.join(ROOT, 'node_modules/ava/entrypoints/cli.mjs'), '--config', 'ava.config.js'];
		await writeFile(path.join(folder, 'ava.config.js'), 'export default {workerThreads: false, timeout: "2m"};');

		const args = code.includes("from 'ava'") ? ava : ['example.test.js'];
		const {code: status, output} = await run(args, folder);

		t.is(status, 0, output);
		if (args === ava) t.regex(output, /1 test passed/);
	});
}

test('README: the configuration is valid without changes', async t => {
	const {config} = await readConfigText(configurations[0]?.code ?? '', 'README.md');

	t.deepEqual([...config.loadBalancers.keys()], ['web', 'shop']);
	t.deepEqual([...config.vms.keys()], ['i-0000000a', 'i-0000000b']);
});

test('README: every shown command exists, with the shown options', async t => {
	const commands = blocksOf('sh')
		.flatMap(({code}) => code.split('\n'))
		.flatMap(line => /npx lb-local (\w+)/.exec(line)?.[1] ?? []);
	const {stdout} = await runCli(['--help'], {folder: ROOT});

	t.true(commands.length >= 7);
	for (const command of commands) t.regex(stdout, new RegExp(`^  ${command}\\b`, 'm'));
});

interface Block {
	/** The heading it stands under. */
	readonly title: string;
	readonly code: string;
}

function blocksOf(language: string): Block[] {
	return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(match => ({
		title: /^#+ (.*)$/gm.exec(README.slice(README.lastIndexOf('\n#', match.index)))?.[1] ?? '',
		code: match[1] ?? '',
	}));
}

async function run(args: readonly string[], cwd: string): Promise<{code: number | null; output: string}> {
	const child = spawn(process.execPath, args, {cwd, env: {...process.env, NODE_OPTIONS: ''}});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			output += text;
		});
	}
	const [code] = await once(child, 'close');
	return {code, output};
}
