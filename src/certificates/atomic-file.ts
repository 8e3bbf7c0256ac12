import {randomBytes} from 'node:crypto';
import {constants} from 'node:fs';
import {open, rename, rm} from 'node:fs/promises';
import path from 'node:path';

/** What only its owner may read. */
export const PRIVATE = 0o600;
/** What everybody may read. */
export const PUBLIC = 0o644;

/**
 * Writes a file whole or not at all: beside its place first, then renamed into it. Whatever stood there is replaced, a
 * symbolic link included, whose target stays untouched.
 *
 * @throws the system's error, with nothing left behind.
 */
export async function writeAtomically(file: string, text: string, mode: number): Promise<void> {
	const draft = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
	try {
		await writeNew(draft, text, mode);
		await rename(draft, file);
	} catch (error) {
		await rm(draft, {force: true});
		throw error;
	}
}

/** Writes a file that must not exist yet, not even as a symbolic link. */
export async function writeNew(file: string, text: string, mode: number): Promise<void> {
	const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
	try {
		await handle.writeFile(text);
		// A rename may reach the disk before what it renames.
		await handle.sync();
	} finally {
		await handle.close();
	}
}
