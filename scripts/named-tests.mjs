// What compiled tests import in the place of AVA. It is the same, but for two things:
//
// - One test of a process runs after the other, in the order in which they stand: what a test waits for is its own, and
//   a slow machine is not made slower. AVA's own setting for that would also run one process after the other.
// - Where several files are loaded into one process (see group-tests.mjs), titles begin with the name of their file, and
//   all tests are declared together at the end: AVA takes none later than the first one's turn.
import test from 'ava';

let prefix;
let declarations = [];

/** Loads a file of tests under a name. */
export async function load(name, url) {
	prefix = `${name} › `;
	await import(url);
	prefix = undefined;
}

/** Declares the tests of all files that were loaded. */
export function declare() {
	for (const declaration of declarations) declaration();
	declarations = [];
}

const HOOKS = new Set(['before', 'after', 'beforeEach', 'afterEach']);
const AS_IT_IS = new Set(['macro', 'meta', 'default']);

function later(chain, changed) {
	return new Proxy(chain, {
		apply(target, self, args) {
			if (prefix === undefined) return Reflect.apply(target, self, args);
			const given = changed(args);
			declarations.push(() => Reflect.apply(target, self, given));
			return undefined;
		},
		get(target, key) {
			if (key === 'serial') return later(target, changed);
			const value = target[key] ?? test[key];
			if (typeof value !== 'function' || AS_IT_IS.has(key)) return value;
			return later(value, HOOKS.has(key) ? args => args : changed);
		},
	});
}

/** A macro can make a title of the one that is given, so its own way is taken here and not left to AVA. */
function withPrefix(args) {
	const hasTitle = typeof args[0] === 'string';
	const [implementation, ...rest] = hasTitle ? args.slice(1) : args;
	const title = hasTitle ? args[0] : undefined;
	const whole = prefix + (implementation?.title?.(title, ...rest) ?? title);
	return [whole, implementation?.exec ?? implementation, ...rest];
}

export default later(test.serial, withPrefix);
