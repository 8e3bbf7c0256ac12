import type {Socket} from 'node:net';
import type {SecureContext, TLSSocket} from 'node:tls';
import {speakTls} from '../backends/dial.ts';
import type {ProbeVersions} from '../sockets/tls-settings.ts';
import type {ProbeSession} from './probe-session.ts';

/** One TLS handshake of a probe: what it offers, and what its outcome means for the session that later probes resume. */
export class ProbeHandshake {
	readonly stream: TLSSocket;
	readonly #versions: ProbeVersions;
	/** Whether it offered a session. */
	readonly #offered: boolean;
	readonly #session: ProbeSession | undefined;

	/** @param session of the back-end; without one every handshake is full, in any version. */
	constructor(
		raw: Socket,
		session: ProbeSession | undefined,
		secureContext: (versions: ProbeVersions) => SecureContext,
	) {
		const offer = session?.offer;
		this.#session = session;
		this.#versions = session?.versions ?? 'all';
		this.#offered = offer !== undefined;
		this.stream = this.#begin(raw, secureContext(this.#versions), offer);
		this.stream.once('session', fresh => session?.keep(fresh));
	}

	/** It is done, in full or resumed. */
	passed(): void {
		this.#session?.passed(this.stream.isSessionReused());
	}

	/**
	 * Whether a session is still to come that later probes could use: in TLS 1.3 it follows the handshake (RFC 8446
	 * section 4.6.1).
	 */
	get awaitsSession(): boolean {
		return this.#session?.isWanted === true && this.stream.getProtocol() === 'TLSv1.3';
	}

	/** None came in time: none is waited for any more. */
	giveUpSession(): void {
		this.#session?.refuse();
	}

	/** It failed, and with it the probe. */
	failed(): void {
		this.#session?.failed();
	}

	/**
	 * It failed. One that offered a session is tried once more without, for the session may be all that is wrong, and one
	 * in TLS 1.2 once more in all versions.
	 *
	 * @returns whether it is to be tried again.
	 */
	triesAgain(): boolean {
		if (this.#offered) this.#session?.failed();
		else if (this.#versions !== 'all') this.#session?.askForAll();
		else return false;
		return true;
	}

	#begin(raw: Socket, secureContext: SecureContext, offer: Buffer | undefined): TLSSocket {
		// Certificates are not verified (AWS Classic ELB, elb-healthchecks), nor are their keys.
		const options = {secureContext, verify: false, servername: undefined, alpn: undefined, publicKeys: undefined};
		if (offer === undefined) return speakTls(raw, options);
		try {
			return speakTls(raw, options, offer);
		} catch {
			// OpenSSL does not read its own session: then without.
			this.#session?.refuse();
			return speakTls(raw, options);
		}
	}
}
