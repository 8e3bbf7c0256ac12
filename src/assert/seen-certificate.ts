import {X509Certificate} from 'node:crypto';
import type {Duplex} from 'node:stream';
import {messageOf} from '../base/errors.ts';
import {show} from '../base/quote.ts';
import type {LoadBalancer} from '../emulator/load-balancer.ts';
import {invalid} from './given.ts';

/**
 * The certificate that a client saw: its TLS connection while it is open (what `lb.connect()` gives, a `TLSSocket`),
 * what `getPeerCertificate()` gave, an `X509Certificate`, or PEM text.
 */
export type SeenCertificate = string | {readonly fingerprint256: string} | Duplex;

/** A certificate by its SHA-256 fingerprint, and whose connection it came over, where that is known. */
export interface Seen {
	readonly fingerprint: string;
	/** The client's own port, which the record has as well. */
	readonly clientPort: number | undefined;
}

/** @throws EmulatorError `INVALID_EXPECTATION` */
export function readSeen(given: unknown, assertion: string): Seen {
	if (typeof given === 'string') return {fingerprint: fingerprintOf(given, assertion), clientPort: undefined};
	if (typeof given !== 'object' || given === null) throw notSeen(given, assertion);
	if ('getPeerCertificate' in given && typeof given.getPeerCertificate === 'function') {
		const certificate: unknown = given.getPeerCertificate();
		const clientPort = 'localPort' in given && typeof given.localPort === 'number' ? given.localPort : undefined;
		if (hasFingerprint(certificate)) return {fingerprint: certificate.fingerprint256, clientPort};
		throw invalid(
			assertion,
			'the connection shows no certificate: it is closed, or the handshake is not done',
			'Look at it while it is open, or keep what getPeerCertificate() gives then.',
		);
	}
	if (hasFingerprint(given)) return {fingerprint: given.fingerprint256, clientPort: undefined};
	throw notSeen(given, assertion);
}

/** Whose certificate it is: of a listener or a back-end of this load balancer, as they are at the moment. */
export function ownerOf(fingerprint: string, loadBalancer: LoadBalancer): string {
	const listener = loadBalancer.listeners.find(({certificate}) => certificate?.fingerprint256 === fingerprint);
	if (listener !== undefined) return `listener ${listener.port}`;
	const owner = loadBalancer.backends.find(
		({name}) => loadBalancer.backend(name).certificate?.fingerprint === fingerprint,
	);
	return owner === undefined ? `somebody else, ${fingerprint}` : `back-end ${owner.name}`;
}

function fingerprintOf(pem: string, assertion: string): string {
	try {
		return new X509Certificate(pem).fingerprint256;
	} catch (error) {
		throw invalid(assertion, `a certificate as text is PEM, not ${show(pem)}: ${messageOf(error)}`);
	}
}

function hasFingerprint(given: unknown): given is {readonly fingerprint256: string} {
	return (
		typeof given === 'object' && given !== null && 'fingerprint256' in given && typeof given.fingerprint256 === 'string'
	);
}

function notSeen(given: unknown, assertion: string) {
	return invalid(
		assertion,
		`a certificate that was seen is a TLS connection, a certificate with its fingerprint256, or PEM, not ${show(given)}`,
	);
}
