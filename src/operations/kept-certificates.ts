import {
	type Account,
	certificateNamed,
	type ServerCertificate,
	type UsableCertificate,
	withCertificate,
} from '../model/account.ts';
import type {CertificateReference} from '../model/normalised.ts';
import {CERTIFICATE_NAME} from './certificates.ts';
import type {Context} from './context.ts';
import {samePair} from './uploaded-pem.ts';

/** A certificate of the library or the configuration, and what it is to be called. */
interface GivenCertificate {
	readonly name: string;
	readonly certificate: UsableCertificate;
	/** The load balancer whose listener shows it. */
	readonly broughtBy: string;
	/** Whether a listener shows the certificate of this id and goes on with it. */
	readonly isShownElsewhere: (id: string) => boolean;
}

/** The account with a certificate of the configuration, which stays whether a listener shows it or not. */
export function putConfiguredCertificate(
	account: Account,
	name: string,
	certificate: UsableCertificate,
	context: Context,
): Account {
	const called = usableName(name);
	const before = certificateNamed(account, called);
	const common = {...contentOf(certificate), configuredAs: name};
	if (before === undefined) return withNew(account, {name: called, ...common, broughtBy: undefined}, context).account;
	return samePair(before.pair, certificate.pair) && before.configuredAs === name
		? account
		: withCertificate(account, {...before, ...common, broughtBy: undefined});
}

/** The account without a certificate that the configuration no longer has, unless a listener shows it still. */
export function removeConfiguredCertificate(account: Account, name: string): Account {
	const gone = [...account.certificates.values()].find(({configuredAs}) => configuredAs === name);
	return gone === undefined ? account : removeCertificate(account, gone.id);
}

/** The account without this certificate, unless a listener shows it still. */
export function removeCertificate(account: Account, id: string): Account {
	const gone = account.certificates.get(id);
	if (gone === undefined) return account;
	const isUsed = [...account.loadBalancers.values()].some(({listeners}) =>
		listeners.some(({certificateId}) => certificateId === id),
	);
	if (isUsed) return withCertificate(account, {...gone, configuredAs: undefined});
	return {...account, certificates: new Map([...account.certificates].filter(([each]) => each !== id))};
}

/** What a listener asks for, and what that is. */
interface Asked {
	readonly port: number;
	readonly reference: CertificateReference;
	readonly given: UsableCertificate | undefined;
	readonly loadBalancer: string;
	/** Whether the listener of this load balancer on another port goes on with what it shows. */
	readonly isKeptAt: (port: number) => boolean;
}

/** The account with the certificate that a listener asks for, and its id. What the configuration names is there already. */
export function certificateOf(
	{port, reference, given, loadBalancer, isKeptAt}: Asked,
	account: Account,
	context: Context,
): {readonly account: Account; readonly id: string | undefined} {
	if (reference.kind === 'named') {
		const named = [...account.certificates.values()].find(({configuredAs}) => configuredAs === reference.name);
		if (named !== undefined) return {account, id: named.id};
	}
	if (given === undefined) return {account, id: undefined};
	if (isShownAt({loadBalancer, port}, given, account)) {
		return {account, id: listenerAt({loadBalancer, port}, account)?.certificateId};
	}
	const name = reference.kind === 'named' ? reference.name : `${loadBalancer}-${port}`;
	const isShownElsewhere = (id: string) =>
		[...account.loadBalancers.values()].some(each =>
			each.listeners.some(
				listener =>
					listener.certificateId === id &&
					(each.name !== loadBalancer || (listener.port !== port && isKeptAt(listener.port))),
			),
		);
	return putGivenCertificate(account, {name, certificate: given, broughtBy: loadBalancer, isShownElsewhere}, context);
}

interface ListenerPlace {
	readonly loadBalancer: string;
	readonly port: number;
}

/** Whether the listener on this port shows these bytes already, whatever they are called. */
export function isShownAt(place: ListenerPlace, {pair}: UsableCertificate, account: Account): boolean {
	const shown = account.certificates.get(listenerAt(place, account)?.certificateId ?? '');
	return shown !== undefined && samePair(shown.pair, pair);
}

function listenerAt({loadBalancer, port}: ListenerPlace, {loadBalancers}: Account) {
	return loadBalancers.get(loadBalancer)?.listeners.find(listener => listener.port === port);
}

/**
 * The account with the certificate that a listener shows, and its id. One of the same bytes is the same certificate,
 * whatever it is called; one of the same name that this load balancer brought, and that no other listener shows, is
 * replaced in its place.
 */
function putGivenCertificate(
	account: Account,
	{name: given, certificate, broughtBy, isShownElsewhere}: GivenCertificate,
	context: Context,
): {readonly account: Account; readonly id: string} {
	const same = [...account.certificates.values()].find(({pair}) => samePair(pair, certificate.pair));
	if (same !== undefined) return {account, id: same.id};
	const wanted = usableName(given);
	for (let count = 1; ; count++) {
		const name = count === 1 ? wanted : `${wanted}-${count}`;
		const before = certificateNamed(account, name);
		if (before === undefined) {
			return withNew(account, {name, ...contentOf(certificate), broughtBy, configuredAs: undefined}, context);
		}
		if (before.broughtBy === broughtBy && !isShownElsewhere(before.id)) {
			return {account: withCertificate(account, {...before, ...contentOf(certificate)}), id: before.id};
		}
	}
}

/**
 * The account without those that this load balancer brought, or one that is gone, and that no listener shows any more:
 * what one has brought another may go on showing.
 */
export function withoutUnused(account: Account, loadBalancer: string): Account {
	// Most load balancers bring none, and then the others need not be looked at.
	if (![...account.certificates.values()].some(({broughtBy}) => broughtBy !== undefined)) return account;
	const used = new Set(
		[...account.loadBalancers.values()].flatMap(({listeners}) => listeners.map(({certificateId}) => certificateId)),
	);
	const certificates = [...account.certificates].filter(
		([id, {broughtBy}]) =>
			broughtBy === undefined || used.has(id) || (broughtBy !== loadBalancer && account.loadBalancers.has(broughtBy)),
	);
	return certificates.length === account.certificates.size
		? account
		: {...account, certificates: new Map(certificates)};
}

function withNew(
	account: Account,
	content: Omit<ServerCertificate, 'id' | 'path' | 'tags' | 'uploadedMs'>,
	{identifiers, wallMs}: Context,
): {readonly account: Account; readonly id: string} {
	const id = identifiers.certificateId(account.serial);
	const certificate = {...content, id, path: '/', tags: new Map<string, string>(), uploadedMs: wallMs};
	return {account: withCertificate({...account, serial: account.serial + 1}, certificate), id};
}

function contentOf({
	pair,
	facts,
	warnings,
	issued,
}: UsableCertificate): UsableCertificate & Pick<ServerCertificate, 'body' | 'chain'> {
	return {pair, facts, warnings, issued, body: pair.cert, chain: pair.chain};
}

/** What the account calls a certificate of this name: the cloud takes fewer characters than a configuration. */
export function usableName(name: string): string {
	if (CERTIFICATE_NAME.test(name)) return name;
	return name.replaceAll(/[^A-Za-z0-9+=,.@_-]/g, '-').slice(0, 128) || 'certificate';
}
