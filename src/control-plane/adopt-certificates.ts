import {X509Certificate} from 'node:crypto';
import {certificateNamed, type Estate, type ServerCertificate, withCertificate} from '../model/estate.ts';
import type {PemPair} from '../model/load-balancer.ts';
import type {Context} from './commands.ts';
import {CERTIFICATE_NAME} from './operations/certificates.ts';
import {samePair} from './operations/judge-pem.ts';

/** A certificate that came without an API, and what it is called. */
export interface BroughtCertificate {
	readonly name: string;
	/** Judged already: it is in use, or ready to be. */
	readonly pair: PemPair;
	/** The load balancer whose listener shows it. */
	readonly broughtBy: string;
}

/** The estate with a certificate of the configuration, which stays whether a listener uses it or not. */
export function adoptCertificate(
	estate: Estate,
	{name, pair}: {readonly name: string; readonly pair: PemPair},
	context: Context,
): Estate {
	const called = usableName(name);
	const before = certificateNamed(estate, called);
	if (before === undefined)
		return withCertificate(...make(estate, {name: called, pair, broughtBy: undefined}, context));
	return samePair(before.pair, pair) ? estate : withCertificate(estate, {...before, ...contentOf(pair)});
}

/** The estate without a certificate that the configuration had and has no longer, unless a listener shows it still. */
export function forgetCertificate(estate: Estate, pair: PemPair): Estate {
	const gone = [...estate.certificates.values()].find(certificate => certificate.pair === pair);
	if (gone === undefined) return estate;
	const isUsed = [...estate.loadBalancers.values()].some(({listeners}) =>
		listeners.some(({certificateId}) => certificateId === gone.id),
	);
	if (isUsed) return estate;
	return {...estate, certificates: new Map([...estate.certificates].filter(([id]) => id !== gone.id))};
}

/**
 * The estate with the certificate that a listener shows, and its id. One of the same bytes is the same certificate,
 * whatever it is called; one of the same name that a load balancer brought is replaced in its place.
 */
export function bringCertificate(
	estate: Estate,
	brought: BroughtCertificate,
	context: Context,
): {readonly estate: Estate; readonly id: string} {
	const same = [...estate.certificates.values()].find(({pair}) => samePair(pair, brought.pair));
	if (same !== undefined) return {estate, id: same.id};
	const name = usableName(brought.name);
	const before = certificateNamed(estate, name);
	if (before !== undefined && before.broughtBy === brought.broughtBy) {
		return {estate: withCertificate(estate, {...before, ...contentOf(brought.pair)}), id: before.id};
	}
	let free = name;
	for (let count = 2; certificateNamed(estate, free) !== undefined; count++) free = `${name}-${count}`;
	const [next, certificate] = make(estate, {...brought, name: free}, context);
	return {estate: withCertificate(next, certificate), id: certificate.id};
}

/** The estate without those that this load balancer brought and that no listener shows any more. */
export function withoutUnused(estate: Estate, loadBalancer: string): Estate {
	const used = new Set(
		[...estate.loadBalancers.values()].flatMap(({listeners}) => listeners.map(({certificateId}) => certificateId)),
	);
	const certificates = [...estate.certificates].filter(
		([id, {broughtBy}]) => broughtBy !== loadBalancer || used.has(id),
	);
	return certificates.length === estate.certificates.size ? estate : {...estate, certificates: new Map(certificates)};
}

function make(
	estate: Estate,
	{name, pair, broughtBy}: Omit<BroughtCertificate, 'broughtBy'> & {readonly broughtBy: string | undefined},
	{identifiers, wallMs}: Context,
): [Estate, ServerCertificate] {
	const id = identifiers.certificateId(estate.serial);
	const certificate = {id, name, path: '/', ...contentOf(pair), uploadedMs: wallMs, broughtBy};
	return [{...estate, serial: estate.serial + 1}, certificate];
}

function contentOf(pair: PemPair): Pick<ServerCertificate, 'pair' | 'chain' | 'notAfterMs' | 'warnings'> {
	const notAfterMs = new Date(new X509Certificate(pair.cert).validTo).getTime();
	// What there is to warn of has been told where it was started.
	return {pair, chain: pair.chain, notAfterMs, warnings: []};
}

/** The cloud takes fewer characters than a configuration. */
function usableName(name: string): string {
	if (CERTIFICATE_NAME.test(name)) return name;
	return name.replaceAll(/[^A-Za-z0-9+=,.@_-]/g, '-').slice(0, 128) || 'certificate';
}
