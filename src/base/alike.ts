import {isDeepStrictEqual} from 'node:util';

/**
 * Whether two descriptions say the same: what `isDeepStrictEqual` of Node says of plain data, at a fraction of its cost.
 * A reload compares every load balancer of a configuration, and a change every back-end.
 */
export function isAlike(one: unknown, other: unknown): boolean {
	if (Object.is(one, other)) return true;
	if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
	const prototype: unknown = Object.getPrototypeOf(one);
	if (prototype !== Object.getPrototypeOf(other)) return false;
	if (Array.isArray(one)) {
		return (
			Array.isArray(other) && one.length === other.length && one.every((item, index) => isAlike(item, other[index]))
		);
	}
	// Any object of these prototypes can be read by its keys.
	if (prototype === Object.prototype || prototype === null) return areEntriesAlike(one as Plain, other as Plain);
	// Most maps of a description are empty.
	if (one instanceof Map && other instanceof Map && one.size + other.size === 0) return true;
	return isDeepStrictEqual(one, other);
}

type Plain = Readonly<Record<string, unknown>>;

function areEntriesAlike(one: Plain, other: Plain): boolean {
	const keys = Object.keys(one);
	return (
		keys.length === Object.keys(other).length &&
		keys.every(key => Object.hasOwn(other, key) && isAlike(one[key], other[key]))
	);
}
