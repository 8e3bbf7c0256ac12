import type {ClientHello} from '../codec/client-hello.ts';
import type {LoadBalancer} from '../emulator/load-balancer.ts';
import type {Exchange, PeerTls} from '../observability/exchange.ts';
import {failure} from './failure.ts';
import {checkKeys, type ExchangeSource, exchangesOf, invalid} from './given.ts';
import {ownerOf, readSeen, type Seen, type SeenCertificate} from './seen-certificate.ts';

export interface TlsExpectation {
	/** The server name that the client asked for. */
	readonly sni?: string;
}

/** What is asked of a load balancer, which knows its own certificates and those of its fake back-ends. */
export interface SeenExpectation extends TlsExpectation {
	/**
	 * The certificate that the client saw. It must be that of the listener where TLS is terminated, and that of the
	 * back-end behind passthrough. With a connection only its own exchange is looked at.
	 */
	readonly seen?: SeenCertificate;
	/** The one that it should have seen; needed where a back-end is a server of your own. */
	readonly certificate?: SeenCertificate;
}

/** An exchange whose client spoke TLS with the load balancer. */
export type TerminatedExchange = Exchange & {readonly client: {readonly tls: PeerTls}};

/** An exchange whose client spoke TLS with the back-end. */
export type PassedThroughExchange = Exchange & {
	readonly kind: 'tls-passthrough';
	readonly clientHello: ClientHello;
};

/**
 * TLS ended at the load balancer, in each of the exchanges.
 *
 * @throws AssertionError, also where there was no exchange; EmulatorError `INVALID_EXPECTATION`
 */
export function assertTermination(
	exchange: Exchange,
	expected?: TlsExpectation,
): asserts exchange is TerminatedExchange;
export function assertTermination(loadBalancer: LoadBalancer, expected?: SeenExpectation): void;
export function assertTermination(exchanges: ExchangeSource, expected?: TlsExpectation): void;
export function assertTermination(source: ExchangeSource | Exchange, expected: SeenExpectation = {}): void {
	const asked = readAsked(source, expected, 'assertTermination');
	const owner = ({listener}: Exchange) => `listener ${listener}`;
	assertTls(asked, {
		what: 'TLS did not end at the load balancer',
		holds: ({client, outcome}) => client.tls !== undefined && outcome !== 'tls-handshake',
		sniOf: ({client}) => client.tls?.sni,
		owner,
		shownBy: (lb, {listener}) => lb.listeners.find(({port}) => port === listener)?.certificate?.fingerprint256,
		assertion: assertTermination,
	});
}

/**
 * The client's TLS bytes passed unread to a back-end, in each of the exchanges.
 *
 * @throws AssertionError, also where there was no exchange; EmulatorError `INVALID_EXPECTATION`
 */
export function assertPassthrough(
	exchange: Exchange,
	expected?: TlsExpectation,
): asserts exchange is PassedThroughExchange;
export function assertPassthrough(loadBalancer: LoadBalancer, expected?: SeenExpectation): void;
export function assertPassthrough(exchanges: ExchangeSource, expected?: TlsExpectation): void;
export function assertPassthrough(source: ExchangeSource | Exchange, expected: SeenExpectation = {}): void {
	const asked = readAsked(source, expected, 'assertPassthrough');
	assertTls(asked, {
		what: 'The TLS bytes of the client did not pass unread',
		holds: ({kind, client}) => kind === 'tls-passthrough' && client.tls === undefined,
		sniOf: ({clientHello}) => clientHello?.sni,
		owner: ({backend}) => (backend === undefined ? 'no back-end' : `back-end ${backend.name}`),
		shownBy: (lb, {backend}) => (backend === undefined ? undefined : lb.backend(backend.name).certificate?.fingerprint),
		assertion: assertPassthrough,
	});
}

interface Asked {
	readonly exchanges: readonly Exchange[];
	readonly loadBalancer: LoadBalancer | undefined;
	readonly sni: string | undefined;
	readonly seen: Seen | undefined;
	/** The fingerprint of the certificate that should have been seen, where it was given. */
	readonly certificate: string | undefined;
}

