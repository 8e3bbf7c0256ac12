import {constants, createHash, randomBytes} from 'node:crypto';
import {createSecureContext, type SecureContext} from 'node:tls';
import {createServerContext, ticketKeysFor} from '../../certificates/session-tickets.ts';
import {openSslCiphers} from '../../codec/cipher-list.ts';
import {optionsOf} from '../../codec/negotiation.ts';
import type {BackendVerification, PemPair, TlsSettings} from '../../model/resolved.ts';
import type {Negotiation} from '../../model/security-policies.ts';

/**
 * A client that asks for renegotiation is answered `no_renegotiation`, and decides what follows. Node's own
 * `disableRenegotiation()` comes before that, and cuts the connection without an alert.
 */
const {SSL_OP_NO_RENEGOTIATION} = constants;

/** The cloud takes whatever the back-end offers, old ciphers and weak keys included. */
const TO_BACKENDS = {
	ciphers: 'DEFAULT:@SECLEVEL=0',
	minVersion: 'TLSv1',
	secureOptions: SSL_OP_NO_RENEGOTIATION,
} as const;

/**
 * What a probe offers. TLS 1.2 is as far as Classic ELB goes, and resuming it costs no key exchange, which in TLS 1.3 is
 * half of a probe; a back-end that speaks 1.3 alone is recognised, once, by a handshake that fails.
 */
export type ProbeVersions = 'up-to-1.2' | 'all';

/** A context on loan. The borrower gives it back, once, when no handshake is to begin with it any more. */
export interface LentContext {
	readonly secureContext: SecureContext;
	giveBack(): void;
}

interface SharedContext {
	readonly secureContext: SecureContext;
	users: number;
}

/**
 * Makes and shares the TLS contexts of one emulator: one per certificate and settings, whatever the number of
 * listeners. One that no listener shows is forgotten, and its private key with it; a connection that was begun with it
 * goes on.
 *
 * Tickets are sealed with keys that belong to the certificate and the cipher list, and are the same for the emulator's
 * life. A session outlives a listener's restart and holds at every listener that shows the same, and a client that asks
 * for it anywhere else shakes hands in full: it sees the certificate there, and gets a cipher that is allowed there.
 */
export class SecureContexts {
	readonly #ticketSecret = randomBytes(32);
	readonly #shared = new Map<string, SharedContext>();
	#toBackends: SecureContext | undefined;
	#forProbes: SecureContext | undefined;

	/** How many contexts with a certificate are held. */
	get size(): number {
		return this.#shared.size;
	}

	/**
	 * The context for clients of a listener.
	 *
	 * @param negotiation of a policy, in place of the settings.
	 * @throws what OpenSSL throws on a pair it refuses.
	 */
	forClients(pair: PemPair, settings: TlsSettings, negotiation?: Negotiation): LentContext {
		const offer = offerOf(settings, negotiation);
		// No private key as the key of a map: a digest says as much.
		const id = digest(pair.cert, pair.key, pair.chain ?? '', JSON.stringify(offer));
		const shared = this.#shared.get(id) ?? {secureContext: this.#make(pair, offer), users: 0};
		shared.users++;
		this.#shared.set(id, shared);
		let isLent = true;
		const giveBack = () => {
			if (!isLent) return;
			isLent = false;
			shared.users--;
			if (shared.users === 0) this.#shared.delete(id);
		};
		return {secureContext: shared.secureContext, giveBack};
	}

	/** The context of probes. */
	forProbes(versions: ProbeVersions): SecureContext {
		if (versions === 'all') return this.forBackends(undefined);
		this.#forProbes ??= createSecureContext({...TO_BACKENDS, maxVersion: 'TLSv1.2'});
		return this.#forProbes;
	}

	/**
	 * The context towards back-ends: everything Node speaks, and the authorities to verify against. One that verifies
	 * belongs to who asked for it; it is not kept here.
	 */
	forBackends(verification: BackendVerification | undefined): SecureContext {
		if (verification !== undefined) {
			return createSecureContext({ca: verification.ca, secureOptions: SSL_OP_NO_RENEGOTIATION});
		}
		this.#toBackends ??= createSecureContext(TO_BACKENDS);
		return this.#toBackends;
	}

	#make({cert, key, chain = ''}: PemPair, offer: ReturnType<typeof offerOf>): SecureContext {
		return createServerContext(
			{
				cert: chain === '' ? cert : `${cert.trimEnd()}\n${chain}`,
				key,
				...offer,
				// Without it no DHE suite works, and a list may ask for them.
				dhparam: 'auto',
				secureOptions: SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION | offer.secureOptions,
			},
			// The cipher list too: OpenSSL resumes a TLS 1.2 session without asking whether its cipher is allowed here.
			ticketKeysFor(this.#ticketSecret, digest(cert, chain, offer.ciphers)),
		);
	}
}

/** What is offered to clients, as Node takes it. */
function offerOf(settings: TlsSettings, negotiation: Negotiation | undefined) {
	const exact = negotiation && optionsOf(negotiation);
	if (exact !== undefined) return exact;
	const {minVersion} = settings;
	return {minVersion, ciphers: openSslCiphers(settings), secureOptions: constants.SSL_OP_CIPHER_SERVER_PREFERENCE};
}

function digest(...texts: readonly string[]): string {
	return createHash('sha256').update(JSON.stringify(texts)).digest('base64');
}
