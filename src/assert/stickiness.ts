import {show} from '../base/quote.ts';
import type {Exchange} from '../observability/exchange.ts';
import {failure} from './failure.ts';
import {checkBackend, checkKeys, checkWhole, type ExchangeSource, exchangesOf, invalid} from './given.ts';

export interface StickinessExpectation {
	/** How many sessions there are at most: exchanges without a cookie that binds them. 1 unless given: one client. */
	readonly sessions?: number;
	/** The back-end that gets all of them. */
	readonly backend?: string;
}

/**
 * Clients stayed at their back-ends: every exchange was kept by its cookie, but for the first one of each session. It
 * takes two exchanges at least. Those for which no back-end was chosen, such as refused requests, are left out.
 *
 * @throws AssertionError; EmulatorError `FORGOTTEN`, `NO_SUCH_BACKEND`, `INVALID_EXPECTATION`
 */
export function assertStickiness(source: ExchangeSource, expected: StickinessExpectation = {}): void {
	const {exchanges, loadBalancer} = exchangesOf(source, 'assertStickiness');
	checkKeys(expected, ['sessions', 'backend'], 'assertStickiness');
	const {sessions = 1, backend} = expected;
	if (!Number.isSafeInteger(sessions) || sessions < 1) {
		throw invalid('assertStickiness', `sessions is a number from 1 on, not ${show(sessions)}`);
	}
	if (backend !== undefined) checkBackend(loadBalancer, backend, 'assertStickiness');
	checkWhole(loadBalancer, 'assertStickiness');

	const chosen = exchanges.filter(({why}) => why.candidates.length > 0);
	const begun = chosen.filter(exchange => verdictOf(exchange) === 'none' && exchange.backend !== undefined);
	const breaking = new Set([
		...chosen.filter(exchange => !begun.includes(exchange) && verdictOf(exchange) !== 'kept'),
		...begun.slice(sessions),
		...chosen.filter(exchange => backend !== undefined && exchange.backend?.name !== backend),
	]);
	if (breaking.size === 0 && chosen.length > 1) return;
	throw failure({
		what: whatBroke(chosen, {begun: begun.length, sessions}),
		actual: chosen.map(exchange => `${exchange.backend?.name ?? 'no back-end'} ${verdictOf(exchange)}`),
		expected: `each but the first of ${sessions === 1 ? 'one session' : `at most ${sessions} sessions`} kept${backend === undefined ? '' : `, all at ${backend}`}`,
		exchanges,
		breaking,
		assertion: assertStickiness,
	});
}

function verdictOf({why}: Exchange): 'kept' | 'gone' | 'none' | 'expired' | 'without stickiness' {
	return why.sticky?.verdict ?? 'without stickiness';
}

function whatBroke(
	chosen: readonly Exchange[],
	{begun, sessions}: {readonly begun: number; readonly sessions: number},
): string {
	if (chosen.length < 2) return 'One exchange, or none, shows nothing of stickiness';
	const without = chosen.find(({why}) => why.sticky === undefined);
	if (without !== undefined) return `Listener ${without.listener} has no stickiness`;
	if (begun > sessions) return `${begun} exchanges came without a cookie that binds them`;
	return 'A client did not stay at its back-end';
}
