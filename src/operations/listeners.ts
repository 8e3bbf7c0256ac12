import {quote} from '../base/quote.ts';
import {type Account, withLoadBalancer, withRules} from '../model/account.ts';
import type {CloudListener, CloudLoadBalancer} from '../model/cloud-load-balancer.ts';
import {isSecure, type ListenerPorts, violationOfLayers} from '../model/listener.ts';
import {Refusal} from '../model/refusal.ts';
import {certificateByOrn} from './certificates.ts';
import type {Context, Operation} from './context.ts';
import {changeable, changing, isPort, judgeQuota, listenerOn} from './validate.ts';

/** A listener that is asked for. */
export interface NewListener extends ListenerPorts {
	/** The ORN of a server certificate; needed on HTTPS and SSL, refused on the others. */
	readonly certificate: string | undefined;
}

export interface AddListeners {
	readonly loadBalancer: string;
	readonly listeners: readonly NewListener[];
}

/** CreateLoadBalancerListeners. The health check stays as it is (recorded from OUTSCALE). */
export const addListeners: Operation<AddListeners, CloudLoadBalancer> = input => (account, context) => {
	judgeListeners(input.listeners);
	const before = changeable(account, input.loadBalancer, context);
	const made = makeListeners(input.listeners, account, context, before.listeners);
	const listeners = [...before.listeners, ...made.listeners];
	judgeQuota('TOO_MANY_LISTENERS', listeners.length, context.quotas.listeners, 'listeners');
	const after = changing(before, {listeners}, context);
	return {account: withLoadBalancer(made.account, after), result: after};
};

export interface RemoveListeners {
	readonly loadBalancer: string;
	readonly ports: readonly number[];
}

/** DeleteLoadBalancerListeners. All of them may go; the rules of those that go, go with them (*guess*). */
export const removeListeners: Operation<RemoveListeners, CloudLoadBalancer> = input => (account, context) => {
	const before = changeable(account, input.loadBalancer, context);
	const gone = new Set(input.ports);
	for (const port of gone) listenerOn(before, port);
	const listeners = before.listeners.filter(({port}) => !gone.has(port));
	const after = changing(before, {listeners}, context);
	const kept = withRules(
		account,
		rule => rule.loadBalancer !== before.name || listeners.some(({port}) => port === rule.listener),
	);
	return {account: withLoadBalancer(kept, after), result: after};
};

/** Judges listeners by themselves, before anything is looked up. @throws Refusal */
export function judgeListeners(listeners: readonly NewListener[]): void {
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

/** Makes judged listeners, with their ids and certificates. @throws Refusal */
export function makeListeners(
	asked: readonly NewListener[],
	account: Account,
	{identifiers}: Context,
	existing: readonly ListenerPorts[] = [],
): {readonly listeners: CloudListener[]; readonly account: Account} {
	const certificates = asked.map(({certificate}) =>
		certificate === undefined ? undefined : certificateByOrn(account, certificate, identifiers).id,
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
		({protocol, port, backendProtocol, backendPort}, index): CloudListener => ({
			protocol,
			port,
			backendProtocol,
			backendPort,
			id: identifiers.listenerId(account.serial + index),
			certificateId: certificates[index],
			policies: [],
		}),
	);
	return {listeners, account: {...account, serial: account.serial + listeners.length}};
}
