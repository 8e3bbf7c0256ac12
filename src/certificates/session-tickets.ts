import {hkdfSync, randomBytes} from 'node:crypto';
import {createSecureContext, type SecureContext, type SecureContextOptions} from 'node:tls';

/** What `ticketKeys` of `tls.createSecureContext()` takes: a name, an HMAC key and an AES key, of 16 bytes each. */
const PART_BYTES = 16;
const KEY_BYTES = 3 * PART_BYTES;

/** What the callback answers, see SSL_CTX_set_tlsext_ticket_key_cb(3). */
const UNKNOWN = 0;
const SEALED = 1;
const GOOD_AND_RENEWED = 2;

/** Makes the keys that session tickets are sealed with: the same secret and the same purpose give the same keys. */
export function ticketKeysFor(secret: Uint8Array, purpose: string): Buffer {
	return Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES));
}

/**
 * A context for the side of the server. A client that resumes a session is given a fresh ticket, because one of TLS 1.3
 * should be used once (RFC 8446, appendix C.4).
 *
 * @param ticketKeys out of {@link ticketKeysFor}; keys of its own unless given.
 * @throws what OpenSSL throws on a certificate, a key or a cipher list it refuses.
 */
export function createServerContext(
	options: SecureContextOptions,
	ticketKeys: Buffer = randomBytes(KEY_BYTES),
): SecureContext {
	const secureContext = createSecureContext({...options, ticketKeys});
	renewTickets(secureContext, ticketKeys);
	return secureContext;
}

/**
 * Node itself never renews a ticket, and has no documented way to ask for it. What it keeps for a test of its own
 * (test-https-resume-after-renew, from Node 0.11 to 26) does; where it is missing, tickets work as Node has them.
 */
function renewTickets(secureContext: SecureContext, ticketKeys: Buffer): void {
	const native: TicketCallbacks = secureContext.context;
	if (typeof native.enableTicketKeyCallback !== 'function') return;
	const [name, hmac, aes] = [0, 1, 2].map(part => ticketKeys.subarray(part * PART_BYTES, (part + 1) * PART_BYTES));
	native.onticketkeycallback = (asked: Buffer, _iv: Buffer, seals: boolean) => {
		if (seals) return [SEALED, hmac, aes, name, randomBytes(PART_BYTES)];
		return [name?.equals(asked) === true ? GOOD_AND_RENEWED : UNKNOWN, hmac, aes];
	};
	native.enableTicketKeyCallback();
}

/** The undocumented part of Node's `SecureContext`. */
interface TicketCallbacks {
	readonly enableTicketKeyCallback?: () => void;
	onticketkeycallback?: (name: Buffer, iv: Buffer, seals: boolean) => readonly unknown[];
}
