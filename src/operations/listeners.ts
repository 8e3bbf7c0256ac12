import {isDeepStrictEqual} from 'node:util';
import {quote} from '../base/quote.ts';
import {type Account, type ServerCertificate, withLoadBalancer} from '../model/account.ts';
import type {AccountListener, AccountLoadBalancer} from '../model/account-load-balancer.ts';
import {isHttp, isSecure, type ListenerPorts, violationOfLayers} from '../model/listener.ts';
import type {CertificateReference} from '../model/normalised.ts';
import {Refusal} from '../model/refusal.ts';
import {DEFAULT_LISTENER_SETTINGS} from '../model/settings.ts';
import {type AskedCertificate, certificateAt} from './certificates.ts';
import type {Context, Operation} from './context.ts';
import {separateRules} from './listener-rules.ts';
import {changeable, changing, isPort, listenerOn, validateQuota} from './validate.ts';

/** A listener that is asked for. */
export interface NewListener extends ListenerPorts {
	/** Needed on HTTPS and SSL, refused on the others. */
	readonly certificate: AskedCertificate | undefined;
}

export interface AddListeners {
	readonly loadBalancer: string;
	readonly listeners: readonly NewListener[];
}

/** CreateLoadBalancerListeners. The health check stays as it is (recorded from OUTSCALE). */
export const addListeners: Operation<AddListeners, AccountLoadBalancer> = input => (account, context) => {
	validateListeners(input.listeners);
	const before = changeable(account, input.loadBalancer, context);
	const made = makeListeners(input.listeners, account, context, before.listeners);
	const listeners = [...before.listeners, ...made.listeners];
	validateQuota('TOO_MANY_LISTENERS', listeners.length, context.quotas.listeners, 'listeners');
	const after = changing(before, {listeners}, context);
	return {account: withLoadBalancer(withRulesFor(after, before, made.account), after), result: after};
};

export interface RemoveListeners {
	readonly loadBalancer: string;
	readonly ports: readonly number[];
}

/** DeleteLoadBalancerListeners. All of them may go; the rules of those that go, go with them (*guess*). */
export const removeListeners: Operation<RemoveListeners, AccountLoadBalancer> = input => (account, context) => {
	const before = changeable(account, input.loadBalancer, context);
	const gone = new Set(input.ports);
	for (const port of gone) listenerOn(before, port);
	const listeners = before.listeners.filter(({port}) => !gone.has(port));
	const after = changing(before, {listeners}, context);
	return {account: withLoadBalancer(withRulesFor(after, before, account), after), result: after};
};

/**
 * The account with the rules of a load balancer that has other listeners now. Those of listeners that are gone go with
 * them. One that holds at all HTTP and HTTPS listeners says something else when there are others, so it becomes one for
 * each listener that it held at.
 */
function withRulesFor(after: AccountLoadBalancer, before: AccountLoadBalancer, account: Account): Account {
	const ports = new Set(after.listeners.map(({port}) => port));
	const isSame = isDeepStrictEqual(httpPorts(after), httpPorts(before));
	const rules = account.rules.flatMap(rule => {
		if (rule.loadBalancer !== after.name || (rule.scope.kind === 'all' && isSame)) return [rule];
		const each = rule.scope.kind === 'all' ? separateRules(rule) : [rule];
		return each.filter(({scope}) => scope.kind === 'listener' && ports.has(scope.port));
	});
	return {...account, rules};
}

function httpPorts({listeners}: AccountLoadBalancer): number[] {
	return listeners.filter(({protocol}) => isHttp(protocol)).map(({port}) => port);
}

/** Validates listeners by themselves, before anything is looked up. @throws Refusal */
export function validateListeners(listeners: readonly NewListener[]): void {
	for (const {port, backendPort} of listeners) {
		if (!isPort(port)) {
			throw new Refusal(
				'BAD_LISTENER_PORT',
				`load balancer port ${port} is not a port; allowed are 1 to 65535`,
				String(port),
			);
		}
		if (!isPort(backendPort)) {
			const message = `back-end port ${backendPort} is not a port; allowed are 1 to 65535`;
			throw new Refusal('BAD_VALUE', message, String(backendPort));
		}
	}
	for (const listener of listeners) {
		const crossing = violationOfLayers(listener);
		if (crossing !== undefined) throw new Refusal('CROSSING_LAYERS', crossing.message);
		const {protocol, port, certificate} = listener;
		if (isSecure(protocol) === (certificate !== undefined)) continue;
		if (certificate === undefined) {
			const message = `the ${protocol.toUpperCase()} listener on port ${port} needs a server certificate`;
			throw new Refusal('MISSING_PARAMETER', message);
		}
		throw certificateNotAllowed(listener);
	}
}

/** A certificate goes with HTTPS and SSL only. */
export function certificateNotAllowed({protocol, port}: ListenerPorts): Refusal {
	return new Refusal(
		'CERTIFICATE_NOT_ALLOWED',
		`the ${protocol.toUpperCase()} listener on port ${port} takes no server certificate; HTTPS and SSL do`,
	);
}

/** What a listener that an API gives a certificate was asked to show: these bytes, whatever they are called. */
export function referenceTo(certificate: ServerCertificate | undefined): CertificateReference | undefined {
	return certificate && {kind: 'pem', pair: certificate.pair};
}

/** Makes validated listeners, with their ids and certificates. @throws Refusal */
export function makeListeners(
	asked: readonly NewListener[],
	account: Account,
	{identifiers}: Context,
	existing: readonly ListenerPorts[] = [],
): {readonly listeners: AccountListener[]; readonly account: Account} {
	const certificates = asked.map(({certificate}) =>
		certificate === undefined ? undefined : certificateAt(account, certificate, identifiers),
	);
	const taken = new Set(existing.map(({port}) => port));
	for (const {port} of asked) {
		if (taken.has(port)) {
			throw new Refusal(
				'LISTENER_PORT_TAKEN',
				`there is a listener on port ${quote(String(port))} already`,
				String(port),
			);
		}
		taken.add(port);
	}
	const listeners = asked.map(
		({protocol, port, backendProtocol, backendPort}, index): AccountListener => ({
			protocol,
			port,
			backendProtocol,
			backendPort,
			id: identifiers.listenerId(account.serial + index),
			certificateId: certificates[index]?.id,
			policies: [],
			certificate: referenceTo(certificates[index]),
			...DEFAULT_LISTENER_SETTINGS,
		}),
	);
	return {listeners, account: {...account, serial: account.serial + listeners.length}};
}
