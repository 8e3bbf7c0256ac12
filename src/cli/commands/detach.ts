import {type ChildProcess, spawn} from 'node:child_process';
import {constants} from 'node:fs';
import {type FileHandle, mkdir, open, readFile, rm} from 'node:fs/promises';
import path from 'node:path';
import {defaultAuthorityDirectory} from '../../certificates/authority-directory.ts';
import {readUpTarget} from '../arguments.ts';
import type {CommandContext} from '../command-context.ts';
import {ControlClient} from '../control-client.ts';
import {withDetachedLog} from '../detached-log.ts';
import type {ReadyMessage} from '../detached-start.ts';
import {EXIT} from '../exit-codes.ts';
import {readRunFiles} from '../run-file.ts';
import {alreadyRunning, lockStart, nameOfDirectory, unwritable} from '../start-lock.ts';
import type {UpOptions} from './up.ts';

/**
 * Starts `up` in the background, and returns when it is ready.
 *
 * @returns the exit code of one that could not start, whose output is shown then.
 * @throws EmulatorError `USAGE`, `ALREADY_RUNNING` when this directory has an instance, `FILE_UNWRITABLE`
 */
export async function detach(targets: readonly string[], options: UpOptions, context: CommandContext): Promise<number> {
	readUpTarget(targets, options);
	const unlock = await lockStart();
	try {
		await refuseSecond();
		return await start(options, context);
	} finally {
		await unlock();
	}
}

async function refuseSecond(): Promise<void> {
	for (const {endpoint, pid, cwd} of await readRunFiles()) {
		if (cwd !== process.cwd()) continue;
		const live = await new ControlClient(endpoint).get('/_lb/live').catch(() => undefined);
		// The file may be of one that was killed, and its port another one's by now.
		if (typeof live !== 'object' || live === null || !('pid' in live) || live.pid !== pid) continue;
		throw alreadyRunning(`An instance of this directory is running: process ${pid}, whose control port is ${endpoint}`);
	}
}

async function start({json = false}: UpOptions, {output, interruption}: CommandContext): Promise<number> {
	const file = path.join(defaultAuthorityDirectory(), 'log', `${nameOfDirectory(process.cwd())}.log`);
	const log = await openLog(file);
	const child = startSame(log, file);
	await log.close();
	let isInterrupted = false;
	const endPassing = interruption.passTo(() => {
		isInterrupted = true;
		child.kill();
	});
	const end = await endOfStart(child);
	endPassing();
	if ('endpoint' in end) {
		const {pid} = child;
		const {endpoint} = end;
		const sentence = `started process ${pid}, whose control port is ${endpoint}; its output goes to ${file}`;
		output.data(json ? JSON.stringify({endpoint, pid, log: file}) : sentence);
		return EXIT.ok;
	}
	const said = await readFile(file, 'utf8').catch(() => '');
	for (const line of said.trimEnd().split('\n')) if (line !== '') output.say(line);
	await rm(file, {force: true});
	return isInterrupted ? EXIT.interrupted : end.code;
}

/** An empty log, for this user alone: it has the targets of requests. */
async function openLog(file: string): Promise<FileHandle> {
	try {
		await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
		const {O_APPEND, O_CREAT, O_TRUNC, O_WRONLY} = constants;
		const log = await open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600);
		await log.chmod(0o600);
		return log;
	} catch (error) {
		throw unwritable(file, error);
	}
}

/** This command line once more, without `--detach`, in a session of its own. */
function startSame(log: FileHandle, file: string): ChildProcess {
	const [, script = '', ...args] = process.argv;
	const same = args.filter(arg => arg !== '--detach');
	return spawn(process.execPath, [...process.execArgv, script, ...same], {
		detached: true,
		stdio: ['ignore', log.fd, log.fd, 'ipc'],
		env: withDetachedLog(process.env, file),
	});
}

function endOfStart(child: ChildProcess): Promise<ReadyMessage | {readonly code: number}> {
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', code => resolve({code: code ?? EXIT.failed}));
		child.once('message', message => {
			child.disconnect();
			child.unref();
			// `up` sends nothing else.
			resolve(message as ReadyMessage);
		});
	});
}
