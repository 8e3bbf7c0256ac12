import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {startEmulator, startLoadBalancer} from '../../src/index.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

async function pipeOf(t: ExecutionContext): Promise<string> {
	const folder = await temporaryFolder(t);
	const pipe = path.join(folder, 'pipe');
	execFileSync('mkfifo', [pipe]);
	return pipe;
}

test('a configuration that is a pipe without a writer is an error', async t => {
	const pipe = await pipeOf(t);

	await t.throwsAsync(startEmulator({config: pipe}), {
		code: 'CONFIG_NOT_FOUND',
		message: `Cannot read ${pipe}: it is a pipe, and nobody writes into it`,
	});
});

test('certificates that are no files are an error each, at a reload too', async t => {
	const pipe = await pipeOf(t);
	const file = path.join(path.dirname(pipe), 'lb.json');
	await writeFile(file, JSON.stringify({backends: {app: {kind: 'echo'}}}));
	await using emulator = await startEmulator({config: file});
	await writeFile(file, JSON.stringify({certificates: {own: {cert: pipe, key: '/dev/zero'}}}));

	const error = await t.throwsAsync(emulator.reload(), {code: 'CONFIG_INVALID'});

	t.regex(error?.message ?? '', /certificates\.own\.cert: cannot read .*pipe: it is a pipe, and nobody writes into it/);
	t.regex(error?.message ?? '', /certificates\.own\.key: cannot read \/dev\/zero: it is a device, not a file/);
});

test('an access log that is a pipe without a reader is an error, at the start and at an update', async t => {
	const pipe = await pipeOf(t);
	const refused = {
		code: 'ACCESS_LOG_UNWRITABLE',
		message: `Cannot write the access log ${pipe}: it is a pipe that nobody reads, or a socket`,
	};

	await t.throwsAsync(startLoadBalancer({listeners: ['http:80'], accessLog: pipe}), refused);
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
	await t.throwsAsync(lb.update({accessLog: pipe}), refused);

	t.is((await lb.fetch('/')).status, 200);
});

test('an access log may be a pipe that somebody reads', async t => {
	const pipe = await pipeOf(t);
	const reader = spawn('cat', [pipe], {stdio: ['ignore', 'pipe', 'ignore']});
	t.teardown(() => reader.kill());
	const lb = await startedWith(pipe);
	await lb.fetch('/here');
	const heard = once(reader.stdout, 'data');

	await lb.stop();

	t.regex(String(await heard), /\/here HTTP\/1\.1"/);
});

test('a pipe whose reader has stopped reading does not hold up a stop', async t => {
	const pipe = await pipeOf(t);
	// Opens the pipe, and reads nothing.
	const reader = spawn('sh', ['-c', 'exec 3<"$0"; sleep 600', pipe], {stdio: 'ignore', detached: true});
	t.teardown(() => process.kill(-(reader.pid ?? 0), 'SIGKILL'));
	const lb = await startedWith(pipe);
	// More than a pipe holds: 64 KiB on Linux.
	const long = `/${'x'.repeat(8000)}`;
	for (let i = 0; i < 12; i++) await lb.fetch(long);

	await lb.stop();

	t.is(lb.traffic.length, 12);
});

/** The reader is there when it has opened its end: until then the log is refused. */
async function startedWith(pipe: string) {
	for (;;) {
		try {
			return await startLoadBalancer({listeners: ['http:80'], accessLog: pipe});
		} catch (error) {
			if ((error as {code?: string}).code !== 'ACCESS_LOG_UNWRITABLE') throw error;
		}
	}
}
