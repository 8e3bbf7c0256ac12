import {isDeepStrictEqual} from 'node:util';
import {type EmulatorError, invalidDescription, type Violation} from '../base/errors.ts';
import {readCertificateName} from '../base/host-name.ts';
import type {Authority} from '../certificates/authority.ts';
import {bestKeyFor} from '../codec/cipher-list.ts';
import type {CertificateNames} from '../configuration/spec.ts';
import type {UsableCertificate} from '../model/account.ts';
import type {CertificateReference, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {PemPair, TlsSettings} from '../model/resolved.ts';
import {isPair, issueUsable, resolveCertificate} from './certificates.ts';
import {refusalOf} from './serving.ts';

/** Makes one error of all that is wrong with a description. */
export type Refuse = (violations: Iterable<Violation>) => EmulatorError;

/** A certificate as `setCertificate()` takes it. */
export type GivenCertificate = string | PemPair | CertificateNames;

type IssueReference = Extract<CertificateReference, {readonly kind: 'issue'}>;

export interface CertificateSources {
	/** What a listener may name. */
	readonly known: ReadonlyMap<string, UsableCertificate>;
	readonly authority: Authority;
	/** For a certificate that is issued. */
	readonly dnsName: string;
	/** What the load balancer shows already: a listener that asks for the same again keeps its own. */
	readonly before?:
		| {readonly described: NormalisedLoadBalancer; readonly certificates: ReadonlyMap<number, UsableCertificate>}
		| undefined;
}

/**
 * The certificates of the listeners, by logical port.
 *
 * @throws what `refuse` makes of everything that is wrong with them.
 */
export function certificatesOf(
	{listeners}: NormalisedLoadBalancer,
	{known, authority, dnsName, before}: CertificateSources,
	{path, refuse}: {readonly path: Violation['path']; readonly refuse: Refuse},
): Map<number, UsableCertificate> {
	const violations: Violation[] = [];
	const certificates = new Map<number, UsableCertificate>();
	// Listeners that ask for the same names share one for each kind of key, issued and validated once.
	const issued = new Map<string, UsableCertificate>();
	const issue = (reference: IssueReference, key: 'ec' | 'rsa') => {
		const names = reference.names ?? [dnsName, 'localhost', '127.0.0.1', '::1'];
		const what = JSON.stringify([key, names]);
		if (!issued.has(what)) {
			const before_ = before && issuedFor(before, reference, key);
			issued.set(what, before_ ?? issueUsable(authority, {names, key}));
		}
		return issued.get(what);
	};
	for (const [index, {ports, certificate, tls}] of listeners.entries()) {
		if (certificate === undefined) continue;
		const of = [...path, 'listeners', index];
		const at = [...of, 'certificate'];
		const kept = before && shownFor(certificate, ports.port, {...before, known});
		if (certificate.kind === 'issue') {
			const made = kept && refusalOf(kept, tls) === undefined ? kept : issue(certificate, bestKeyFor(tls).key);
			// What is wrong with one that is issued is wrong with what was asked of it.
			if (made !== undefined && isServed(made, tls, [...of, 'tls', 'ciphers'], violations))
				certificates.set(ports.port, made);
			continue;
		}
		const found = kept ?? resolveCertificate(certificate, {known, issue: () => undefined}, at, violations);
		if (found !== undefined && isServed(found, tls, at, violations)) certificates.set(ports.port, found);
	}
	if (violations.length > 0) throw refuse(violations);
	return certificates;
}

/** A certificate for a listener that runs already. @throws EmulatorError `INVALID_DESCRIPTION` */
export function certificateFor(
	certificate: GivenCertificate,
	tls: TlsSettings,
	{known, authority}: Pick<CertificateSources, 'known' | 'authority'>,
): {readonly reference: CertificateReference; readonly resolved: UsableCertificate} {
	const violations: Violation[] = [];
	const reference = referenceTo(certificate, violations);
	const issue = () => {
		if (reference?.kind !== 'issue' || violations.length > 0) return undefined;
		return issueUsable(authority, {names: reference.names ?? [], key: bestKeyFor(tls).key});
	};
	const resolved = reference && resolveCertificate(reference, {known, issue}, ['certificate'], violations);
	if (reference === undefined || resolved === undefined || !isServed(resolved, tls, ['certificate'], violations)) {
		throw invalidDescription('The certificate', violations);
	}
	return {reference, resolved};
}

/** What a caller without types may have given. */
function referenceTo(certificate: GivenCertificate, violations: Violation[]): CertificateReference | undefined {
	if (typeof certificate === 'string') return {kind: 'named', name: certificate};
	if (isPair(certificate)) return {kind: 'pem', pair: certificate};
	const given: unknown = certificate;
	if (typeof given !== 'object' || given === null || !('names' in given) || !Array.isArray(given.names)) {
		const message = 'must be the name of a certificate, {names} to issue one, or PEM text as {cert, key}';
		violations.push({path: ['certificate'], message});
		return undefined;
	}
	const path = ['certificate', 'names'];
	if (given.names.length === 0) {
		violations.push({path, message: 'the list is empty; a certificate needs at least one name'});
	}
	const names = given.names.flatMap((name: unknown, index) => {
		const read = readCertificateName(name);
		if (typeof read === 'object') violations.push({path: [...path, index], ...read});
		return typeof read === 'string' ? read : [];
	});
	return {kind: 'issue', names};
}

/** Certificates that are shown, as somebody reads about them. Those in `except` are left out. */
export function warningsOf(
	name: string,
	certificates: ReadonlyMap<number, UsableCertificate>,
	except: ReadonlySet<UsableCertificate> = new Set(),
): string[] {
	return [...certificates]
		.filter(([, certificate]) => !except.has(certificate))
		.flatMap(([port, {warnings}]) => warnings.map(warning => `${name}, listener ${port}: ${warning}`));
}

/** What was issued, with a key of this kind, for the listeners that ask for the same. */
function issuedFor(
	{described, certificates}: NonNullable<CertificateSources['before']>,
	reference: IssueReference,
	key: 'ec' | 'rsa',
): UsableCertificate | undefined {
	return described.listeners
		.filter(({certificate}) => isDeepStrictEqual(certificate, reference))
		.map(({ports}) => certificates.get(ports.port))
		.find(certificate => certificate?.facts.keyType === key);
}

/** Whether a listener can show a certificate; adds to `violations` why not. */
function isServed(
	certificate: UsableCertificate,
	tls: TlsSettings,
	path: Violation['path'],
	violations: Violation[],
): boolean {
	const refusal = refusalOf(certificate, tls);
	if (refusal !== undefined) violations.push({path, ...refusal});
	return refusal === undefined;
}

/** What is shown on this port for the same reference. A name means whatever bears it at the moment, if anything does. */
function shownFor(
	reference: CertificateReference,
	port: number,
	{described, certificates, known}: NonNullable<CertificateSources['before']> & Pick<CertificateSources, 'known'>,
): UsableCertificate | undefined {
	if (reference.kind === 'named' && known.has(reference.name)) return undefined;
	const listener = described.listeners.find(({ports}) => ports.port === port);
	return isDeepStrictEqual(listener?.certificate, reference) ? certificates.get(port) : undefined;
}
