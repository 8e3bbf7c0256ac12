import {mkdir, readdir, rm} from 'node:fs/promises';
import path from 'node:path';
import {EmulatorError, messageOf} from '../base/errors.ts';
import {readInput} from '../base/read-file.ts';
import {defaultAuthorityDirectory} from '../certificates/authority-directory.ts';
import {isAlive} from './process-life.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The file by which other commands on this machine find a running instance. */
export interface RunFile {
	/** The endpoint of its control port: `http://127.0.0.1:8089`. */
	readonly endpoint: string;
	readonly pid: number;
	/** The directory it was started in. */
	readonly cwd: string;
	/** Its configuration file, if it has one. */
	readonly config?: string;
}

/**
 * Writes `run/<pid>.json` beside the local authority.
 *
 * @returns a function that removes it, to be called when the control port closes; it never rejects.
 * @throws EmulatorError `FILE_UNWRITABLE`. The instance can run without the file; it is only harder to find.
 */
export async function writeRunFile(
	{endpoint, config}: {readonly endpoint: string; readonly config?: string | undefined},
	env: Environment = process.env,
): Promise<() => Promise<void>> {
	const folder = runFolder(env);
	const file = path.join(folder, `${process.pid}.json`);
	const content: RunFile = {
		endpoint,
		pid: process.pid,
		cwd: process.cwd(),
		...(config === undefined ? {} : {config: path.resolve(config)}),
	};
	try {
		// Who only reads does not need it, and `lb-local ready` is to start fast.
		const {PRIVATE, writeAtomically} = await import('../certificates/atomic-file.ts');
		await mkdir(folder, {recursive: true, mode: 0o700});
		await writeAtomically(file, `${JSON.stringify(content)}\n`, PRIVATE);
	} catch (error) {
		throw new EmulatorError('FILE_UNWRITABLE', `Cannot write ${file}: ${messageOf(error)}`, {
			hint: 'Others find this one with --endpoint or LB_LOCAL_ENDPOINT; LB_LOCAL_HOME chooses another directory.',
			cause: error,
		});
	}
	return () => removeQuietly(file);
}

/**
 * The running instances of this user on this machine, by process id. Files of processes that have ended are removed.
 *
 * @returns an empty list when nothing can be read. Never rejects.
 */
export async function readRunFiles(env: Environment = process.env): Promise<RunFile[]> {
	const folder = runFolder(env);
	const names = await readdir(folder).catch((): string[] => []);
	const read = await Promise.all(
		names.map(async name => {
			const pid = Number(/^([1-9]\d*)\.json$/.exec(name)?.[1]);
			if (!Number.isSafeInteger(pid)) return undefined;
			const file = path.join(folder, name);
			if (!isAlive(pid)) return removeQuietly(file);
			const found = jsonIn(await textOf(file));
			return isRunFile(found) && found.pid === pid ? found : undefined;
		}),
	);
	return read.filter(found => found !== undefined).sort((one, other) => one.pid - other.pid);
}

/** By hand: a library for this would take a good part of the start of `lb-local ready`. */
function isRunFile(value: unknown): value is RunFile {
	if (typeof value !== 'object' || value === null) return false;
	const isText = (key: string): boolean => key in value && typeof value[key as keyof typeof value] === 'string';
	const hasConfig = !('config' in value) || isText('config');
	return 'pid' in value && typeof value.pid === 'number' && isText('endpoint') && isText('cwd') && hasConfig;
}

function runFolder(env: Environment): string {
	return path.join(defaultAuthorityDirectory(env), 'run');
}

async function textOf(file: string): Promise<string> {
	const read = await readInput(file);
	return 'bytes' in read ? read.bytes.toString() : '';
}

function jsonIn(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// Incomplete, or not ours: ignored.
		return undefined;
	}
}

/** If it stays, it is stale, and detected as such. */
async function removeQuietly(file: string): Promise<undefined> {
	await rm(file, {force: true}).catch(() => {});
}
