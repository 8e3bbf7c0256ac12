import {createSecureContext} from 'node:tls';
import {formatPath, messageOf, type Violation} from '../base/errors.ts';
import {bestKeyFor, openSslCiphers, versionsWith} from '../codec/cipher-list.ts';
import type {UsableCertificate} from '../model/account.ts';
import type {AccountListener} from '../model/account-load-balancer.ts';
import type {NormalisedConfig} from '../model/normalised.ts';
import type {TlsSettings} from '../model/resolved.ts';

/**
 * Why a listener with these settings cannot show a certificate; undefined when it can. Every TLS version that the
 * settings promise must have a cipher that goes with the certificate's key, or clients of that version would be refused
 * one by one.
 */
export function refusalOf(
	{pair, facts: {keyType}}: Pick<UsableCertificate, 'pair' | 'facts'>,
	tls: TlsSettings,
): Pick<Violation, 'message' | 'hint'> | undefined {
	return refusalOfKeyType(keyType, tls) ?? refusalOfOpenSsl(pair, tls);
}

/**
 * What listeners that run cannot show; paths start at `listeners`.
 *
 * @param toShow what each is to show; undefined where there is nothing to validate.
 */
export function violationsOfListeners(
	listeners: readonly AccountListener[],
	toShow: (listener: AccountListener) => UsableCertificate | undefined,
): Violation[] {
	return listeners.flatMap((listener, index) => {
		const certificate = toShow(listener);
		const refusal = certificate && refusalOf(certificate, listener.tls);
		return refusal === undefined ? [] : [{path: ['listeners', index, 'certificate'], ...refusal}];
	});
}

/**
 * What the listeners of a configuration cannot show.
 *
 * @param loaded its certificates that were read; of others their description says enough.
 * @param reported paths of what is wrong already: ciphers that are no cipher list go with no certificate.
 */
export function violationsOfServing(
	{certificates, loadBalancers}: Pick<NormalisedConfig, 'certificates' | 'loadBalancers'>,
	loaded: ReadonlyMap<string, UsableCertificate>,
	reported: ReadonlySet<string>,
): Violation[] {
	return [...loadBalancers].flatMap(([name, {listeners}]) =>
		listeners.flatMap(({certificate, tls}, index) => {
			const listener = ['loadBalancers', name, 'listeners', index];
			if (certificate?.kind !== 'named' || reported.has(formatPath([...listener, 'tls', 'ciphers']))) return [];
			const usable = loaded.get(certificate.name);
			const described = certificates.get(certificate.name);
			let refusal: ReturnType<typeof refusalOf>;
			if (usable !== undefined) refusal = refusalOf(usable, tls);
			else if (described?.kind === 'issue') refusal = refusalOfKeyType(described.key, tls);
			return refusal === undefined ? [] : [{path: [...listener, 'certificate'], ...refusal}];
		}),
	);
}

/** As {@link refusalOf}, of a certificate that is not there yet. */
function refusalOfKeyType(keyType: string, tls: TlsSettings): Pick<Violation, 'message' | 'hint'> | undefined {
	const {key, versions} = bestKeyFor(tls);
	const served = new Set(versionsWith(keyType, tls));
	const missing = versions.filter(version => !served.has(version));
	if (missing.length === 0) return undefined;
	const message = `no cipher of this listener goes with its ${keyType.toUpperCase()} key in ${missing.join(', ')}`;
	return {message, hint: `use a certificate with an ${key.toUpperCase()} key, or other tls.ciphers or tls.minVersion`};
}

/** OpenSSL measures keys and signatures by the security level of the cipher list. */
function refusalOfOpenSsl(
	{cert, key, chain = ''}: UsableCertificate['pair'],
	tls: TlsSettings,
): Pick<Violation, 'message' | 'hint'> | undefined {
	if (tls.ciphers === undefined) return undefined;
	try {
		createSecureContext({
			cert: `${cert.trimEnd()}\n${chain}`,
			key,
			ciphers: openSslCiphers(tls),
			minVersion: tls.minVersion,
		});
		return undefined;
	} catch (error) {
		const reason = messageOf(error).split('::').at(-1);
		return {
			message: `OpenSSL ${process.versions.openssl} refuses it with these tls.ciphers: ${reason}`,
			hint: undefined,
		};
	}
}
