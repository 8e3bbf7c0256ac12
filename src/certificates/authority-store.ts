import {randomBytes, X509Certificate} from 'node:crypto';
import {mkdir, rename, rm} from 'node:fs/promises';
import path from 'node:path';
import {codeOf, EmulatorError, hasCode, messageOf} from '../base/errors.ts';
import {readInput} from '../base/read-file.ts';
import {wallMs} from '../base/timers.ts';
import {PRIVATE, PUBLIC, writeNew} from './atomic-file.ts';
import {type Authority, createAuthority, readAuthority} from './authority.ts';

/** The authority of this user, stored so that clients need to trust it only once. */
export type StoredAuthority = Authority & {
	/** Path of its certificate (PEM), for `curl --cacert`, `NODE_EXTRA_CA_CERTS` and the system's trust store. */
	readonly file: string;
};

/**
 * Both files are in one directory that is renamed into place complete, so that the files of two processes cannot be
 * mixed.
 */
const FOLDER = 'authority';
const CERTIFICATE = 'authority.pem';
const KEY = 'authority.key';

/**
 * The authority in `directory`, created on first use: `authority/authority.pem` and `authority/authority.key`, the
 * folder with mode 0700 and the key 0600. When several processes start at once, one creates it and all use the same.
 *
 * @throws EmulatorError `AUTHORITY_UNUSABLE` when the stored authority is incomplete, damaged, mismatched or expired.
 * It is never replaced automatically, because clients may trust it. `FILE_UNWRITABLE` when it cannot be stored.
 */
export async function openAuthority(directory: string): Promise<StoredAuthority> {
	const folder = path.resolve(directory, FOLDER);
	return (await readStored(folder)) ?? (await makeStored(folder));
}

/**
 * The authority that is stored in `directory`, if there is one.
 *
 * @throws EmulatorError `AUTHORITY_UNUSABLE`
 */
export function storedAuthority(directory: string): Promise<StoredAuthority | undefined> {
	return readStored(path.resolve(directory, FOLDER));
}

async function readStored(folder: string): Promise<StoredAuthority | undefined> {
	const file = path.join(folder, CERTIFICATE);
	const keyFile = path.join(folder, KEY);
	const early = await readIfPresent(keyFile);
	const cert = await readIfPresent(file);
	// The folder may have appeared between the two reads.
	const key = early ?? (cert === undefined ? undefined : await readIfPresent(keyFile));
	if (cert === undefined && key === undefined) return undefined;
	if (cert === undefined || key === undefined) {
		throw unusable(folder, `${cert === undefined ? file : keyFile} is missing`);
	}
	const read = readAuthority({cert, key});
	if ('reason' in read) throw unusable(folder, read.reason);
	const {authority} = read;
	const ends = new Date(new X509Certificate(authority.pem).validTo);
	if (ends.getTime() <= wallMs()) throw unusable(folder, `${file} expired on ${ends.toISOString().slice(0, 10)}`);
	return Object.assign(authority, {file});
}

async function readIfPresent(file: string): Promise<string | undefined> {
	const read = await readInput(file);
	if ('bytes' in read) return read.bytes.toString();
	const {reason, cause} = read.unreadable;
	if (hasCode(cause, 'ENOENT')) return undefined;
	throw new EmulatorError('AUTHORITY_UNUSABLE', `Cannot read the local authority's ${file}: ${reason}`, {
		hint: 'Allow your user to read it, or set LB_LOCAL_HOME to another directory.',
		cause,
	});
}

async function makeStored(folder: string): Promise<StoredAuthority> {
	const authority = createAuthority();
	const draft = `${folder}.${randomBytes(6).toString('hex')}.tmp`;
	try {
		await mkdir(path.dirname(folder), {recursive: true, mode: 0o700});
		await mkdir(draft, {mode: 0o700});
		await writeNew(path.join(draft, KEY), authority.keyPem, PRIVATE);
		await writeNew(path.join(draft, CERTIFICATE), authority.pem, PUBLIC);
		await renameUnlessPresent(draft, folder);
	} catch (error) {
		throw new EmulatorError('FILE_UNWRITABLE', `Cannot store the local authority in ${folder}: ${messageOf(error)}`, {
			hint: 'Set LB_LOCAL_HOME to a directory that you may write to.',
			cause: error,
		});
	} finally {
		await rm(draft, {recursive: true, force: true});
	}
	// Read it back: another process may have been first.
	const stored = await readStored(folder);
	if (stored === undefined) throw unusable(folder, 'it was removed as soon as it had been written');
	return stored;
}

/** A directory cannot be renamed onto one that has files, so the first of several processes wins. */
async function renameUnlessPresent(from: string, to: string): Promise<void> {
	try {
		await rename(from, to);
	} catch (error) {
		// POSIX says ENOTEMPTY or EEXIST, Windows EPERM or EACCES; whether the other authority is complete is checked when
		// it is read.
		const lost = ['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'].includes(codeOf(error) ?? '');
		if (!lost || (await readIfPresent(path.join(to, KEY))) === undefined) throw error;
	}
}

function unusable(folder: string, what: string): EmulatorError<'AUTHORITY_UNUSABLE'> {
	return new EmulatorError('AUTHORITY_UNUSABLE', `The local authority in ${folder} cannot be used: ${what}`, {
		hint: `Restore it, or remove ${folder} so that a new one is made; whoever trusted the old one must then trust the new one.`,
	});
}
