import {randomBytes} from 'node:crypto';
import {constants} from 'node:fs';
import {open, rename, rm} from 'node:fs/promises';
import path from 'node:path';

/** Readable by its owner only. */
export const PRIVATE = 0o600;
/** Readable by everybody. */
export const PUBLIC = 0o644;

/**
 * Writes a file completely or not at all: a temporary file beside it is renamed. An existing file is replaced; of a
 * symbolic link the link itself, not its target.
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
		// A rename may reach the disk before the contents of the file.
		await handle.sync();
	} finally {
		await handle.close();
	}
}
