import {quote, show} from '../base/quote.ts';
import type {Exchange} from '../observability/exchange.ts';
import {failure} from './failure.ts';
import {checkKeys, exchangeOf, invalid} from './given.ts';

export interface HeaderOptions {
	/** Whose field it is: that of the request as the back-end received it, unless `response` is given. */
	readonly of?: 'request' | 'response';
}

/**
 * The request has a header field with this value, as the back-end received it; or the response, as the client did. The
 * case of the name does not count. Values of a repeated field are joined with `, `.
 *
 * @throws AssertionError; EmulatorError `INVALID_EXPECTATION`
 */
export function assertHeader(
	exchange: Exchange,
	name: string,
	value: string | RegExp,
	options: HeaderOptions = {},
): void {
	const {actual, facts, of} = fieldOf(exchange, name, options, 'assertHeader');
	if (typeof value !== 'string' && !(value instanceof RegExp)) {
		throw invalid(
			'assertHeader',
			`a value is text or a regular expression, not ${show(value)}`,
			'That a field is absent is what assertNoHeader() says.',
		);
	}
	if (actual !== undefined && (typeof value === 'string' ? actual === value : actual.search(value) !== -1)) return;
	throw failure({
		what: `The ${of} ${actual === undefined ? 'has no' : 'has another'} ${name}`,
		actual,
		expected: value,
		exchanges: [exchange],
		facts,
		assertion: assertHeader,
	});
}

/**
 * The request, as the back-end received it, or the response has no header field of this name.
 *
 * @throws AssertionError, also where there was no request or response; EmulatorError `INVALID_EXPECTATION`
 */
export function assertNoHeader(exchange: Exchange, name: string, options: HeaderOptions = {}): void {
	const {actual, facts, of, isThere} = fieldOf(exchange, name, options, 'assertNoHeader');
	if (actual === undefined && isThere) return;
	throw failure({
		what: isThere ? `The ${of} has a ${name}` : `There is no ${of}`,
		actual,
		expected: undefined,
		exchanges: [exchange],
		facts,
		assertion: assertNoHeader,
	});
}

/**
 * An exchange took more than one attempt. With names: those back-ends were tried, in this order.
 *
 * @throws AssertionError; EmulatorError `INVALID_EXPECTATION`
 */
export function assertRetried(exchange: Exchange, backends?: readonly string[]): void {
	exchangeOf(exchange, 'assertRetried');
	if (backends !== undefined && !(Array.isArray(backends) && backends.length > 1)) {
		throw invalid('assertRetried', "back-ends that were tried are a list of two or more names: ['a', 'b']");
	}
	const actual = exchange.attempts.map(({backend}) => backend);
	const same =
		backends === undefined || (backends.length === actual.length && backends.every((name, i) => name === actual[i]));
	if (actual.length > 1 && same) return;
	throw failure({
		what: actual.length > 1 ? 'Other back-ends were tried' : 'There was no second attempt',
		actual,
		expected: backends === undefined ? 'two attempts or more' : [...backends],
		exchanges: [exchange],
		assertion: assertRetried,
	});
}

/** @throws EmulatorError `INVALID_EXPECTATION` */
function fieldOf(given: Exchange, name: string, options: HeaderOptions, assertion: string) {
	const exchange = exchangeOf(given, assertion);
	if (typeof name !== 'string' || name === '') throw invalid(assertion, `a field has a name, not ${show(name)}`);
	checkKeys(options, ['of'], assertion);
	const {of = 'request'} = options;
	if (of !== 'request' && of !== 'response') {
		throw invalid(assertion, `of is "request" or "response", not ${show(of)}`);
	}
	const {headers} = exchange[of];
	const names = Object.keys(headers);
	const added = of === 'request' ? exchange.added.map(([field, value]) => `${field}: ${value}`) : [];
	return {
		of,
		actual: headers[name.toLowerCase()],
		isThere: of === 'request' ? exchange.request.method !== '' : exchange.response.status !== 0,
		// Values may be secrets; what the load balancer has added is not.
		facts: [
			names.length === 0 ? `there was no ${of}` : `its fields: ${names.map(field => quote(field)).join(', ')}`,
			...(added.length === 0 ? [] : [`added by the load balancer: ${added.join(', ')}`]),
		],
	};
}
