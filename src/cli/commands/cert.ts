import {displayName} from '../../base/host-name.ts';
import {shellWord} from '../../base/shell-word.ts';
import {writePair} from '../../certificates/write-pair.ts';
import {localAuthority} from '../authority.ts';
import type {CommandContext} from '../command-context.ts';
import {EXIT, usageError} from '../exit-codes.ts';
import {columns, daysUntil, printable} from '../text.ts';

export interface CertOptions {
	readonly rsa?: boolean;
	readonly pkcs1?: boolean;
	readonly out: string;
	readonly json?: boolean;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/**
 * Issues a certificate from the local authority and writes it with its key, which only its owner can read.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` with every invalid name, `FILE_UNWRITABLE`, `AUTHORITY_UNUSABLE`.
 */
export async function cert(given: readonly string[], options: CertOptions, {output}: CommandContext): Promise<number> {
	const {rsa = false, pkcs1 = false, out, json = false} = options;
	if (pkcs1 && !rsa)
		throw usageError('--pkcs1 goes with --rsa', 'PKCS#1 is a form of RSA keys; lb-local cert --rsa --pkcs1.');
	const names = given.length === 0 ? LOOPBACK_NAMES : given;
	const authority = await localAuthority(output, 'longer');
	const issued = authority.issue({names, key: rsa ? 'rsa' : 'ec', pkcs1});
	const {certFile, keyFile} = await writePair(out, issued.names[0] ?? 'certificate', issued);

	if (json) {
		const {notAfter, fingerprint256} = issued;
		output.data(
			JSON.stringify({
				cert: certFile,
				key: keyFile,
				authority: authority.file,
				names: issued.names,
				notAfter,
				fingerprint256,
			}),
		);
		return EXIT.ok;
	}
	const rows = [
		[certFile, `certificate for ${issued.names.map(shown).join(', ')}`],
		[keyFile, `its private key (${rsa ? 'RSA-2048' : 'EC P-256'}), for its owner only`],
		[authority.file, 'the authority that signed it'],
	];
	for (const line of columns(rows)) output.data(line);
	output.say(`Valid until ${issued.notAfter.toISOString().slice(0, 10)}, ${daysUntil(issued.notAfter)} days from now.`);
	output.say(`SHA-256 ${issued.fingerprint256}`);
	output.say('Clients trust it when they trust the authority:');
	output.say(`  curl --cacert ${shellWord(authority.file)} …`);
	output.say(`  NODE_EXTRA_CA_CERTS=${shellWord(authority.file)} node …`);
	return EXIT.ok;
}

/** `münchen.test (xn--mnchen-3ya.test)`: an international name as given, and as it is in the certificate. */
function shown(name: string): string {
	const given = displayName(name);
	return given === name ? name : `${printable(given)} (${name})`;
}
