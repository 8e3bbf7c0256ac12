import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {watchFolder} from '../base/parent-watcher.ts';
import {readInput} from '../base/read-file.ts';
import type {Authority} from '../certificates/authority.ts';
import {defaultAuthorityDirectory} from '../certificates/authority-directory.ts';
import {filesIn, REPLACING_TRUST, trustVariables} from './command-environment.ts';

/**
 * Where systems keep the authorities that they trust, as one file: Go 1.24, crypto/x509/root_linux.go, root_bsd.go;
 * the first that is there counts.
 */
const SYSTEM_FILES = [
	'/etc/ssl/certs/ca-certificates.crt',
	'/etc/pki/tls/certs/ca-bundle.crt',
	'/etc/ssl/ca-bundle.pem',
	'/etc/pki/tls/cacert.pem',
	'/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
	'/etc/ssl/cert.pem',
];

/** Far more than any of them: 200 KiB. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The authority of one run, and the files by which a command trusts it. */
export interface RunTrust {
	readonly authority: Authority & {readonly file: string};
	/** Environment variables for the command. */
	readonly variables: Readonly<Record<string, string>>;
	/** Removes the files. */
	remove(): Promise<void>;
}

/**
 * The stored authority of this user, if there is one, which clients may trust already; otherwise one for this run alone,
 * because `run` leaves nothing behind.
 *
 * @throws EmulatorError `AUTHORITY_UNUSABLE`
 */
export async function openRunTrust(env: Readonly<Record<string, string | undefined>> = process.env): Promise<RunTrust> {
	const {storedAuthority} = await import('../certificates/authority-store.ts');
	const {createAuthority} = await import('../certificates/authority.ts');
	const stored = await storedAuthority(defaultAuthorityDirectory(env));
	const folder = await mkdtemp(path.join(tmpdir(), 'lb-local-'));
	// Whatever ends this process.
	const watched = watchFolder(folder);
	const remove = async (): Promise<void> => {
		await rm(folder, {recursive: true, force: true});
		await watched.release();
	};
	try {
		const [file, added, all] = ['authority.pem', 'added.pem', 'all.pem'].map(name => path.join(folder, name));
		const authority = stored ?? Object.assign(createAuthority(), {file: String(file)});
		const before = await textsOf(filesIn(env, ['NODE_EXTRA_CA_CERTS']));
		const others = [...(await textsOf(filesIn(env, REPLACING_TRUST))), await systemAuthorities()];
		await Promise.all([
			writeFile(String(file), authority.pem),
			writeFile(String(added), joined([...before, authority.pem])),
			writeFile(String(all), joined([...others, authority.pem])),
		]);
		return {authority, variables: trustVariables({added: String(added), all: String(all)}), remove};
	} catch (error) {
		await remove();
		throw error;
	}
}

async function systemAuthorities(): Promise<string> {
	for (const file of SYSTEM_FILES) {
		const [text] = await textsOf([file]);
		if (text !== undefined) return text;
	}
	// A small image has none: those that Node carries are Mozilla's.
	const {rootCertificates} = await import('node:tls');
	return rootCertificates.join('\n');
}

/** What cannot be read is left out: it would have been of no use to the command either. */
async function textsOf(files: readonly string[]): Promise<string[]> {
	const read = await Promise.all(files.map(file => readInput(file, MAX_BYTES)));
	return read.flatMap(each => ('bytes' in each ? each.bytes.toString() : []));
}

function joined(texts: readonly string[]): string {
	return texts.map(text => (text.endsWith('\n') ? text : `${text}\n`)).join('');
}
