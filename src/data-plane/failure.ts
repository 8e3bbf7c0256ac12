import {codeOf, hasCode, messageOf} from '../base/errors.ts';
import type {Outcome} from '../observability/exchange.ts';

/** How something failed: the kind, and the cause in words for the record. */
export interface Failure {
	readonly outcome: Outcome;
	readonly cause: string;
}

/** A failed attempt to connect to a back-end. */
export function connectFailure(error: Error | undefined): Failure {
	const code = codeOf(error);
	if (code === 'ECONNREFUSED') return {outcome: 'connect-refused', cause: messageOf(error)};
	if (code === 'ETIMEDOUT') return {outcome: 'connect-timeout', cause: messageOf(error)};
	if (code === 'BACKEND_KEY_UNKNOWN') return {outcome: 'backend-tls', cause: messageOf(error)};
	if (isTlsCode(code)) return {outcome: 'backend-tls', cause: `no TLS with the back-end: ${tlsCause(error)}`};
	if (error === undefined) return {outcome: 'backend-reset', cause: 'the back-end closed the connection at once'};
	if (code === 'ECONNRESET') return {outcome: 'backend-reset', cause: 'the back-end reset the connection at once'};
	return {outcome: 'connect-refused', cause: messageOf(error)};
}

/** A back-end that has not taken a connection in time. */
export function connectTimeout(connectMs: number): Failure {
	return {outcome: 'connect-timeout', cause: `no connection within ${connectMs} ms`};
}

/** A connection was lost before its back-end had sent a byte of an answer. */
export function lostBeforeAnswer(
	error: Error | undefined,
	connection: 'a kept-alive connection' | 'the connection',
): Failure {
	return lost(error, `the back-end ${howEnded(error)} ${connection} before it answered`);
}

/** A connection was lost in the midst of an answer. */
export function lostInAnswer(error: Error | undefined): Failure {
	return lost(error, `the back-end ${howEnded(error)} the connection in the midst of its answer`);
}

/** A back-end ended its direction in the midst of an answer. */
export function endedInAnswer(): Failure {
	return {outcome: 'backend-reset', cause: 'the back-end ended in the midst of its answer'};
}

/** A back-end's connection broke while bytes went both ways. */
export function lostStream(error: Error): Failure {
	return lost(error, `the back-end reset the connection: ${error.message}`);
}

/** A back-end closed its connection in good order while the client was not done; `when` says more. */
export function closedByBackend(when: '' | ' while the client was sending'): Failure {
	return {outcome: 'backend-reset', cause: `the back-end closed the connection${when}`};
}

/** The client's connection broke while bytes went both ways. */
export function lostClient(error: Error): Failure {
	const what = hasCode(error, 'ECONNRESET')
		? 'the client reset the connection'
		: 'the connection with the client broke';
	return {outcome: 'client-abort', cause: `${what}: ${error.message}`};
}

/** The client's connection ended before the exchange did. */
export function clientGone(error: Error | undefined, before: string): Failure {
	return {outcome: 'client-abort', cause: `the client ${howEnded(error)} the connection ${before}`};
}

/** The load balancer itself has ended it. */
export function drained(cause: string): Failure {
	return {outcome: 'drained', cause};
}

/** `closed` or `reset`, as a connection that ended with or without an error is said to have been. */
function howEnded(error: Error | undefined): 'closed' | 'reset' {
	return error === undefined ? 'closed' : 'reset';
}

/** A back-end that refuses a TLS 1.3 connection says so only after the handshake of our side. */
function lost(error: Error | undefined, cause: string): Failure {
	if (!isTlsCode(codeOf(error))) return {outcome: 'backend-reset', cause};
	return {outcome: 'backend-tls', cause: `the back-end broke TLS off: ${tlsCause(error)}`};
}

/** A back-end's answer that breaks a rule of HTTP. */
export function invalidAnswer(cause: string): Failure {
	return {outcome: 'backend-invalid', cause};
}

const IDLE_WHERE = {request: ' in the midst of the request', answer: ' from the back-end', more: ''} as const;

/**
 * Nothing has moved for too long.
 *
 * @param awaited the rest of the request, the beginning of the answer, or more of what was under way.
 */