interface TlsAssertion {
	/** The sentence for when the first of these does not hold. */
	readonly what: string;
	readonly holds: (exchange: Exchange) => boolean;
	readonly sniOf: (exchange: Exchange) => string | undefined;
	/** Whose certificate the client should have seen, in words and by its fingerprint. */
	readonly owner: (exchange: Exchange) => string;
	readonly shownBy: (loadBalancer: LoadBalancer, exchange: Exchange) => string | undefined;
	readonly assertion: (...given: never[]) => void;
}

/** @throws EmulatorError `INVALID_EXPECTATION` */
function readAsked(source: unknown, expected: SeenExpectation, assertion: string): Asked {
	const {exchanges, loadBalancer} = exchangesOf(source, assertion);
	checkKeys(expected, ['sni', 'seen', 'certificate'], assertion);
	const {sni, seen: given, certificate} = expected;
	const seen = given === undefined ? undefined : readSeen(given, assertion);
	if (seen !== undefined && loadBalancer === undefined) {
		throw invalid(assertion, 'of exchanges alone the certificates are not known: give the load balancer');
	}
	if (certificate !== undefined && seen === undefined) {
		throw invalid(assertion, 'a certificate says nothing without the one that was seen');
	}
	const of = ({client}: Exchange) => seen?.clientPort === undefined || client.port === seen.clientPort;
	return {
		exchanges: exchanges.filter(of),
		loadBalancer,
		sni,
		seen,
		certificate: certificate === undefined ? undefined : readSeen(certificate, assertion).fingerprint,
	};
}

function assertTls(asked: Asked, how: TlsAssertion): void {
	const {exchanges, sni, seen} = asked;
	const {assertion} = how;
	const broken = exchanges.filter(exchange => !how.holds(exchange));
	if (exchanges.length === 0 || broken.length > 0) {
		throw failure({
			what: exchanges.length === 0 ? noExchange(seen) : how.what,
			actual: broken.map(inWords),
			expected: assertion.name.slice('assert'.length).toLowerCase(),
			exchanges,
			breaking: new Set(broken),
			assertion,
		});
	}
	const misnamed = exchanges.filter(exchange => sni !== undefined && how.sniOf(exchange) !== sni);
	if (misnamed.length > 0) {
		throw failure({
			what: 'The client asked for another name',
			actual: misnamed.map(exchange => how.sniOf(exchange) ?? 'no name'),
			expected: sni,
			exchanges,
			breaking: new Set(misnamed),
			assertion,
		});
	}
	assertSeen(asked, how);
}

function inWords({kind, client}: Exchange): string {
	return `${kind} ${client.tls === undefined ? 'without TLS at' : 'with TLS at'} the load balancer`;
}

/** @throws EmulatorError `INVALID_EXPECTATION` where it is not known which certificate should have been seen. */
function assertSeen({exchanges, loadBalancer, seen, certificate}: Asked, how: TlsAssertion): void {
	if (seen === undefined || loadBalancer === undefined) return;
	const {assertion, owner} = how;
	const wrong = exchanges.filter(exchange => {
		const wanted = certificate ?? how.shownBy(loadBalancer, exchange);
		if (wanted !== undefined) return wanted !== seen.fingerprint;
		const problem = `the certificate of ${owner(exchange)} is not known here`;
		throw invalid(assertion.name, problem, 'Say which one should be seen: {seen, certificate}.');
	});
	if (wrong.length === 0) return;
	const owners = [...new Set(wrong.map(exchange => `that of ${owner(exchange)}`))];
	throw failure({
		what: 'The client saw another certificate',
		actual: `that of ${ownerOf(seen.fingerprint, loadBalancer)}`,
		expected: certificate === undefined ? owners.join(', ') : `the one given, ${certificate}`,
		exchanges,
		breaking: new Set(wrong),
		assertion,
	});
}

function noExchange(seen: Seen | undefined): string {
	return seen?.clientPort === undefined
		? 'There was no exchange'
		: `There was no exchange of the client with port ${seen.clientPort}`;
}
