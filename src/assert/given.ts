import {EmulatorError} from '../base/errors.ts';
import {quote, show} from '../base/quote.ts';
import {didYouMean} from '../base/suggest.ts';
import type {LoadBalancer} from '../emulator/load-balancer.ts';
import type {Exchange} from '../observability/exchange.ts';

/** What an assertion looks at: a load balancer with all of its record, or some exchanges, such as `lb.traffic.to('a')`. */
export type ExchangeSource = LoadBalancer | Iterable<Exchange>;

/** Exchanges in the order of the record, and where they are from. */
export interface GivenExchanges {
	readonly exchanges: readonly Exchange[];
	/** The load balancer, where that was given. */
	readonly loadBalancer: LoadBalancer | undefined;
}

/** @throws EmulatorError `INVALID_EXPECTATION` for anything else. */
export function exchangesOf(source: unknown, assertion: string): GivenExchanges {
	if (isLoadBalancer(source)) return {exchanges: [...source.traffic], loadBalancer: source};
	if (isExchange(source)) return {exchanges: [source], loadBalancer: undefined};
	if (typeof source === 'object' && source !== null && Symbol.iterator in source && isIterable(source)) {
		return {exchanges: [...source].map(each => exchangeOf(each, assertion)), loadBalancer: undefined};
	}
	throw notGiven(source, assertion, 'a load balancer or its exchanges');
}

/** @throws EmulatorError `INVALID_EXPECTATION` for anything that is not an exchange. */
export function exchangeOf(given: unknown, assertion: string): Exchange {
	if (isExchange(given)) return given;
	const hint = isLoadBalancer(given) ? 'The newest exchange of a load balancer is lb.traffic.last().' : undefined;
	throw notGiven(given, assertion, 'an exchange', hint);
}

/** @throws EmulatorError `INVALID_EXPECTATION` for anything that is not a load balancer. */
export function loadBalancerOf(given: unknown, assertion: string): LoadBalancer {
	if (isLoadBalancer(given)) return given;
	throw notGiven(given, assertion, 'a load balancer');
}

/**
 * That a load balancer has, or had, a back-end of this name: an expectation of one that never was would hold for ever.
 *
 * @throws EmulatorError `NO_SUCH_BACKEND`, `INVALID_EXPECTATION` for anything that is not a name.
 */
export function checkBackend(loadBalancer: LoadBalancer | undefined, name: unknown, assertion: string): void {
	if (typeof name !== 'string' || name === '') {
		throw invalid(assertion, `a back-end is given by its name, not by ${show(name)}`);
	}
	if (loadBalancer === undefined || loadBalancer.backends.some(backend => backend.name === name)) return;
	if (Object.hasOwn(loadBalancer.traffic.counts(), name)) return;
	for (const {attempts} of loadBalancer.traffic) if (attempts.some(({backend}) => backend === name)) return;
	loadBalancer.backend(name);
}

/** @throws EmulatorError `FORGOTTEN` when older exchanges are no longer kept: what holds of all of them cannot be said. */
export function checkWhole(loadBalancer: LoadBalancer | undefined, assertion: string): void {
	const forgotten = loadBalancer?.traffic.forgotten ?? 0;
	if (forgotten === 0) return;
	const message = `${assertion}() looks at every exchange, and ${forgotten} older ones are no longer kept`;
	throw new EmulatorError('FORGOTTEN', message, {
		hint: 'Keep more with record: {exchanges: …}, or begin anew with traffic.clear().',
	});
}

/**
 * That what is expected is an object with no other keys than these.
 *
 * @throws EmulatorError `INVALID_EXPECTATION`
 */
export function checkKeys(given: unknown, allowed: readonly string[], assertion: string): void {
	if (typeof given !== 'object' || given === null || Array.isArray(given)) {
		throw invalid(assertion, `takes an object with any of ${allowed.join(', ')}, not ${show(given)}`);
	}
	for (const key of Object.keys(given)) {
		if (!allowed.includes(key)) {
			throw invalid(assertion, `${quote(key)} is not one of ${allowed.join(', ')}`, didYouMean(key, allowed));
		}
	}
}

export function invalid(assertion: string, problem: string, hint?: string): EmulatorError<'INVALID_EXPECTATION'> {
	return new EmulatorError('INVALID_EXPECTATION', `${assertion}(): ${problem}`, {hint});
}

function notGiven(
	given: unknown,
	assertion: string,
	wanted: string,
	hint?: string,
): EmulatorError<'INVALID_EXPECTATION'> {
	if (isPromise(given)) return invalid(assertion, `takes ${wanted}, not a promise of one`, 'Await it first.');
	if (typeof given === 'object' && given !== null && 'loadBalancers' in given) {
		return invalid(
			assertion,
			`takes ${wanted}, not an emulator`,
			"Give one of its load balancers: emulator.get('web').",
		);
	}
	return invalid(assertion, `takes ${wanted}, not ${show(given)}`, hint);
}

/** By what assertions use of it: it may be of another copy of the package. */
function isLoadBalancer(given: unknown): given is LoadBalancer {
	return (
		typeof given === 'object' && given !== null && 'traffic' in given && 'backends' in given && 'listeners' in given
	);
}

/** What is printed as JSON has no `summary`: it is not the record itself. */
function isExchange(given: unknown): given is Exchange {
	return typeof given === 'object' && given !== null && 'attempts' in given && 'outcome' in given && 'summary' in given;
}

function isIterable(given: object): given is Iterable<unknown> {
	return Symbol.iterator in given && typeof given[Symbol.iterator] === 'function';
}

function isPromise(given: unknown): boolean {
	return typeof given === 'object' && given !== null && 'then' in given;
}
