import {constants, randomBytes} from 'node:crypto';
import {createSecureContext, type SecureContext} from 'node:tls';
import type {BackendVerification, PemPair, TlsSettings} from '../model/load-balancer.ts';
import type {ProbeVersions} from './probe-session.ts';

/**
 * ECDHE with AEAD only. TLS 1.3 suites are such by definition.
 *
 * @see RFC 9325 section 4.2
 */
export const DEFAULT_CIPHERS = [
	'TLS_AES_128_GCM_SHA256',
	'TLS_AES_256_GCM_SHA384',
	'TLS_CHACHA20_POLY1305_SHA256',
	'ECDHE-ECDSA-AES128-GCM-SHA256',
	'ECDHE-RSA-AES128-GCM-SHA256',
	'ECDHE-ECDSA-AES256-GCM-SHA384',
	'ECDHE-RSA-AES256-GCM-SHA384',
	'ECDHE-ECDSA-CHACHA20-POLY1305',
	'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** The cloud takes whatever the back-end offers, old ciphers and weak keys included. */
const TO_BACKENDS = {ciphers: 'DEFAULT:@SECLEVEL=0', minVersion: 'TLSv1'} as const;

/**
 * Makes and shares the TLS contexts of one emulator: one per certificate and settings, whatever the number of
 * listeners. Tickets are sealed with one key for the emulator's life, so that a session outlives a listener's restart
 * and the swap of another listener's certificate.
 */
export class SecureContexts {
	readonly #ticketKeys = randomBytes(48);
	readonly #made = new Map<string, SecureContext>();
	#toBackends: SecureContext | undefined;
	#forProbes: SecureContext | undefined;

	/** The context for clients of a listener. @throws what OpenSSL throws on a pair it refuses. */
	forClients({cert, key, chain = ''}: PemPair, {minVersion, ciphers}: TlsSettings): SecureContext {
		const id = JSON.stringify([cert, key, chain, minVersion, ciphers]);
		const made = this.#made.get(id);
		if (made !== undefined) return made;
		// OpenSSL 3 refuses TLS 1.0 and 1.1 signatures above security level 0.
		const old = minVersion === 'TLSv1' || minVersion === 'TLSv1.1';
		const context = createSecureContext({
			cert: chain === '' ? cert : `${cert.trimEnd()}\n${chain}`,
			key,
			minVersion,
			ciphers: ciphers ?? (old ? `${DEFAULT_CIPHERS}:ECDHE+AES:@SECLEVEL=0` : DEFAULT_CIPHERS),
			ticketKeys: this.#ticketKeys,
			secureOptions:
				constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
		});
		this.#made.set(id, context);
		return context;
	}

	/** The context of probes. */
	forProbes(versions: ProbeVersions): SecureContext {
		if (versions === 'all') return this.forBackends(undefined);
		this.#forProbes ??= createSecureContext({...TO_BACKENDS, maxVersion: 'TLSv1.2'});
		return this.#forProbes;
	}

	/** The context towards back-ends: everything Node speaks, and the authorities to verify against. */
	forBackends(verification: BackendVerification | undefined): SecureContext {
		if (verification !== undefined) return createSecureContext({ca: verification.ca});
		this.#toBackends ??= createSecureContext(TO_BACKENDS);
		return this.#toBackends;
	}
}
