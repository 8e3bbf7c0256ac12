import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {cp, mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import getPort from 'get-port';
import {parse} from 'yaml';
import {compiled} from '../helpers/compiled.ts';
import {within} from '../helpers/patience.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/ci', import.meta.url));

type Environment = Readonly<Record<string, string | undefined>>;

/** A copy of the example in which lb-local is this one, and nothing is asked of a registry. */
async function project(t: ExecutionContext): Promise<{folder: string; env: Environment}> {
	const folder = await temporaryFolder(t);
	await cp(EXAMPLE, folder, {recursive: true});
	const here = path.join(folder, 'lb-local');
	await mkdir(here);
	await writeFile(
		path.join(here, 'main.js'),
		`#!/usr/bin/env node\nrequire(${JSON.stringify(compiled('src/cli/main.ts'))});\n`,
		{
			mode: 0o755,
		},
	);
	await writeFile(path.join(here, 'package.json'), '{"name": "lb-local", "version": "0.0.0", "bin": "main.js"}');
	const described = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
	described.devDependencies['lb-local'] = 'file:lb-local';
	await writeFile(path.join(folder, 'package.json'), JSON.stringify(described));
	const [control, web] = [await getPort({host: '127.0.0.1'}), await getPort({host: '127.0.0.1'})];
	const env = {
		...process.env,
		CONTROL_PORT: String(control),
		WEB_PORT: String(web),
		GITHUB_ENV: path.join(folder, 'github-env'),
		LB_LOCAL_HOME: path.join(folder, 'home'),
		LB_LOCAL_ENDPOINT: '',
		LB_LOCAL_CONFIG: '',
		NO_PROXY: '127.0.0.1',
		no_proxy: '127.0.0.1',
		NODE_TEST_CONTEXT: undefined,
		npm_config_offline: 'true',
	};
	await writeFile(env.GITHUB_ENV, '');
	t.is(await shell('npm install --package-lock-only --no-audit --no-fund', {folder, env}), '');
	return {folder, env};
}

/** @returns what went wrong. */
async function shell(script: string, {folder, env}: {folder: string; env: Environment}): Promise<string> {
	const child = spawn('bash', ['-eo', 'pipefail', '-c', script], {cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe']});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			output += text;
		});
	}
	const [code] = await within(`end of ${script}`, once(child, 'close'));
	return code === 0 ? '' : `${script}: ${code}\n${output}`;
}

interface GithubJob {
	readonly steps: readonly {readonly run?: string}[];
}

const github: {readonly jobs: Record<string, GithubJob>} = parse(
	await readFile(path.join(EXAMPLE, 'github.yml'), 'utf8'),
);

interface GitlabJob {
	readonly script: readonly string[];
	readonly after_script?: readonly string[];
}

const {default: _, ...gitlab}: Record<string, GitlabJob> = parse(
	await readFile(path.join(EXAMPLE, 'gitlab.yml'), 'utf8'),
);

test('the GitHub example has its jobs', t => {
	t.deepEqual(Object.keys(github.jobs), ['run', 'background']);
});

for (const [name, {steps}] of Object.entries(github.jobs)) {
	test(`the steps of the job "${name}" for GitHub Actions pass`, async t => {
		const {folder, env} = await project(t);
		let exported: Environment = {};
		const failures: string[] = [];

		for (const {run} of steps) {
			if (run === undefined) continue;
			failures.push(await shell(run, {folder, env: {...env, ...exported}}));
			const lines = (await readFile(path.join(folder, 'github-env'), 'utf8')).split('\n').filter(line => line !== '');
			exported = Object.fromEntries(
				lines.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
			);
		}

		t.true(failures.length >= 2);
		t.deepEqual(
			failures.filter(failure => failure !== ''),
			[],
		);
	});
}

test('the GitLab example has its jobs', t => {
	t.deepEqual(Object.keys(gitlab), ['run', 'background']);
});

for (const [name, {script, after_script: after = []}] of Object.entries(gitlab)) {
	test(`the script of the job "${name}" for GitLab passes`, async t => {
		const {folder, env} = await project(t);

		const failed = await shell(script.join('\n'), {folder, env});
		const failedAfter = await shell(after.join('\n'), {folder, env});

		t.is(failed, '');
		t.is(failedAfter, '');
	});
}
