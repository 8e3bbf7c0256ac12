import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {once} from 'node:events';
import test from 'ava';
import {compiled} from '../helpers/compiled.ts';
import {within} from '../helpers/patience.ts';

/** Runs a file as node:test's own runner does, or as a program. */
function start(t: {teardown(task: () => void): void}, file: string, env: NodeJS.ProcessEnv) {
	const child = spawn(process.execPath, [compiled(file)], {env: {...process.env, NODE_OPTIONS: '', ...env}});
	t.teardown(() => child.kill('SIGKILL'));
	return child;
}

async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
	let told = '';
	for await (const text of child.stderr.setEncoding('utf8')) {
		told += text;
		if (told.includes('\n')) break;
	}
	return told;
}

test('under node:test a load balancer that nobody stops is told in one line, with its place', async t => {
	const child = start(t, 'test/helpers/forgotten.ts', {NODE_TEST_CONTEXT: 'child'});

	const line = await within('line about what is open', firstLine(child));

	t.regex(
		line,
		/^lb-local: load balancer "web", started at file:.*forgotten\.js:\d+, is still open, and keeps this process from ending: await its stop\(\), or declare it with "await using"\n$/,
	);
	t.is(child.exitCode, null);
});

test('one that is stopped is not told of, and the process ends by itself', async t => {
	const child = start(t, 'test/helpers/start-and-stop.ts', {NODE_TEST_CONTEXT: 'child'});
	let told = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		told += text;
	});
	child.stdout.resume();

	const [code] = await within('end of the process', once(child, 'close'));

	t.is(code, 0);
	t.is(told, '');
});
