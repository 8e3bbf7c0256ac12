import type {WireFormat} from '../fields.ts';

/** JSON has a type for everything, and an unknown key is refused (recorded from OUTSCALE). */
export const JSON_FORMAT: WireFormat = {
	text: value => (typeof value === 'string' ? value : undefined),
	// A whole number that a double holds exactly or not: bounds are for those who know them.
	integer: value => (Number.isInteger(value) ? Number(value) : undefined),
	boolean: value => (typeof value === 'boolean' ? value : undefined),
	items: value => (Array.isArray(value) ? value : undefined),
	entries: value =>
		typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : undefined,
	kindOf(value) {
		if (value === null) return 'null';
		if (Array.isArray(value)) return 'a list';
		if (typeof value === 'number') return 'a number';
		return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
	},
	itemAt: (list, index) => `${list}[${index}]`,
	refusesUnknown: true,
	allowsEmpty: true,
};
