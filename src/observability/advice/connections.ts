import type {Diagnosis} from '../../model/advice.ts';
import {isSecure} from '../../model/listener.ts';
import type {ResolvedListener} from '../../model/resolved.ts';
import type {Outcome} from '../attempt.ts';
import type {ExchangeRecord} from '../exchange-record.ts';
import {beginningOfAnswer, keepAliveFix, seconds} from './answers.ts';

/** One attempt that failed, and what was seen of it. */
export interface FailedAttempt {
	readonly backend: string;
	readonly reused: boolean;
	readonly end: Outcome;
	readonly cause: string;
}

export interface ListenerFacts {
	readonly listener: ResolvedListener;
	readonly idleMs: number;
	/** Whether connections to back-ends begin with a PROXY line. */
	readonly sendsProxyLine: boolean;
	/** Whether a back-end is known to refuse connections without a PROXY line. */
	readonly requiresProxyLine: (backend: string) => boolean;
	/** Whether a back-end is known to speak TLS and nothing else. */
	readonly requiresTls: (backend: string) => boolean;
}

/** How a cause ends that tells of an answer in TLS, an alert most of the time: `refusalOfTls()` of the grammar. */
export const ANSWERS_TLS = /TLS where plain HTTP is expected$/;
/** OpenSSL's words for an answer that is not TLS. */
const NOT_TLS = /wrong version number|packet length too long|unknown protocol|http request/;
/** OpenSSL's and Node's words for a certificate of another name. */
const OTHER_NAME = /does not match certificate's altnames|hostname mismatch/i;

/**
 * Why an attempt failed, where that is a matter of how the load balancer and the back-end were set up.
 *
 * @param answered whether a byte of an answer had come.
 */
export function diagnoseAttempt(
	attempt: FailedAttempt,
	answered: boolean,
	facts: ListenerFacts,
): Diagnosis | undefined {
	const {backend, reused, end, cause} = attempt;
	const {listener, idleMs, sendsProxyLine, requiresProxyLine, requiresTls} = facts;
	if (end === 'backend-invalid' && ANSWERS_TLS.test(cause)) return backendSpeaksTls(backend, listener);
	if (end === 'backend-tls' && NOT_TLS.test(cause)) return backendSpeaksNoTls(backend, listener);
	if (end === 'backend-tls' && OTHER_NAME.test(cause)) return otherNameOfBackend(backend, listener);
	if (end !== 'backend-reset' || answered) return undefined;
	if (reused) return closedWhileUsed(backend, idleMs);
	// Node's servers close on plain HTTP without a word.
	if (!isSecure(listener.backendProtocol) && requiresTls(backend)) return backendSpeaksTls(backend, listener);
	if (sendsProxyLine) return closedAfterProxyLine(backend, listener);
	return requiresProxyLine(backend) ? missesProxyLine(backend, listener) : undefined;
}

/** The words of nginx, Apache, Go's net/http and Tomcat to plain HTTP at a TLS port, in an answer of status 400. */
const PLAIN_REFUSED =
	/plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled|HTTP request to an HTTPS server|requires TLS/i;

/**
 * A back-end answers 400: to plain HTTP at a TLS port, or to a PROXY line.
 *
 * @param isProxied whether it got a PROXY line, and has never answered anything else.
 */
export function diagnoseBadRequest(
	record: ExchangeRecord,
	listener: ResolvedListener,
	isProxied: boolean,
): Diagnosis | undefined {
	const {backendName: backend, responseBy} = record;
	if (responseBy !== 'backend') return undefined;
	if (!isSecure(listener.backendProtocol) && PLAIN_REFUSED.test(beginningOfAnswer(record))) {
		return backendSpeaksTls(backend, listener);
	}
	return isProxied ? notUnderstood(backend, listener, 'answers 400') : undefined;
}

function closedAfterProxyLine(backend: string, listener: ResolvedListener): Diagnosis {
	return notUnderstood(backend, listener, 'closes the connection without an answer');
}

function notUnderstood(backend: string, {port}: ResolvedListener, does: string): Diagnosis {
	return {
		code: 'proxy-header-not-understood',
		backend,
		listener: port,
		certainty: 'likely',
		text: () => ({
			message: `Listener ${port} begins each connection with a PROXY line, and back-end ${backend} ${does}: it seems to take that line for a request`,
			fix: 'Switch the PROXY protocol on in the back-end (`listen … proxy_protocol` in nginx, `accept-proxy` in HAProxy), or off at the listener or in the policy of its back-end port.',
		}),
	};
}

