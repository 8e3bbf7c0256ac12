import {inspect} from 'node:util';
import type {PemPair} from '../model/resolved.ts';

/**
 * The same pair, which prints without its key: in `console.log`, in a test's failure, in an error's details. What does
 * it is not enumerable, so that copies, comparisons and JSON see a plain pair.
 */
export function withHiddenKey<Pair extends PemPair>(pair: Pair): Pair {
	return Object.defineProperty(pair, inspect.custom, {value: () => ({...pair, key: '[private key]'})});
}
