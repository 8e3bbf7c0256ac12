import {connect, type Socket} from 'node:net';
import {codeOf, formatAddress, messageOf} from '../base/errors.ts';
import {readHostName} from '../base/host-name.ts';
import {quote} from '../base/quote.ts';
import {endedByReset, resetSocket} from '../base/reset.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';
import type {RequestRefusal} from './dialect.ts';

/** Where a client wants to be led, as its `CONNECT host:port` says. */
export interface TunnelTarget {
	/** In lower case and ASCII, without the final dot; an IPv6 address without brackets. */
	readonly host: string;
	readonly port: number;
}

/** The address that a target stands for, or why it stands for none. */
export type TunnelRoute = {readonly host: string; readonly port: number} | RequestRefusal;

export type RouteTunnel = (target: TunnelTarget) => TunnelRoute;

/** How long a connection to a real host may take to be established. A guess; a load balancer here answers at once. */
const CONNECT_MS = 30_000;

/** The tunnels of one control port, from their CONNECT until both of their connections are closed. */
export class Tunnels {
	readonly #route: RouteTunnel;
	/** The connections that were made for them. */
	readonly #upstreams = new Set<Socket>();

	constructor(route: RouteTunnel) {
		this.#route = route;
	}

	/**
	 * Leads a client where it asked for. Once a tunnel is open, the client's connection is this one's: it is reset or
	 * closed with the other one.
	 *
	 * @param target as it was sent, `host:port`.
	 * @param first what the client has sent together with its CONNECT.
	 * @returns why there is no tunnel; undefined when there is one, or the client has left.
	 */
	async open(client: Socket, target: string, first: Uint8Array): Promise<RequestRefusal | undefined> {
		const read = readTarget(target);
		if ('status' in read) return read;
		const route = this.#route(read);
		if ('status' in route) return route;
		const upstream = connect({...route, allowHalfOpen: true, noDelay: true});
		this.#upstreams.add(upstream);
		upstream.on('close', () => this.#upstreams.delete(upstream));
		const failure = await connected(upstream, client);
		if (failure === undefined) join(client, upstream, first);
		return failure === undefined || client.destroyed ? undefined : refusalOf(failure, target, route);
	}

	/** Cuts every tunnel. Resolves when the connections that were made for them are closed. */
	async stop(): Promise<void> {
		await Promise.all(
			[...this.#upstreams].map(
				upstream =>
					new Promise<void>(resolve => {
						upstream.on('close', () => resolve());
						upstream.destroy();
					}),
			),
		);
	}
}

function readTarget(text: string): TunnelTarget | RequestRefusal {
	const [, bracketed, plain = '', digits] = /^(?:\[([^\]]*)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
	const host = readHostName(bracketed ?? plain.replace(/\.$/, ''));
	const port = Number(digits);
	if (host !== undefined && port >= 1 && port <= 65_535) return {host, port};
	return {status: 400, reason: `${quote(text)} is not a host and a port; CONNECT takes both, such as web.test:443`};
}

/** Resolves when a connection stands; with the error when it does not, or the client has left. */
function connected(upstream: Socket, client: Socket): Promise<unknown> {
	return new Promise(resolve => {
		let failure: unknown;
		const timer = setTimeout(() => upstream.destroy(new TooLate()), CONNECT_MS);
		const leave = () => upstream.destroy();
		const settle = (error: unknown) => {
			clearTimeout(timer);
			client.off('close', leave);
			resolve(error);
		};
		upstream.on('error', error => {
			failure ??= error;
		});
		upstream.once('connect', () => settle(client.destroyed ? leave() : undefined));
		upstream.once('close', () => settle(failure ?? 'closed'));
		client.once('close', leave);
		if (client.destroyed) leave();
	});
}

class TooLate extends Error {
	readonly code = 'ETIMEDOUT';
}

function refusalOf(error: unknown, target: string, route: {readonly host: string; readonly port: number}) {
	const where = `${quote(target)} (${formatAddress(route.host, route.port)})`;
	if (error instanceof TooLate) {
		return {status: 504, reason: `${where} did not answer within ${CONNECT_MS / 1000} s`};
	}
	return {status: 502, reason: `${where} cannot be reached: ${codeOf(error) ?? messageOf(error)}`};
}

/** Bytes both ways. The end of one direction is passed on and leaves the other open, a reset is passed on as a reset. */
function join(client: Socket, upstream: Socket, first: Uint8Array): void {
	client.write('HTTP/1.1 200 Connection established\r\n\r\n');
	if (first.length > 0) upstream.write(first);
	pass(client, upstream);
	pass(upstream, client);
}

function pass(from: Socket, to: Socket): void {
	const end = () => {
		if (endedByReset(from, from)) from.destroy();
		else to.end();
	};
	// An end without bytes is reported even before anybody reads, so it may have come already.
	if (from.readableEnded) end();
	else from.on('end', end);
	from.on('close', () => {
		const isWhole = from.readableEnded && from.writableFinished && !from.errored;
		if (!isWhole) resetSocket(to, to);
	});
	from.pipe(to, {end: false});
}
