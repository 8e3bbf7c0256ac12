import type {Buffer} from 'node:buffer';
import {X509Certificate} from 'node:crypto';
import type {Certainty, Diagnosis} from '../model/advice.ts';
import {
	at,
	contentsOf,
	incompleteness,
	ofDates,
	ofName,
	ofOrder,
	type ShownCertificate,
	type Subject,
} from './advice.ts';
import {isSelfIssued, isSignedBy, rightOrderOf, topOf} from './chain.ts';
import {writePem} from './pem.ts';
import type {ReadCertificate} from './read-parts.ts';

/** The certificates that a back-end sends, as far as advice goes by them. Read once. */
export type SentCertificates = Omit<ShownCertificate, 'incomplete'> & {
	/** `certain`: its authority is known, and one between the two is missing. See {@link incompleteness} for others. */
	readonly incomplete: Certainty | undefined;
};

/**
 * Reads the certificates that a back-end sends.
 *
 * @param sent the leaf first, as DER or PEM.
 * @param authority PEM of the emulator's own.
 * @param isOwn whether the emulator has issued it, so that nothing else is to be trusted for it.
 * @returns undefined when OpenSSL cannot read one of them.
 */
export function readSent(
	sent: readonly (Buffer | string)[],
	{authority, isOwn}: {readonly authority: string; readonly isOwn: boolean},
): SentCertificates | undefined {
	const [leaf, ...others] = sent.flatMap((bytes): ReadCertificate[] => {
		const x509 = readable(bytes);
		return x509 === undefined ? [] : [{x509, text: writePem('CERTIFICATE', x509.raw), part: 'chain'}];
	});
	if (leaf === undefined || others.length + 1 < sent.length) return undefined;
	const {x509} = leaf;
	const order = rightOrderOf(leaf, others);
	return {
		...contentsOf(x509, others),
		outOfOrder: order === undefined ? undefined : `Its chain is sent out of order; the right one is ${order}`,
		incomplete: incompletenessOf(topOf(leaf, others), others.length, {
			authority: new X509Certificate(authority),
			isOwn,
		}),
	};
}

function readable(bytes: Buffer | string): X509Certificate | undefined {
	try {
		return new X509Certificate(bytes);
	} catch {
		// It came over the wire, from whatever server.
		return undefined;
	}
}

/** @param top the last one that was sent. */
function incompletenessOf(
	top: X509Certificate,
	others: number,
	{authority, isOwn}: {readonly authority: X509Certificate; readonly isOwn: boolean},
): Certainty | undefined {
	if (isSelfIssued(top) || isSignedBy(top, authority)) return undefined;
	if (isOwn) return 'certain';
	// That a client knows no issuer of it is encrypted most of the time, and says no more than that.
	return incompleteness(top, others) === 'likely' ? 'likely' : undefined;
}

/**
 * What there is to say of the certificate that a back-end shows to a client through a TCP listener.
 *
 * @param asked the server name that the client sent.
 */
export function diagnoseSent(
	sent: SentCertificates,
	subject: Required<Subject>,
	{asked, wallMs}: {readonly asked: string | undefined; readonly wallMs: number},
): Diagnosis[] {
	return [
		...ofDates(sent, subject, wallMs),
		...ofName(sent, subject, asked),
		...ofOrder(sent, subject),
		...ofCompleteness(sent, subject),
	];
}

function* ofCompleteness({incomplete}: SentCertificates, subject: Subject): Iterable<Diagnosis> {
	if (incomplete === undefined) return;
	const message = () =>
		'The certificate is sent without the one that signed it, which is no root: clients that do not know that one refuse it';
	const fix =
		'Have the back-end send the certificates of the issuers behind its own, without the root (`fullchain.pem`).';
	yield at(subject, 'certificate-chain-incomplete', incomplete, message, fix);
}
