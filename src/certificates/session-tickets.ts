import {hkdfSync, randomBytes} from 'node:crypto';
import {createSecureContext, type SecureContext, type SecureContextOptions} from 'node:tls';

/** The parts of `ticketKeys` of `tls.createSecureContext()`: a name, an HMAC key and an AES key, 16 bytes each. */
const PART_BYTES = 16;
const KEY_BYTES = 3 * PART_BYTES;

/** The return values of the callback, see SSL_CTX_set_tlsext_ticket_key_cb(3). */
const UNKNOWN = 0;
const SEALED = 1;
const GOOD_AND_RENEWED = 2;

/** Derives the keys that encrypt session tickets: the same secret and purpose give the same keys. */
export function ticketKeysFor(secret: Uint8Array, purpose: string): Buffer {
	return Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES));
}

/**
 * A context for a server. A client that resumes a session gets a new ticket, because a ticket of TLS 1.3 should be used
 * once (RFC 8446, appendix C.4).
 *
 * @param ticketKeys from {@link ticketKeysFor}; random by default.
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
 * Node never renews a ticket and documents no way to do it. An internal callback that one of its tests uses
 * (test-https-resume-after-renew, Node 0.11 to 26) allows it; where it is missing, tickets are not renewed.
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
