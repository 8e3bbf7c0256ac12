import type {RequestListener} from 'node:http';
import type {Socket} from 'node:net';
import type {Clock} from '../base/clock.ts';
import {invalidDescription} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {alternatives} from '../base/suggest.ts';
import {readFaultRule} from '../configuration/describe-faults.ts';
import type {NormalisedFault} from '../model/fault.ts';
import {delayOf} from '../model/fault-count.ts';
import type {Serve} from './serve.ts';

/** What a back-end itself can do wrong; everything else is done to its connections, by the load balancer. */
export type Failure = Extract<
	NormalisedFault,
	{kind: 'status' | 'latency' | 'reset' | 'close' | 'refuse' | 'blackhole'}
>;

/**
 * Reads how a back-end is to fail.
 *
 * @param how undefined: an HTTP back-end answers 503, another one resets its connections.
 * @throws EmulatorError `INVALID_DESCRIPTION`
 */
export function readFailure(how: unknown, {name, isHttp}: {readonly name: string; readonly isHttp: boolean}): Failure {
	const given = how ?? (isHttp ? {status: 503} : {reset: true});
	const {do: fault} = readFaultRule({on: `backend:${name}`, do: given});
	const ways = [...(isHttp ? ['{status}'] : []), '{latency}', '{reset: true}', '{close}', '{refuse}', '{blackhole}'];
	if (isPossible(fault) && (isHttp || fault.kind !== 'status')) return fault;
	const what = isHttp || fault.kind !== 'status' ? 'A back-end' : 'A back-end that is not HTTP';
	throw invalidDescription('The fault', [
		{
			path: ['do'],
			message: `${what} does not fail like this by itself; allowed are ${alternatives(ways).replaceAll('"', '')}`,
			hint: `lb.inject({on: ${quote(`backend:${name}`)}, do: …}) does it at the load balancer, and spares health checks`,
		},
	]);
}

function isPossible(fault: NormalisedFault): fault is Failure {
	if (fault.kind === 'reset') return fault.when === 'at-once';
	return ['status', 'latency', 'close', 'refuse', 'blackhole'].includes(fault.kind);
}

/** How a back-end fails at the moment: of several ways the one that began last. */
export class Failing {
	readonly #clock: Clock;
	readonly #failures = new Set<{readonly failure: Failure}>();
	#hits = 0;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Undefined while it works as it should. */
	get current(): Failure | undefined {
		if (this.#failures.size === 0) return undefined;
		return [...this.#failures].at(-1)?.failure;
	}

	/** @returns what ends it; may be called again. */
	begin(failure: Failure): () => void {
		const one = {failure};
		this.#failures.add(one);
		return () => void this.#failures.delete(one);
	}

	end(): void {
		this.#failures.clear();
	}

	/** Serves connections, unless they are to fail. @param isHttp its requests are looked at one by one. */
	connections(serve: Serve, isHttp: boolean): Serve {
		return connection => {
			const failure = this.current;
			if (failure === undefined || failure.kind === 'status' || (isHttp && failure.kind === 'latency')) {
				serve(connection);
				return;
			}
			if (failure.kind === 'latency') {
				connection.once(
					'close',
					this.#clock.after(this.#delayOf(failure), () => serve(connection)),
				);
			} else failConnection(connection, failure);
		};
	}

	/** Serves requests, unless they are to fail: also those on a connection that was open before. */
	requests(listener: RequestListener): RequestListener {
		return (request, response) => {
			const failure = this.current;
			if (failure?.kind === 'latency') {
				response.once(
					'close',
					this.#clock.after(this.#delayOf(failure), () => listener(request, response)),
				);
			} else if (failure?.kind === 'status') {
				const {status, headers, body} = failure;
				request.resume();
				request.on('end', () => {
					response.statusCode = status;
					for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
					response.end(body);
				});
			} else if (failure?.kind === 'blackhole') request.resume();
			else listener(request, response);
		};
	}

	#delayOf(failure: Extract<Failure, {kind: 'latency'}>): number {
		return delayOf(failure, {seed: 0, id: 0, hit: this.#hits++});
	}
}

function failConnection(connection: Socket, {kind}: Failure): void {
	if (kind === 'blackhole') {
		// Read, so that its end is seen.
		connection.resume();
		connection.once('end', () => connection.destroy());
	} else if (kind === 'reset') connection.resetAndDestroy();
	else connection.destroy();
}
