import {Buffer} from 'node:buffer';

/** A method on a prototype, as it is called. */
// Whatever the method takes and returns passes through untouched.
type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The steps of some work: characters and bytes that methods of strings, regular expressions and buffers look at or copy
 * while it runs. The same on every machine, however busy, where time is not.
 *
 * A string made by concatenation is joined when it is first looked at: that costs its length, and counts once for each
 * length that is seen. What a regular expression does with a text counts as one pass over it; that none takes more is
 * what `test/regular-expressions.test.ts` is for.
 */
export async function stepsOf(work: () => void | Promise<void>): Promise<number> {
	let steps = 0;
	const lengths = new Set<number>();
	const look = (text: unknown) => {
		if (typeof text !== 'string' || lengths.has(text.length)) return;
		lengths.add(text.length);
		steps += text.length;
	};
	const undo: (() => void)[] = [];
	const count = (
		owner: object,
		names: readonly string[],
		cost: (self: unknown, args: unknown[], result: unknown) => number,
	) => {
		for (const name of names) {
			const before: unknown = Reflect.get(owner, name);
			if (typeof before !== 'function') throw new Error(`${name} is no method`);
			const counted: Method = function (...args) {
				look(this);
				const result: unknown = Reflect.apply(before, this, args);
				steps += 1 + cost(this, args, result);
				return result;
			};
			Object.defineProperty(owner, name, {value: counted, configurable: true, writable: true});
			undo.push(() => Object.defineProperty(owner, name, {value: before, configurable: true, writable: true}));
		}
	};
	const whole = (self: unknown) => sizeOf(self);
	const made = (_self: unknown, _args: unknown[], result: unknown) => sizeOf(result);

	count(String.prototype, ['charCodeAt', 'startsWith', 'endsWith'], () => 0);
	count(String.prototype, ['slice', 'substring', 'trim', 'toLowerCase'], made);
	count(String.prototype, ['split', 'replace', 'replaceAll', 'match', 'matchAll', 'search'], whole);
	count(String.prototype, ['indexOf', 'includes'], (self, [, from = 0], result) =>
		typeof result === 'number' && result !== -1 ? result - Number(from) : sizeOf(self) - Number(from),
	);
	count(String.prototype, ['lastIndexOf'], (self, _args, result) => sizeOf(self) - Number(result));
	count(RegExp.prototype, ['test', 'exec'], (_self, [text]) => {
		look(text);
		return sizeOf(text);
	});
	count(Uint8Array.prototype, ['set'], (_self, [bytes]) => sizeOf(bytes));
	count(Buffer.prototype, ['toString'], made);
	count(Buffer.prototype, ['subarray', 'readUInt8', 'readUInt16BE', 'readUIntBE'], () => 0);
	count(Buffer.prototype, ['indexOf'], (self, [, from = 0], result) =>
		Number(result) === -1 ? sizeOf(self) - Number(from) : Number(result) - Number(from),
	);
	count(Buffer, ['concat', 'from'], made);
	try {
		await work();
	} finally {
		for (const restore of undo.reverse()) restore();
	}
	return steps;
}

function sizeOf(value: unknown): number {
	return typeof value === 'string' || value instanceof Uint8Array || Array.isArray(value) ? value.length : 0;
}
