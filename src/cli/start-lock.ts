import {createHash} from 'node:crypto';
import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {EmulatorError, hasCode, messageOf} from '../base/errors.ts';
import {defaultAuthorityDirectory} from '../certificates/authority-directory.ts';
import {isAlive} from './process-life.ts';

/** A name for the files of a directory: what it is called, and a hash of its path. */
export function nameOfDirectory(cwd: string): string {
	const hash = createHash('sha256').update(cwd).digest('hex').slice(0, 12);
	return `${path.basename(cwd).replaceAll(/[^\w.-]/g, '_')}-${hash}`;
}

/**
 * Makes sure that one process at a time starts an instance of this directory in the background.
 *
 * @returns ends that.
 * @throws EmulatorError `ALREADY_RUNNING`, `FILE_UNWRITABLE`
 */
export async function lockStart(cwd = process.cwd()): Promise<() => Promise<void>> {
	const file = path.join(defaultAuthorityDirectory(), 'run', `${nameOfDirectory(cwd)}.starting`);
	for (;;) {
		try {
			await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
			await writeFile(file, String(process.pid), {flag: 'wx', mode: 0o600});
			return () => rm(file, {force: true});
		} catch (error) {
			if (!hasCode(error, 'EEXIST')) throw unwritable(file, error);
		}
		const holder = Number(await readFile(file, 'utf8').catch(() => ''));
		if (holder > 0 && isAlive(holder))
			throw alreadyRunning(`Process ${holder} is starting an instance in this directory`);
		// It was killed while it started one.
		await rm(file, {force: true});
	}
}

export function alreadyRunning(message: string): EmulatorError<'ALREADY_RUNNING'> {
	return new EmulatorError('ALREADY_RUNNING', message, {
		hint: '`lb-local stop` stops it; one directory has one instance in the background.',
	});
}

export function unwritable(file: string, cause: unknown): EmulatorError<'FILE_UNWRITABLE'> {
	return new EmulatorError('FILE_UNWRITABLE', `Cannot write ${file}: ${messageOf(cause)}`, {
		hint: 'Set LB_LOCAL_HOME to a directory that you may write to.',
		cause,
	});
}
