import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {access, readFile} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import test from 'ava';
import {startCommandBackend} from '../../src/fake-backends/command-backend.ts';
import {compiled} from '../helpers/compiled.ts';
import {gatedCommand} from '../helpers/gated-command.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const PARENT = compiled('test/helpers/parent-of-a-command.ts');

/** A command, its child, and a process that left its group end with their parent, and its folder is removed. */
const endsWithItsParent = test.macro({
	exec: async (t, how: string) => {
		const parent = spawn(process.execPath, [PARENT, how], {
			// A group of its own, because a terminal sends signals to a whole group.
			detached: true,
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		const group = -(parent.pid ?? 0);
		t.teardown(() => parent.exitCode ?? parent.signalCode ?? process.kill(group, 'SIGKILL'));
		const [line] = await once(parent.stdout, 'data');
		const {pids, file} = JSON.parse(String(line)) as {readonly pids: readonly number[]; readonly file: string};
		t.is(pids.length, 3);

		if (how.startsWith('SIG')) process.kill(how === 'SIGKILL' ? -group : group, how);

		for (const pid of pids) while (await runs(pid)) await wait(5);
		while (await isThere(path.dirname(file))) await wait(5);
		t.pass('else it would wait for ever');
	},
	title: (_, how) => `a command, what it started and temporary folders end with their parent: ${how}`,
});

for (const how of ['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP', 'process.exit()', 'worker.terminate()']) {
	test(endsWithItsParent, how);
}

test('a stop cancels the start of a command that never listens', async t => {
	const command = await gatedCommand(t);
	const callOff = new AbortController();
	const starting = startCommandBackend({name: 'api', run: command.run, signal: callOff.signal});
	await command.reached;

	callOff.abort();

	await t.throwsAsync(starting, {
		code: 'STOPPED',
		message: /^The command of back-end "api" was stopped before it listened on 127\.0\.0\.1:\d+$/,
	});
	await command.gone;
});

test('a stop cancels a second start as well', async t => {
	const serve = `require('http').createServer((_, r) => r.end()).listen(process.env.PORT, '127.0.0.1')`;
	const once = `[ -e "$MARK" ] && exec sleep 600; touch "$MARK"; exec "${process.execPath}" -e "${serve}"`;
	const folder = await temporaryFolder(t);
	const mark = path.join(folder, 'mark');
	const backend = await startCommandBackend({name: 'api', run: once, env: {MARK: mark}});
	await backend.stop();

	const starting = t.throwsAsync(backend.start(), {code: 'STOPPED'});
	await backend.stop();

	await starting;
	t.false(backend.running);
});

test('what a command started in another process group ends at the stop', async t => {
	const stray = `require('child_process').spawn('sleep', ['600'], {detached: true, stdio: 'ignore'}).pid`;
	const serve = `require('http').createServer((_, r) => r.end()).listen(process.env.PORT, '127.0.0.1')`;
	const backend = await startCommandBackend({
		name: 'api',
		run: `exec "${process.execPath}" -e "console.log(${stray}); ${serve}"`,
	});
	while (backend.output.length === 0) await wait(5);
	const pid = Number(backend.output[0]);
	t.true(await runs(pid));

	await backend.stop();

	while (await runs(pid)) await wait(5);
	t.pass('else it would wait for ever');
});

async function isThere(file: string): Promise<boolean> {
	return access(file).then(
		() => true,
		() => false,
	);
}

/** In a container nobody may reap orphans, so a killed one may stay visible as a zombie. */
async function runs(pid: number): Promise<boolean> {
	if (process.platform === 'linux') {
		const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ' Z ');
		return !/\) Z |^ Z /.test(stat);
	}
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}
