import {isDeepStrictEqual} from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {isAlike} from '../../src/base/alike.ts';
import {runs} from '../helpers/depth.ts';

/** Few keys and few values, so that pairs are often alike. */
const described = fc.letrec(tie => ({
	any: fc.oneof(
		{depthSize: 'small'},
		fc.constantFrom(undefined, null, true, '', 'a', 0, -0, Number.NaN),
		fc.constantFrom(new Uint8Array([1]), new Map(), new Map([['a', 1]]), new Set(), new Set(['a']), new Date(0)),
		fc.array(tie('any'), {maxLength: 3}),
		fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('any'), {maxKeys: 3}),
		fc.dictionary(fc.constantFrom('a', 'b'), tie('any'), {maxKeys: 2, noNullPrototype: true}),
	),
})).any;

test('what is alike is what Node takes for equal', t => {
	fc.assert(
		fc.property(described, described, (one, other) => {
			t.is(isAlike(one, other), isDeepStrictEqual(one, other));
			t.true(isAlike(one, structuredCloneWithPrototypes(one)));
		}),
		{numRuns: runs(1000)},
	);
});

/** Another value with the same content: nothing in it is the same object. */
function structuredCloneWithPrototypes(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(structuredCloneWithPrototypes);
	if (typeof value !== 'object' || value === null) return value;
	const prototype: object | null = Object.getPrototypeOf(value);
	if (prototype !== Object.prototype && prototype !== null) return structuredClone(value);
	const copy: object = Object.create(prototype);
	for (const [key, item] of Object.entries(value)) {
		const own = {value: structuredCloneWithPrototypes(item), enumerable: true, writable: true, configurable: true};
		Object.defineProperty(copy, key, own);
	}
	return copy;
}

test('descriptions that differ in one key, one item or one kind are not alike', t => {
	t.false(isAlike({a: 1}, {a: 1, b: undefined}));
	t.false(isAlike({a: undefined}, {b: undefined}));
	t.false(isAlike([1], [1, undefined]));
	t.false(isAlike({}, []));
	t.false(isAlike(new Map(), new Set()));
	t.false(isAlike(new Map(), new Map([['a', 1]])));
	t.false(isAlike(Object.create(null), {}));
	t.false(isAlike(new Uint8Array([1]), new Uint8Array([2])));
});
