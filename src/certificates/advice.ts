import {X509Certificate} from 'node:crypto';
import {quote} from '../base/quote.ts';
import type {AdviceCode, Certainty, Diagnosis} from '../model/advice.ts';
import type {PemPair} from '../model/resolved.ts';
import {isSelfIssued, OUT_OF_ORDER} from './chain.ts';
import {factsOf} from './facts.ts';
import {NOT_FIRST} from './inspect.ts';
import {type ReadCertificate, readCertificates} from './read-parts.ts';
import {DAY_MS, datesOf, dateWarnings, namedInChain} from './warnings.ts';

/** Issue trackers and calendars need a month; the warnings at the start begin 14 days before the end. A guess. */
const NEAR_DAYS = 30;

/** A certificate that listeners show, as far as advice goes by it. Read once. */
export interface ShownCertificate {
	readonly names: readonly string[];
	readonly notBefore: Date;
	readonly notAfter: Date;
	readonly fingerprint256: string;
	/** When the leaf and each certificate of its chain begin and end, and what they are called. */
	readonly dates: readonly {readonly what: string; readonly notBefore: Date; readonly notAfter: Date}[];
	/** Whether the leaf has this name. */
	readonly covers: (name: string) => boolean;
	/** The warning of the order in which it was given, if there is one. */
	readonly outOfOrder: string | undefined;
	/** `likely`: certificates between it and its root are missing. `possible`: nothing says that none is. */
	readonly incomplete: Certainty | undefined;
}

/** @param warnings what was found when it was validated. */
export function readShown(
	{cert, chain = ''}: PemPair,
	{warnings, issued}: {readonly warnings: readonly string[]; readonly issued: boolean},
): ShownCertificate {
	const x509 = new X509Certificate(cert);
	const others = chain === '' ? [] : readCertificates(chain, 'chain').certificates;
	return {
		...contentsOf(x509, others),
		outOfOrder: warnings.find(text => text.startsWith(OUT_OF_ORDER) || text.includes(NOT_FIRST)),
		incomplete: issued || isSelfIssued(x509) ? undefined : incompleteness(x509, others.length),
	};
}

/** What there is to know of a certificate and those that are sent with it, however they came. */
export function contentsOf(
	x509: X509Certificate,
	others: readonly ReadCertificate[],
): Omit<ShownCertificate, 'outOfOrder' | 'incomplete'> {
	const {names, notBefore, notAfter, fingerprint256} = factsOf(x509);
	return {
		names,
		notBefore,
		notAfter,
		fingerprint256,
		dates: [
			{what: 'The certificate', notBefore, notAfter},
			...others.map(each => ({what: namedInChain(each), ...datesOf(each)})),
		],
		covers: name => x509.checkHost(name, {subject: 'never'}) !== undefined,
	};
}

/**
 * A public authority's certificate says where its issuer's is found, and a root issues none to servers (CA/Browser Forum
 * Baseline Requirements, sections 7.1.2.7.7 and 6.1.7).
 */
export function incompleteness({infoAccess}: X509Certificate, others: number): Certainty {
	return others === 0 && infoAccess?.includes('CA Issuers') === true ? 'likely' : 'possible';
}

/**
 * What there is to say of a certificate that the listener of a logical port shows to a client.
 *
 * @param asked the server name that the client sent.
 * @param isRefused whether the client has refused it because it does not know who signed it.
 */
export function diagnoseCertificate(
	shown: ShownCertificate,
	{
		port,
		asked,
		isRefused,
		wallMs,
	}: {readonly port: number; readonly asked: string | undefined; readonly isRefused: boolean; readonly wallMs: number},
): Diagnosis[] {
	return [
		...ofDates(shown, {listener: port}, wallMs),
		...ofName(shown, {listener: port}, asked),
		...ofOrder(shown, {listener: port}),
		...ofCompleteness(shown, port, isRefused),
	];
}

/** Whose certificate it is: a listener's, or that of a back-end which clients see through one. */
export interface Subject {
	readonly listener: number;
	readonly backend?: string;
}

export function* ofDates(
	{dates}: Pick<ShownCertificate, 'dates'>,
	subject: Subject,
	wallMs: number,
): Iterable<Diagnosis> {
	for (const {what, notBefore, notAfter} of dates) {
		const leftMs = notAfter.getTime() - wallMs;
		const isEarly = wallMs < notBefore.getTime();
		if (leftMs >= NEAR_DAYS * DAY_MS && !isEarly) continue;
		const code: AdviceCode = isEarly
			? 'certificate-not-yet-valid'
			: leftMs < 0
				? 'certificate-expired'
				: 'certificate-near-its-end';
		const message = () => dateWarnings(what, {notBefore, notAfter}, new Date(wallMs), NEAR_DAYS).join();
		const fix = isEarly
			? 'Look at the clock of the machine that issued it, and of this one; or show it from that day on.'
			: subject.backend === undefined
				? 'Renew it and replace it at the listener: `lb.setCertificate()`, or the file in the configuration. Clients refuse it once it has ended.'
				: 'Renew it at the back-end: a TCP listener passes it on as it is, and clients refuse it once it has ended.';
		yield at(subject, code, 'certain', message, fix);
	}
}

export function* ofName(
	{covers, names}: Pick<ShownCertificate, 'covers' | 'names'>,
	subject: Subject,
	asked: string | undefined,
): Iterable<Diagnosis> {
	if (asked === undefined || covers(asked)) return;
	const message = () =>
		`The certificate does not have the name ${quote(asked)} that a client asked for; it has ${names.map(quote).join(', ')}`;
	const fix =
		subject.backend === undefined
			? 'Add the name to its subject alternative names (a wildcard covers one label), or have clients use a name that it has.'
			: "Add the name to the subject alternative names of the back-end's certificate (`tls: {names}` of a fake one; a wildcard covers one label), or have clients use a name that it has.";
	yield at(subject, 'certificate-name-mismatch', 'certain', message, fix);
}

export function* ofOrder({outOfOrder}: Pick<ShownCertificate, 'outOfOrder'>, subject: Subject): Iterable<Diagnosis> {
	if (outOfOrder === undefined) return;
	const fix =
		'Write the certificate of the key first, then the one that signed it, and so on, without the root: servers that send it as it is written are refused by strict clients.';
	yield at(subject, 'certificate-chain-out-of-order', 'certain', () => outOfOrder, fix);
}

function* ofCompleteness({incomplete}: ShownCertificate, port: number, isRefused: boolean): Iterable<Diagnosis> {
	if (incomplete === undefined || (incomplete === 'possible' && !isRefused)) return;
	const message = () =>
		incomplete === 'likely'
			? 'The certificate is sent without those of its issuers, and it says that there is one between it and its root: clients that do not know that one refuse it'
			: 'A client does not know who signed the certificate: one between it and its root is missing, or the client does not trust its root';
	const fix =
		'Put the certificates of the issuers, without the root, in `chain`, or behind the certificate in its file (`fullchain.pem`); or have the client trust the root.';
	yield at({listener: port}, 'certificate-chain-incomplete', incomplete, message, fix);
}

/** A diagnosis, whose message says whose certificate it is. */
export function at(
	subject: Subject,
	code: AdviceCode,
	certainty: Certainty,
	message: () => string,
	fix: string,
): Diagnosis {
	const {listener, backend} = subject;
	const whose = backend === undefined ? `Listener ${listener}` : `Back-end ${backend} through listener ${listener}`;
	return {...subject, code, certainty, text: () => ({message: `${whose}: ${message()}`, fix})};
}
