import type {LoadBalancer} from '../emulator/load-balancer.ts';
import {failure} from './failure.ts';
import {checkBackend, checkWhole, type ExchangeSource, exchangesOf, loadBalancerOf} from './given.ts';
import {concerns} from './traffic.ts';

/**
 * A back-end has left without loss: it is no longer registered, nothing is in flight at it, and all that it was given
 * ended well, be it elsewhere.
 *
 * @throws AssertionError; EmulatorError `NO_SUCH_BACKEND`, `FORGOTTEN`, `INVALID_EXPECTATION`
 */
export function assertDrained(loadBalancer: LoadBalancer, backend: string): void {
	const {traffic, backends} = loadBalancerOf(loadBalancer, 'assertDrained');
	checkBackend(loadBalancer, backend, 'assertDrained');
	checkWhole(loadBalancer, 'assertDrained');

	const exchanges = [...traffic].filter(exchange => concerns(exchange, backend));
	const breaking = new Set(exchanges.filter(({outcome}) => outcome !== 'ok'));
	const registered = backends.find(({name}) => name === backend);
	if (registered === undefined && breaking.size === 0) return;
	const open = exchanges.filter(({outcome}) => outcome === 'open').length;
	throw failure({
		what:
			registered !== undefined
				? `Back-end ${backend} is still registered`
				: open > 0
					? `Back-end ${backend} has left, and still open there: ${open}`
					: `Back-end ${backend} left with loss`,
		actual: {registered: registered !== undefined, open, failed: breaking.size - open},
		expected: {registered: false, open: 0, failed: 0},
		exchanges,
		breaking,
		assertion: assertDrained,
	});
}

/**
 * Every exchange has ended, and ended well: its outcome is `ok`. A back-end's own answer of any status is passed on well;
 * one that a fault has made in its place, or cut, is a loss.
 *
 * @throws AssertionError, also where there was no exchange; EmulatorError `FORGOTTEN`, `INVALID_EXPECTATION`
 */
export function assertNoLoss(source: ExchangeSource): void {
	const {exchanges, loadBalancer} = exchangesOf(source, 'assertNoLoss');
	checkWhole(loadBalancer, 'assertNoLoss');

	const breaking = exchanges.filter(({outcome}) => outcome !== 'ok');
	if (breaking.length === 0 && exchanges.length > 0) return;
	throw failure({
		what:
			exchanges.length === 0
				? 'There was no exchange'
				: `Not every exchange ended well: ${breaking.length} of ${exchanges.length} did not`,
		actual: exchanges.length === 0 ? undefined : breaking.map(({outcome}) => outcome),
		expected: 'every outcome ok',
		exchanges,
		breaking: new Set(breaking),
		assertion: assertNoLoss,
	});
}
