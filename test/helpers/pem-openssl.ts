import {execFile} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {promisify} from 'node:util';
import type {ExecutionContext} from 'ava';
import {temporaryFolder} from './temporary-folder.ts';

const run = promisify(execFile);

/** Runs `openssl` over files made of the given texts, named in the arguments by their keys. Undefined, and said so, where it is not installed. */
export async function openssl(
	t: ExecutionContext,
	args: readonly string[],
	files: Readonly<Record<string, string>>,
): Promise<string | undefined> {
	const directory = await temporaryFolder(t);
	for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), text, {mode: 0o600});
	try {
		const {stdout} = await run('openssl', [...args], {cwd: directory});
		return stdout;
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
			t.log('openssl is not installed: its part of this test is skipped');
			return undefined;
		}
		throw error;
	}
}
