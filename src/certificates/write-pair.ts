import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {EmulatorError, messageOf} from '../base/errors.ts';
import type {PemPair} from '../model/resolved.ts';
import {PRIVATE, PUBLIC, writeAtomically} from './atomic-file.ts';

/** Where a certificate and its key were written. */
export interface WrittenPair {
	/** The leaf, followed by its chain. */
	readonly certFile: string;
	/** Readable by its owner only. */
	readonly keyFile: string;
}

/**
 * Writes a certificate as `<baseName>.crt` (leaf and chain) and `<baseName>.key` (mode 0600) into a directory, which is
 * created if it is missing. Existing files are replaced; a symbolic link is replaced, not followed.
 *
 * @param baseName may be a certificate's name: `safeBaseName` makes it safe.
 * @throws EmulatorError `FILE_UNWRITABLE` with the path.
 */
export async function writePair(directory: string, baseName: string, pair: PemPair): Promise<WrittenPair> {
	const base = path.join(directory, safeBaseName(baseName));
	const [certFile, keyFile] = [`${base}.crt`, `${base}.key`];
	try {
		await mkdir(directory, {recursive: true});
		await writeAtomically(keyFile, pair.key, PRIVATE);
		await writeAtomically(certFile, withFinalNewline(pair.cert) + (pair.chain ?? ''), PUBLIC);
	} catch (error) {
		throw new EmulatorError(
			'FILE_UNWRITABLE',
			`Cannot write the certificate to ${base}.crt and .key: ${messageOf(error)}`,
			{
				hint: 'Choose a directory that you may write to.',
				cause: error,
			},
		);
	}
	return {certFile, keyFile};
}

/**
 * A file name from a certificate's name: `*.web.test` gives `_wildcard.web.test`, as in mkcert, and `::1` gives `__1`.
 */
export function safeBaseName(name: string): string {
	const safe = name
		.replaceAll('*', '_wildcard')
		.replaceAll(/[^A-Za-z0-9._+=,@-]/g, '_')
		.slice(0, 200);
	// A leading dot hides the file or leads out of the directory, a leading hyphen looks like an option, and Windows
	// reserves device names with any extension.
	return /^(?:[.-]|$)|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(safe) ? `_${safe}` : safe;
}

function withFinalNewline(text: string): string {
	return text.endsWith('\n') ? text : `${text}\n`;
}