function missesProxyLine(backend: string, {port}: ResolvedListener): Diagnosis {
	return {
		code: 'proxy-header-missing',
		backend,
		listener: port,
		certainty: 'certain',
		text: () => ({
			message: `Back-end ${backend} requires a PROXY line, which listener ${port} does not send: it closes the connection without an answer`,
			fix: 'Switch the PROXY protocol on at the listener (`proxyProtocol: true`, or a ProxyProtocolPolicyType on the back-end port), or have the back-end take connections without it.',
		}),
	};
}

function closedWhileUsed(backend: string, idleMs: number): Diagnosis {
	return {
		code: 'keep-alive-shorter-than-idle-timeout',
		backend,
		certainty: 'likely',
		text: () => ({
			message: `Back-end ${backend} closed a kept-alive connection as a request was on its way; the idle timeout of the load balancer is ${seconds(idleMs)}. A request that may not be repeated is answered 502`,
			fix: keepAliveFix(idleMs),
		}),
	};
}

/** A back-end ended a connection that rested in the pool, and is there still. */
export function diagnoseRestEnded(backend: string, restedMs: number, idleMs: number): Diagnosis {
	return {
		code: 'keep-alive-shorter-than-idle-timeout',
		backend,
		certainty: 'likely',
		text: () => ({
			message: `Back-end ${backend} closed a connection that had rested for ${seconds(restedMs)}; the idle timeout of the load balancer is ${seconds(idleMs)}. A request that meets such a close on its way is answered 502`,
			fix: keepAliveFix(idleMs),
		}),
	};
}

function backendSpeaksTls(backend: string, {port, backendPort, backendProtocol}: ResolvedListener): Diagnosis {
	return {
		code: 'plaintext-to-tls-port',
		backend,
		listener: port,
		certainty: 'certain',
		text: () => ({
			message: `Listener ${port} speaks plain ${backendProtocol.toUpperCase()} to back-end ${backend}, which speaks TLS`,
			fix: `Lead the listener to the back-end's plain port, or encrypt to it: \`-> ${backendProtocol === 'http' ? 'https' : 'ssl'}:${backendPort}\`.`,
		}),
	};
}

function backendSpeaksNoTls(backend: string, {port, backendPort, backendProtocol}: ResolvedListener): Diagnosis {
	return {
		code: 'tls-to-plaintext-port',
		backend,
		listener: port,
		certainty: 'certain',
		text: () => ({
			message: `Listener ${port} speaks TLS to back-end ${backend}, which answers with something else`,
			fix: `Lead the listener to the back-end's TLS port, or do not encrypt to it: \`-> ${backendProtocol === 'https' ? 'http' : 'tcp'}:${backendPort}\`.`,
		}),
	};
}

function otherNameOfBackend(backend: string, {port}: ResolvedListener): Diagnosis {
	return {
		code: 'certificate-name-mismatch',
		backend,
		listener: port,
		certainty: 'certain',
		text: () => ({
			message: `The certificate of back-end ${backend} does not have the name that listener ${port} verifies`,
			fix: 'Put the name of `verifyBackend.servername` among the subject alternative names of its certificate, or verify the name that it has.',
		}),
	};
}

/** A client that spoke something else than the listener does. */
export function diagnoseClient(
	{outcome, cause, refusedHead}: Pick<ExchangeRecord, 'outcome' | 'cause' | 'refusedHead'>,
	{port, protocol}: ResolvedListener,
): Diagnosis | undefined {
	const isPlain = outcome === 'tls-handshake' && /^plain HTTP was sent|^what the client sent is not TLS/.test(cause);
	const isTls = outcome === 'bad-request' && !isSecure(protocol) && refusedHead.startsWith('\x16\x03');
	if (!isPlain && !isTls) return undefined;
	const name = protocol.toUpperCase();
	if (isPlain) {
		const message = `A client spoke plain text to ${name} listener ${port}, which expects TLS`;
		const fix = `Have the client use ${protocol === 'https' ? 'https:' : 'TLS'}, or give it a plain listener.`;
		return {code: 'plaintext-to-tls-port', listener: port, certainty: 'certain', text: () => ({message, fix})};
	}
	const message = `A client spoke TLS to ${name} listener ${port}, which expects plain text`;
	const fix = `Have the client use http:, or give it a listener that takes TLS off: \`https:443 -> http\`.`;
	return {code: 'tls-to-plaintext-port', listener: port, certainty: 'certain', text: () => ({message, fix})};
}

/** Exchanges that were cut because their back-end was deregistered, and draining was off. */
export function diagnoseDeregistered({backendName: backend}: ExchangeRecord): Diagnosis {
	return {
		code: 'deregistered-in-flight',
		backend,
		certainty: 'certain',
		text: () => ({
			message: `Back-end ${backend} was deregistered while it served requests, and they were cut: connection draining is off`,
			fix: "Switch draining on (`draining: '30s'`, ConnectionDraining in the cloud's API), for longer than the longest request takes.",
		}),
	};
}
