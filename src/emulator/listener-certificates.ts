import {isDeepStrictEqual} from 'node:util';
import {type EmulatorError, invalidDescription, type Violation} from '../base/errors.ts';
import type {Authority} from '../certificates/authority.ts';
import {bestKeyFor} from '../codec/cipher-list.ts';
import type {CertificateReference, DescribedLoadBalancer} from '../configuration/described.ts';
import type {PemPair, TlsSettings} from '../model/load-balancer.ts';
import {isPair, resolveCertificate, type UsableCertificate, usable} from './certificates.ts';
import {refusalOf} from './serving.ts';

/** Makes one error of all that is wrong with a description. */
export type Refuse = (violations: Iterable<Violation>) => EmulatorError;

export interface CertificateSources {
	/** What a listener may name. */
	readonly known: ReadonlyMap<string, UsableCertificate>;
	readonly authority: Authority;
	/** For a certificate that is issued. */
	readonly dnsName: string;
	/** What the load balancer shows already: a listener that asks for the same again keeps its own. */
	readonly before?: {
		readonly described: DescribedLoadBalancer;
		readonly certificates: ReadonlyMap<number, UsableCertificate>;
	};
}

/**
 * The certificates of the listeners, by logical port.
 *
 * @throws what `refuse` makes of everything that is wrong with them.
 */
export function certificatesOf(
	{listeners}: DescribedLoadBalancer,
	{known, authority, dnsName, before}: CertificateSources,
	{path, refuse}: {readonly path: Violation['path']; readonly refuse: Refuse},
): Map<number, UsableCertificate> {
	const violations: Violation[] = [];
	const certificates = new Map<number, UsableCertificate>();
	// Listeners that ask for none in particular share one for each kind of key, issued and judged once.
	const issued = new Map<'ec' | 'rsa', UsableCertificate | undefined>();
	const issue = (key: 'ec' | 'rsa') => {
		if (!issued.has(key)) {
			const names = [dnsName, 'localhost', '127.0.0.1', '::1'];
			const before_ = before && issuedFor(before, key);
			issued.set(key, before_ ?? usable(authority.issue({names, key}), path, violations, true));
		}
		return issued.get(key);
	};
	for (const [index, {ports, certificate, tls}] of listeners.entries()) {
		if (certificate === undefined) continue;
		const of = [...path, 'listeners', index];
		const at = [...of, 'certificate'];
		const kept = before && shownFor(certificate, ports.port, {...before, known});
		if (certificate.kind === 'issue') {
			const made = kept && refusalOf(kept, tls) === undefined ? kept : issue(bestKeyFor(tls).key);
			// What is wrong with one that is issued is wrong with what was asked of it.
			if (made !== undefined && isServed(made, tls, [...of, 'tls', 'ciphers'], violations))
				certificates.set(ports.port, made);
			continue;
		}
		const found = kept ?? resolveCertificate(certificate, {known, issue: () => issue('ec')}, at, violations);
		if (found !== undefined && isServed(found, tls, at, violations)) certificates.set(ports.port, found);
	}
	if (violations.length > 0) throw refuse(violations);
	return certificates;
}

/** A certificate for a listener that runs already. @throws EmulatorError `INVALID_DESCRIPTION` */
export function certificateFor(
	certificate: string | PemPair,
	tls: TlsSettings,
	known: ReadonlyMap<string, UsableCertificate>,
): {readonly reference: CertificateReference; readonly resolved: UsableCertificate} {
	const violations: Violation[] = [];
	const reference: CertificateReference =
		typeof certificate === 'string' ? {kind: 'named', name: certificate} : {kind: 'pem', pair: certificate};
	if (reference.kind === 'pem' && !isPair(certificate)) {
		violations.push({path: ['certificate'], message: 'must be the name of a certificate, or PEM text as {cert, key}'});
		throw invalidDescription('The certificate', violations);
	}
	const resolved = resolveCertificate(reference, {known, issue: () => undefined}, ['certificate'], violations);
	if (resolved === undefined || !isServed(resolved, tls, ['certificate'], violations)) {
		throw invalidDescription('The certificate', violations);
	}
	return {reference, resolved};
}

/** Certificates that are shown, as somebody reads about them. Those in `told` are left out. */
export function warningsOf(
	name: string,
	certificates: ReadonlyMap<number, UsableCertificate>,
	told: ReadonlySet<UsableCertificate> = new Set(),
): string[] {
	return [...certificates]
		.filter(([, certificate]) => !told.has(certificate))
		.flatMap(([port, {warnings}]) => warnings.map(warning => `${name}, listener ${port}: ${warning}`));
}

/** What was issued, with a key of this kind, for the listeners that ask for no certificate in particular. */
function issuedFor(
	{described, certificates}: NonNullable<CertificateSources['before']>,
	key: 'ec' | 'rsa',
): UsableCertificate | undefined {
	return described.listeners
		.filter(({certificate}) => certificate?.kind === 'issue')
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
