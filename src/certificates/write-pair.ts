import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {EmulatorError, messageOf} from '../base/errors.ts';
import type {PemPair} from '../model/resolved.ts';
import {PRIVATE, PUBLIC, writeAtomically} from './atomic-file.ts';

/** Where a certificate and its key were written. */
export interface WrittenPair {
	/** The leaf, followed by its chain. */
	readonly certFile: string;
	/** Readable by its owner alone. */
	readonly keyFile: string;
}

/**
 * Writes a certificate as `<baseName>.crt` (leaf and chain) and `<baseName>.key` (mode 0600) into a directory, which is
 * made when it is missing. Existing files are replaced; a symbolic link in their place is replaced, not followed.
 *
 * @param baseName a certificate's name will do: it is made safe with `safeBaseName`.
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

/** A file name out of a certificate's name: `*.web.test` is `_wildcard.web.test`, as mkcert has it, and `::1` is `__1`. */
export function safeBaseName(name: string): string {
	const safe = name
		.replaceAll('*', '_wildcard')
		.replaceAll(/[^A-Za-z0-9._+=,@-]/g, '_')
		.slice(0, 200);
	// A leading dot hides the file or climbs out of the directory, a leading hyphen is an option to every tool, and
	// Windows keeps device names to itself, whatever follows their dot.
	return /^(?:[.-]|$)|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(safe) ? `_${safe}` : safe;
}

function withFinalNewline(text: string): string {
	return text.endsWith('\n') ? text : `${text}\n`;
}
