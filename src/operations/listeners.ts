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
import {withoutUnusedPorts} from './enabled-policies.ts';
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
	const made = makeListeners(input.listeners, account, context, before);
	const listeners = [...before.listeners, ...made.listeners];
	validateQuota('TOO_MANY_LISTENERS', listeners.length, context.quotas.listeners, 'listeners');
	const after = changing(before, {listeners}, context);
	return {account: withLoadBalancer(withRulesFor(after, before, made.account), after), result: after};
};

/**
 * CreateLoadBalancerListeners of the ELB API: a listener that is there already, the same in all that was asked for, is no
 * error (AWS Classic ELB, CreateLoadBalancerListeners).
 */
export const ensureListeners: Operation<AddListeners, AccountLoadBalancer> = input => (account, context) => {
	validateListeners(input.listeners);
	const before = changeable(account, input.loadBalancer, context);
	const {identifiers} = context;
	const asked = new Map<number, string>();
	for (const {port, protocol, backendProtocol, backendPort, certificateId} of before.listeners) {
		asked.set(port, JSON.stringify([protocol, backendProtocol, backendPort, certificateId]));
	}
	const fresh = input.listeners.filter(({port, protocol, backendProtocol, backendPort, certificate}) => {
		const id = certificate === undefined ? undefined : certificateAt(account, certificate, identifiers).id;
		const wanted = JSON.stringify([protocol, backendProtocol, backendPort, id]);
		const there = asked.get(port);
		asked.set(port, there ?? wanted);
		if (there === undefined || there === wanted) return there === undefined;
		const message = `load balancer ${quote(before.name)} has another listener on port ${port} already`;
		throw new Refusal('LISTENER_DIFFERS', message, String(port), before.name);
	});
	if (fresh.length === 0) return {account, result: before};
	validateBackendPorts([...before.listeners, ...fresh]);
	return addListeners({...input, listeners: fresh})(account, context);
};

export interface RemoveListeners {
	readonly loadBalancer: string;
	readonly ports: readonly number[];
	/** Takes a port that has no listener for one whose listener is gone already (*guess* for AWS). */
	readonly toleratesUnknown?: boolean;
}

/** DeleteLoadBalancerListeners. All of them may go; the rules of those that go, go with them (*guess*). */
export const removeListeners: Operation<RemoveListeners, AccountLoadBalancer> = input => (account, context) => {
	const before = changeable(account, input.loadBalancer, context);
	const gone = new Set(input.ports);
	if (input.toleratesUnknown !== true) for (const port of gone) listenerOn(before, port);
	const listeners = before.listeners.filter(({port}) => !gone.has(port));
	const backendPolicies = withoutUnusedPorts(before.backendPolicies, listeners);
	const after = changing(before, {listeners, backendPolicies}, context);
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
			throw new Refusal('BAD_BACKEND_PORT', message, String(backendPort));
		}
	}
	for (const listener of listeners) {
		const crossing = violationOfLayers(listener);
		if (crossing !== undefined) throw new Refusal('CROSSING_LAYERS', crossing.message);
		const {protocol, port, certificate} = listener;
		if (isSecure(protocol) === (certificate !== undefined)) continue;
		if (certificate === undefined) {
			const message = `the ${protocol.toUpperCase()} listener on port ${port} needs a server certificate`;
			throw new Refusal('CERTIFICATE_MISSING', message, String(port));
		}
		throw certificateNotAllowed(listener);
	}
}

/**
 * Listeners with one back-end port have to agree on whether TLS is spoken there (AWS Classic ELB, Listener.InstanceProtocol).
 *
 * @throws Refusal `MIXED_BACKEND_PORT`
 */
export function validateBackendPorts(listeners: readonly ListenerPorts[]): void {
	const secure = new Map<number, boolean>();
	for (const {backendPort, backendProtocol} of listeners) {
		const isSame = (secure.get(backendPort) ?? isSecure(backendProtocol)) === isSecure(backendProtocol);
		secure.set(backendPort, isSecure(backendProtocol));
		if (isSame) continue;
		const message = `instance port ${backendPort} has listeners with a secure instance protocol and others without; they have to agree`;
		throw new Refusal('MIXED_BACKEND_PORT', message, String(backendPort));
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
	loadBalancer: {readonly name: string; readonly listeners: readonly ListenerPorts[]},
): {readonly listeners: AccountListener[]; readonly account: Account} {
	const certificates = asked.map(({certificate}) =>
		certificate === undefined ? undefined : certificateAt(account, certificate, identifiers),
	);
	const taken = new Set(loadBalancer.listeners.map(({port}) => port));
	for (const {port} of asked) {
		if (taken.has(port)) {
			throw new Refusal(
				'LISTENER_PORT_TAKEN',
				`there is a listener on port ${quote(String(port))} already`,
				String(port),
				loadBalancer.name,
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
