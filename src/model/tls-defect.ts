/** What may be wrong with the certificate of a fake back-end: each is refused by every client that verifies. */
export const TLS_DEFECTS = [
	'expired',
	'not-yet-valid',
	'wrong-host',
	'self-signed',
	'untrusted-ca',
	'weak-key',
	'incomplete-chain',
] as const;

export type TlsDefect = (typeof TLS_DEFECTS)[number];
