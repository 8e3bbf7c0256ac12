import {quote, show} from '../base/quote.ts';
import type {LoadBalancer} from '../emulator/load-balancer.ts';
import type {Exchange} from '../observability/exchange.ts';
import {failure} from './failure.ts';
import {checkBackend, type ExchangeSource, exchangesOf, invalid} from './given.ts';

/**
 * The back-ends got the exchanges in exactly this order. Exchanges that reached none are left out, as in
 * `lb.traffic.order()`.
 *
 * @throws AssertionError; EmulatorError `NO_SUCH_BACKEND`, `INVALID_EXPECTATION`
 */
export function assertOrder(source: ExchangeSource, order: readonly string[]): void {
	const {exchanges, loadBalancer} = exchangesOf(source, 'assertOrder');
	if (!Array.isArray(order)) throw invalid('assertOrder', "an order is a list of names: ['a', 'b']");
	for (const name of order) checkBackend(loadBalancer, name, 'assertOrder');

	const served = exchanges.filter(({backend}) => backend !== undefined);
	const actual = served.map(({backend}) => backend?.name ?? '');
	const breaking = new Set(served.filter((_, index) => actual[index] !== order[index]));
	if (breaking.size === 0 && actual.length === order.length) return;
	throw failure({
		what: 'The back-ends did not get the exchanges in this order',
		actual,
		expected: [...order],
		exchanges,
		breaking,
		assertion: assertOrder,
	});
}

/** Back-ends that share all exchanges, or how many each of them gets. */
export type Spread = readonly string[] | Readonly<Record<string, number>>;

/**
 * The exchanges were spread. Without `expected` each registered back-end got the same number, give or take one; with a
 * list of names each of those did, and nobody else got any; with numbers by name, each got exactly so many, and nobody
 * else got any. Exchanges of a load balancer that are no longer kept are counted, too.
 *
 * @throws AssertionError, also where there was no exchange; EmulatorError `NO_SUCH_BACKEND`, `INVALID_EXPECTATION`
 */
export function assertBalance(source: ExchangeSource, expected?: Spread): void {
	const {exchanges, loadBalancer} = exchangesOf(source, 'assertBalance');
	const wanted = expected ?? loadBalancer?.backends.map(({name}) => name);
	if (wanted === undefined) {
		throw invalid('assertBalance', "of exchanges alone the back-ends are not known: give their names, ['a', 'b']");
	}
	const names = namesIn(wanted);
	for (const name of names) checkBackend(loadBalancer, name, 'assertBalance');

	const counts = loadBalancer?.traffic.counts() ?? countsOf(exchanges);
	const all = [...new Set([...names, ...Object.keys(counts)])];
	const actual = Object.fromEntries(all.map(name => [name, counts[name] ?? 0]));
	const total = Object.values(actual).reduce((sum, count) => sum + count, 0);
	const wrong = all.filter(name => !isItsShare(name, actual[name] ?? 0, wanted, total));
	if (wrong.length === 0 && total > 0) return;
	throw failure({
		what: total === 0 ? 'No back-end got an exchange' : 'The exchanges were not spread like this',
		actual,
		expected: isList(wanted) ? `as many to each of ${names.join(', ')}, give or take one` : {...wanted},
		exchanges,
		breaking: new Set(exchanges.filter(({backend}) => wrong.includes(backend?.name ?? ''))),
		facts: outOfService(loadBalancer),
		assertion: assertBalance,
	});
}

/**
 * Nothing came to a load balancer, or nothing went to one of its back-ends, not even an attempt to connect. Of
 * exchanges that are no longer kept only the back-end that got them is known.
 *
 * @throws AssertionError; EmulatorError `NO_SUCH_BACKEND`, `INVALID_EXPECTATION`
 */
export function assertNoTraffic(source: ExchangeSource, backend?: string): void {
	const {exchanges, loadBalancer} = exchangesOf(source, 'assertNoTraffic');
	if (backend !== undefined) checkBackend(loadBalancer, backend, 'assertNoTraffic');

	const breaking = backend === undefined ? exchanges : exchanges.filter(exchange => concerns(exchange, backend));
	const {traffic} = loadBalancer ?? {};
	const actual =
		backend === undefined
			? breaking.length + (traffic?.forgotten ?? 0)
			: Math.max(breaking.length, traffic?.counts()[backend] ?? 0);
	if (actual === 0) return;
	throw failure({
		what: backend === undefined ? 'There was traffic' : `There was traffic at back-end ${backend}`,
		actual,
		expected: 0,
		exchanges: breaking,
		assertion: assertNoTraffic,
	});
}

/** Whether an exchange was with a back-end, or was tried there. */
export function concerns({backend, attempts}: Exchange, name: string): boolean {
	return backend?.name === name || attempts.some(attempt => attempt.backend === name);
}

function isList(wanted: Spread): wanted is readonly string[] {
	return Array.isArray(wanted);
}

/** @throws EmulatorError `INVALID_EXPECTATION` for what says nothing about a spread. */
function namesIn(wanted: Spread): readonly string[] {
	if (typeof wanted !== 'object' || wanted === null) {
		throw invalid('assertBalance', `expected names, ['a', 'b'], or numbers by name, {a: 2, b: 1}, not ${show(wanted)}`);
	}
	for (const [name, count] of isList(wanted) ? [] : Object.entries(wanted)) {
		if (!Number.isSafeInteger(count) || count < 0) {
			throw invalid('assertBalance', `for ${quote(name)} a number of exchanges is expected, not ${show(count)}`);
		}
	}
	const names = isList(wanted) ? wanted : Object.keys(wanted);
	if (names.length === 0) throw invalid('assertBalance', 'there is no back-end to spread exchanges over');
	return names;
}

function countsOf(exchanges: readonly Exchange[]): Record<string, number> {
	const counts = new Map<string, number>();
	for (const {backend} of exchanges) {
		if (backend !== undefined) counts.set(backend.name, (counts.get(backend.name) ?? 0) + 1);
	}
	return Object.fromEntries(counts);
}

function isItsShare(name: string, count: number, wanted: Spread, total: number): boolean {
	if (!isList(wanted)) return count === (wanted[name] ?? 0);
	return wanted.includes(name) ? Math.abs(count - total / wanted.length) < 1 : count === 0;
}

function outOfService(loadBalancer: LoadBalancer | undefined): string[] {
	const out = (loadBalancer?.backends ?? []).filter(({state}) => state !== 'InService');
	return out.map(
		({name, reason = ''}) => `${name} is out of service at the moment${reason === '' ? '' : `: ${reason}`}`,
	);
}
