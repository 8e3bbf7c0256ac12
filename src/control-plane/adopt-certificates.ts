import {X509Certificate} from 'node:crypto';
import {type Account, certificateNamed, type ServerCertificate, withCertificate} from '../model/account.ts';
import type {PemPair} from '../model/load-balancer.ts';
import {CERTIFICATE_NAME} from '../operations/certificates.ts';
import type {Context} from '../operations/context.ts';
import {samePair} from '../operations/uploaded-pem.ts';

/** A certificate that came without an API, and what it is called. */
export interface BroughtCertificate {
	readonly name: string;
	/** Judged already: it is in use, or ready to be. */
	readonly pair: PemPair;
	/** The load balancer whose listener shows it. */
	readonly broughtBy: string;
}

/** The account with a certificate of the configuration, which stays whether a listener uses it or not. */
export function adoptCertificate(
	account: Account,
	{name, pair}: {readonly name: string; readonly pair: PemPair},
	context: Context,
): Account {
	const called = usableName(name);
	const before = certificateNamed(account, called);
	if (before === undefined)
		return withCertificate(...make(account, {name: called, pair, broughtBy: undefined}, context));
	return samePair(before.pair, pair) ? account : withCertificate(account, {...before, ...contentOf(pair)});
}

/** The account without a certificate that the configuration had and has no longer, unless a listener shows it still. */
export function forgetCertificate(account: Account, pair: PemPair): Account {
	const gone = [...account.certificates.values()].find(certificate => certificate.pair === pair);
	if (gone === undefined) return account;
	const isUsed = [...account.loadBalancers.values()].some(({listeners}) =>
		listeners.some(({certificateId}) => certificateId === gone.id),
	);
	if (isUsed) return account;
	return {...account, certificates: new Map([...account.certificates].filter(([id]) => id !== gone.id))};
}

/**
 * The account with the certificate that a listener shows, and its id. One of the same bytes is the same certificate,
 * whatever it is called; one of the same name that a load balancer brought is replaced in its place.
 */
export function bringCertificate(
	account: Account,
	brought: BroughtCertificate,
	context: Context,
): {readonly account: Account; readonly id: string} {
	const same = [...account.certificates.values()].find(({pair}) => samePair(pair, brought.pair));
	if (same !== undefined) return {account, id: same.id};
	const name = usableName(brought.name);
	const before = certificateNamed(account, name);
	if (before !== undefined && before.broughtBy === brought.broughtBy) {
		return {account: withCertificate(account, {...before, ...contentOf(brought.pair)}), id: before.id};
	}
	let free = name;
	for (let count = 2; certificateNamed(account, free) !== undefined; count++) free = `${name}-${count}`;
	const [next, certificate] = make(account, {...brought, name: free}, context);
	return {account: withCertificate(next, certificate), id: certificate.id};
}

/** The account without those that this load balancer brought and that no listener shows any more. */
export function withoutUnused(account: Account, loadBalancer: string): Account {
	const used = new Set(
		[...account.loadBalancers.values()].flatMap(({listeners}) => listeners.map(({certificateId}) => certificateId)),
	);
	const certificates = [...account.certificates].filter(
		([id, {broughtBy}]) => broughtBy !== loadBalancer || used.has(id),
	);
	return certificates.length === account.certificates.size
		? account
		: {...account, certificates: new Map(certificates)};
}

function make(
	account: Account,
	{name, pair, broughtBy}: Omit<BroughtCertificate, 'broughtBy'> & {readonly broughtBy: string | undefined},
	{identifiers, wallMs}: Context,
): [Account, ServerCertificate] {
	const id = identifiers.certificateId(account.serial);
	const certificate = {id, name, path: '/', ...contentOf(pair), uploadedMs: wallMs, broughtBy};
	return [{...account, serial: account.serial + 1}, certificate];
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
