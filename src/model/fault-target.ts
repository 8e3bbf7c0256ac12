import type {Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import type {FaultKind, NormalisedFaultRule} from './fault.ts';
import {isHttp, isSecure, type ListenerPorts} from './listener.ts';

/** A load balancer, as far as it decides which faults can fire. */
export interface FaultTarget {
	readonly listeners: readonly (ListenerPorts & {readonly verifiesBackends: boolean})[];
	/** Names of the registered back-ends. */
	readonly backends: readonly string[];
}

/** What only requests and answers have. */
const OF_HTTP: ReadonlySet<FaultKind> = new Set(['status', 'garbage', 'truncate', 'contentLength']);

const ON_REQUESTS = 'requests are read on http and https listeners only';

/**
 * Why a rule can never fire for this load balancer; undefined where it can. A back-end is reached by all listeners: one
 * that fits will do.
 */
export function whyNever(rule: NormalisedFaultRule, target: FaultTarget): Violation | undefined {
	const {on} = rule;
	if (on.kind === 'api') {
		return {
			path: ['on'],
			message: "a load balancer is not the cloud's API",
			hint: 'arm it with inject() of the emulator',
		};
	}
	if (on.kind === 'listener') return whyNeverAtListener(rule, on.port, target);
	if (!target.backends.includes(on.name)) {
		const names = target.backends;
		const there = names.length === 0 ? 'there are none' : `there is ${alternatives(names)}`;
		const message = `no back-end is named ${quote(on.name)}; ${there}`;
		return {path: ['on'], message, hint: didYouMean(on.name, names.slice(0, 200))};
	}
	const reasons = target.listeners.map(listener => whyNeverTo(rule, listener));
	return reasons.length === 0 || reasons.includes(undefined) ? undefined : reasons[0];
}

function whyNeverAtListener(rule: NormalisedFaultRule, port: number, {listeners}: FaultTarget): Violation | undefined {
	const listener = listeners.find(each => each.port === port);
	if (listener === undefined) {
		const ports = listeners.map(each => each.port);
		const allowed = `allowed ${ports.length === 1 ? 'is' : 'are'} ${ports.join(', ')}`;
		return {path: ['on'], message: `no listener has port ${port}; ${allowed}`};
	}
	const {protocol} = listener;
	const {do: fault} = rule;
	if (fault.kind === 'refuse') {
		return {
			path: ['do', 'refuse'],
			message: 'a listener cannot refuse a connection: the system has accepted it before it is seen',
			hint: 'write {reset: true}, or stop the load balancer',
		};
	}
	if (fault.kind === 'tls' && !isSecure(protocol)) {
		return {
			path: ['do', 'tls'],
			message: `a TLS fault goes with https and ssl listeners, and the one on port ${port} is ${protocol}`,
			...(protocol === 'tcp' ? {hint: 'TLS passes through here: put the fault on a listener that ends it'} : {}),
		};
	}
	if (fault.kind === 'tls' && fault.how !== 'truncate' && (rule.path ?? rule.header) !== undefined) {
		const key = rule.path === undefined ? 'header' : 'path';
		return {path: [key], message: `there is no request yet during a handshake, so none has a ${key}`};
	}
	return whyNotHttp(rule, listener) ?? whyNoServerName(rule, listener);
}

/** Of traffic that goes from this listener to a back-end. */
function whyNeverTo(rule: NormalisedFaultRule, listener: FaultTarget['listeners'][number]): Violation | undefined {
	const {do: fault} = rule;
	const {protocol, port, backendProtocol, verifiesBackends} = listener;
	if (fault.kind === 'tls' && !isSecure(backendProtocol)) {
		return {
			path: ['do', 'tls'],
			message: `no TLS is spoken to the back-end: the listener on port ${port} speaks ${backendProtocol} to it`,
			hint:
				protocol === 'tcp'
					? 'TLS passes through here, and is between the client and the back-end'
					: `write ${isHttp(protocol) ? 'https' : 'ssl'} after the arrow of the listener`,
		};
	}
	if (fault.kind === 'tls' && fault.how === 'wrong-certificate' && !verifiesBackends) {
		return {
			path: ['do', 'tls'],
			message: 'a wrong certificate changes nothing: the load balancer does not verify those of its back-ends',
			hint: 'set `verifyBackend` of the listener',
		};
	}
	if (rule.sni !== undefined && protocol === 'tcp') {
		return {
			path: ['sni'],
			message: 'the server name is not known when a back-end is connected to: TLS passes through a tcp listener',
			hint: `write on: "listener:${port}"`,
		};
	}
	return whyNotHttp(rule, listener) ?? whyNoServerName(rule, listener);
}

function whyNotHttp(rule: NormalisedFaultRule, {protocol, port}: ListenerPorts): Violation | undefined {
	if (isHttp(protocol)) return undefined;
	const {do: fault} = rule;
	const where = `and the one on port ${port} is ${protocol}`;
	if (OF_HTTP.has(fault.kind)) {
		const message = `${quote(fault.kind)} goes with http and https listeners, ${where}`;
		return {path: ['do', fault.kind], message, hint: ON_REQUESTS};
	}
	if (fault.kind === 'reset' && (fault.when === 'after-request' || fault.when === 'mid-response')) {
		const message = `"${fault.when}" goes with http and https listeners, ${where}`;
		return {path: ['do', 'reset'], message, hint: `${ON_REQUESTS}; write {reset: true} or {limit} here`};
	}
	if (fault.kind === 'reset' && fault.when === 'on-reuse') {
		const message = `connections are kept alive on http and https listeners, ${where}: none is used again`;
		return {path: ['do', 'reset'], message};
	}
	for (const key of ['path', 'header'] as const) {
		if (rule[key] !== undefined) {
			return {path: [key], message: `"${key}" goes with http and https listeners, ${where}`, hint: ON_REQUESTS};
		}
	}
	return undefined;
}

function whyNoServerName({sni}: NormalisedFaultRule, {protocol, port}: ListenerPorts): Violation | undefined {
	if (sni === undefined || protocol !== 'http') return undefined;
	return {path: ['sni'], message: `"sni" needs TLS, and the listener on port ${port} is ${protocol}`};
}
