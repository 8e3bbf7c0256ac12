import {withoutPeer} from '../../codec/tls-session.ts';
import type {ProbeVersions} from '../sockets/tls-settings.ts';

/** After so many failed handshakes that offered a session, each followed by a full one that was good, none is offered. */
const MAX_REFUSALS = 2;

/**
 * The TLS session that the probes of one back-end resume, because a full handshake costs some three times as much. A
 * back-end that has forgotten it shakes hands in full; one that fails when it is asked to resume is asked twice at most.
 */
export class ProbeSession {
	#session: Buffer | undefined;
	/** Whether the last handshake failed, and had offered the session. */
	#isSuspect = false;
	#refusals = 0;
	#versions: ProbeVersions = 'up-to-1.2';

	/** What to offer; undefined asks for a full handshake. */
	get offer(): Buffer | undefined {
		return this.#session;
	}

	/** Whether a session would be of use. */
	get isWanted(): boolean {
		return this.#session === undefined && this.#refusals < MAX_REFUSALS;
	}

	keep(session: Buffer): void {
		if (this.isWanted) this.#session = withoutPeer(session);
	}

	/** Wants no session and offers none any more. */
	refuse(): void {
		this.#session = undefined;
		this.#refusals = MAX_REFUSALS;
	}

	/** A handshake is done, in full or resumed. */
	passed(isResumed: boolean): void {
		if (this.#isSuspect) this.#refusals++;
		this.#isSuspect = false;
		if (!isResumed) this.#session = undefined;
	}

	get versions(): ProbeVersions {
		return this.#versions;
	}

	/** A handshake in TLS 1.2 failed: from here on all versions are offered. */
	askForAll(): void {
		this.#versions = 'all';
		this.#session = undefined;
	}

	/** A handshake failed. */
	failed(): void {
		this.#isSuspect = this.#session !== undefined;
		this.#session = undefined;
	}
}