export function idleTimeout(idleMs: number, awaited: keyof typeof IDLE_WHERE): Failure {
	const outcome = awaited === 'request' ? 'client-timeout' : 'idle-timeout';
	return {outcome, cause: `no bytes for ${idleMs} ms${IDLE_WHERE[awaited]}`};
}

/** Why a client's handshake failed, in words a developer can act on. */
export function handshakeCause(error: Error | undefined): string {
	// OpenSSL 3.5, of later Nodes, says SSL/TLS where it said SSLV3.
	switch (codeOf(error)?.replace('SSL/TLS_ALERT', 'SSLV3_ALERT')) {
		case 'ERR_SSL_HTTP_REQUEST':
			return 'plain HTTP was sent to a TLS port';
		case 'ERR_SSL_WRONG_VERSION_NUMBER':
		case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
			return 'what the client sent is not TLS';
		case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
			return 'the client offered only TLS versions that this listener does not speak';
		case 'ERR_SSL_NO_SHARED_CIPHER':
			return 'the client and this listener share no cipher';
		case 'ERR_SSL_NO_APPLICATION_PROTOCOL':
			return 'the client insists on an application protocol that this listener does not speak';
		case 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA':
		case 'ERR_SSL_TLSV1_UNKNOWN_CA':
			return 'the client does not trust the certificate (unknown authority)';
		case 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED':
			return 'the client found the certificate expired';
		case 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE':
		case 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN':
			return 'the client refused the certificate';
		case 'ECONNRESET':
			return 'the client reset the connection during the handshake';
		default:
			return error === undefined ? 'the client left during the handshake' : tlsCause(error);
	}
}

/** How far a probe has come: its connection, its TLS handshake, or the answer, which is also the end of one without. */
export type ProbePhase = 'connect' | 'handshake' | 'answer';

/** Why a probe failed whose connection failed. */
export function probeFailure(error: Error, phase: ProbePhase): string {
	const code = codeOf(error);
	switch (code) {
		case 'ECONNREFUSED':
			return 'connection refused';
		case 'ECONNRESET':
		case 'EPIPE':
			return probeReset(phase);
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return 'unknown host';
		case 'EHOSTUNREACH':
		case 'ENETUNREACH':
			return 'host unreachable';
		case 'ETIMEDOUT':
			return 'no connection: the system gave up';
		case 'ERR_SSL_WRONG_VERSION_NUMBER':
		case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
			return 'not TLS';
		default:
			return isTlsCode(code) ? `no TLS: ${tlsCause(error)}` : messageOf(error);
	}
}

/** Why a probe failed whose connection was reset. */
export function probeReset(phase: ProbePhase): string {
	if (phase === 'connect') return 'connection reset';
	return phase === 'handshake'
		? 'connection reset during the TLS handshake'
		: 'connection reset before the end of its answer';
}

/** Why a probe failed whose connection the back-end ended in order; `receivedAny` byte of its answer before. */
export function probeClosed(phase: ProbePhase, receivedAny: boolean): string {
	if (phase === 'handshake') return 'closed during the TLS handshake';
	return receivedAny ? 'closed in the midst of its answer' : 'closed without an answer';
}

export function probeTimeout(phase: ProbePhase, timeoutMs: number): string {
	const what = {connect: 'connection', handshake: 'TLS handshake', answer: 'answer'}[phase];
	return `no ${what} within ${timeoutMs} ms`;
}

/** OpenSSL's own words without the addresses and source lines around them. */
function tlsCause(error: Error | undefined): string {
	const message = messageOf(error);
	return /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message;
}

/**
 * Whether an error is about TLS, and not about the connection below it. `UNSPECIFIED` is Node's code for what OpenSSL
 * has against a certificate and Node has no code for, such as a weak key.
 */
function isTlsCode(code: string | undefined): boolean {
	if (code === undefined) return false;
	return /^ERR_(SSL|TLS)_/.test(code) || /CERT|SIGNATURE|CA_|SELF_SIGNED|HOSTNAME|EPROTO|^UNSPECIFIED$/.test(code);
}
