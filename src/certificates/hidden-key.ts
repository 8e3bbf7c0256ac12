import {inspect} from 'node:util';
import type {PemPair} from '../model/resolved.ts';

/**
 * Makes the pair print without its key: in `console.log`, in a test's failure, in an error's details. The added method
 * is not enumerable, so that copies, comparisons and JSON see a plain pair.
 */
export function withHiddenKey<Pair extends PemPair>(pair: Pair): Pair {
	return Object.defineProperty(pair, inspect.custom, {value: () => ({...pair, key: '[private key]'})});
}
