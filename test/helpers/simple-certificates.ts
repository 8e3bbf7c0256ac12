import {
	type AskedCertificate,
	runningIn,
	type SimpleAccount,
	type SimpleCertificate,
	type SimpleListener,
	withLoadBalancer,
} from './simple-account.ts';

/** Where a certificate is asked for. */
export interface Place {
	readonly loadBalancer: string;
	readonly port: number;
}

/** The account with what a listener of the library or the configuration asks for, and the name of that certificate. */
export function withAsked(
	account: SimpleAccount,
	{loadBalancer, port}: Place,
	asked: AskedCertificate,
): readonly [SimpleAccount, string] {
	const {certificates} = account;
	const configured = find(account, ({isConfigured}) => isConfigured);
	if (asked === 'site' && configured !== undefined) return [account, configured];
	const content = contentOf(asked, loadBalancer, account);
	// One that is issued is never the same as another.
	const isSame = (name: string | undefined) =>
		(isPair(asked) || asked === 'site') && certificates.get(name ?? '')?.content === content;
	const shown = listenerAt(account, {loadBalancer, port})?.certificate;
	const same = [shown, ...certificates.keys()].find(isSame);
	if (same !== undefined) return [account, same];
	const wanted = asked === 'site' ? 'site' : `${loadBalancer}-${port}`;
	const isUsable = (name: string) => {
		const owner = certificates.get(name);
		if (owner === undefined) return true;
		return owner.broughtBy === loadBalancer && !isShownElsewhere(account, name, {loadBalancer, port});
	};
	let name = wanted;
	for (let count = 2; !isUsable(name); count++) name = `${wanted}-${count}`;
	return [withCertificate(account, name, {content, isConfigured: false, broughtBy: loadBalancer}), name];
}

/** The account without certificates that this load balancer, or one that is gone, brought and no listener shows. */
export function withoutUnused(account: SimpleAccount, loadBalancer: string): SimpleAccount {
	const {loadBalancers, certificates} = account;
	const used = new Set([...loadBalancers.values()].flatMap(({listeners}) => listeners.map(each => each.certificate)));
	const isKept = ([name, {broughtBy}]: readonly [string, SimpleCertificate]) =>
		broughtBy === undefined || used.has(name) || (broughtBy !== loadBalancer && loadBalancers.has(broughtBy));
	return {...account, certificates: new Map([...certificates].filter(isKept))};
}

export function withCertificate(account: SimpleAccount, name: string, certificate: SimpleCertificate): SimpleAccount {
	return {...account, certificates: new Map(account.certificates).set(name, certificate)};
}

/** The certificate that the configuration describes now. */
export function contentOfSite({config, reads}: SimpleAccount): string {
	return `site-${config}.test #${reads}`;
}

/** `setCertificate()`; undefined where it cannot be. */
export function withSet(before: SimpleAccount, place: Place, asked: AskedCertificate): SimpleAccount | undefined {
	if (listenerAt(before, place)?.certificate === undefined) return undefined;
	const [account, certificate] = withAsked(before, place, asked);
	return withoutUnused(withShown(account, place, {certificate, asked}), place.loadBalancer);
}

/** UpdateLoadBalancer with the certificate of that name; undefined where it cannot be. */
export function withUpdated(before: SimpleAccount, place: Place, certificate: string): SimpleAccount | undefined {
	const [shown, found] = [listenerAt(before, place), before.certificates.get(certificate)];
	if (shown?.certificate === undefined || found === undefined) return undefined;
	const now = before.certificates.get(shown.certificate);
	const isSame = shown.certificate === certificate || (isPairContent(found) && now?.content === found.content);
	return withShown(before, place, {certificate, asked: isSame ? shown.asked : askedFor(found)});
}

/** What a listener that the API gives a certificate was asked for. */
export function askedFor({content}: SimpleCertificate): AskedCertificate {
	return `pem ${content}`;
}

/** UpdateServerCertificate; undefined where it cannot be. */
export function withRenamed(before: SimpleAccount, name: string, next: string): SimpleAccount | undefined {
	const {certificates} = before;
	if (!certificates.has(name) || (name !== next && certificates.has(next))) return undefined;
	const renamed = [...certificates].map(([each, certificate]) => [each === name ? next : each, certificate] as const);
	return {...before, certificates: new Map(renamed), loadBalancers: showing(before, name, next)};
}

/** DeleteServerCertificate; undefined where it cannot be: it is in use. */
export function withoutCertificate(before: SimpleAccount, name: string): SimpleAccount | undefined {
	const {certificates, loadBalancers} = before;
	const isUsed = [...loadBalancers.values()].some(
		({listeners, isDeleting}) => !isDeleting && listeners.some(({certificate}) => certificate === name),
	);
	if (!certificates.has(name) || isUsed) return undefined;
	const others = new Map([...certificates].filter(([each]) => each !== name));
	return {...before, certificates: others, loadBalancers: showing(before, name, undefined)};
}

function contentOf(asked: AskedCertificate, loadBalancer: string, account: SimpleAccount): string {
	if (asked === 'site') return contentOfSite(account);
	return asked === 'default' ? `default ${loadBalancer}` : asked.replace(/^\w+ /, '');
}

function isPair(asked: AskedCertificate): boolean {
	return asked.startsWith('pem ');
}

/** Whether it may be uploaded more than once. */
function isPairContent({content}: SimpleCertificate): boolean {
	return /^(?:one|two)\.test$/.test(content);
}

function find(account: SimpleAccount, is: (certificate: SimpleCertificate) => boolean): string | undefined {
	return [...account.certificates].find(([, each]) => is(each))?.[0];
}

function listenerAt(account: SimpleAccount, {loadBalancer, port}: Place): SimpleListener | undefined {
	return runningIn(account, loadBalancer)?.listeners.find(each => each.port === port);
}

function withShown(
	account: SimpleAccount,
	{loadBalancer, port}: Place,
	shown: Pick<SimpleListener, 'certificate' | 'asked'>,
): SimpleAccount {
	const before = runningIn(account, loadBalancer);
	if (before === undefined) return account;
	const listeners = before.listeners.map(each => (each.port === port ? {...each, ...shown} : each));
	return withLoadBalancer(account, loadBalancer, {...before, listeners});
}

/** Whether another listener than this one shows the certificate. */
function isShownElsewhere({loadBalancers}: SimpleAccount, certificate: string, place: Place): boolean {
	return [...loadBalancers].some(([name, {listeners}]) =>
		listeners.some(
			each => each.certificate === certificate && (name !== place.loadBalancer || each.port !== place.port),
		),
	);
}

/** The load balancers, with another name, or none, for the certificate that their listeners show. */
function showing(
	{loadBalancers}: SimpleAccount,
	before: string,
	after: string | undefined,
): SimpleAccount['loadBalancers'] {
	return new Map(
		[...loadBalancers].map(([name, each]) => [
			name,
			{
				...each,
				listeners: each.listeners.map(listener =>
					listener.certificate === before ? {...listener, certificate: after} : listener,
				),
			},
		]),
	);
}
