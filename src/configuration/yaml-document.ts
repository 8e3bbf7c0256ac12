import {
	type Document,
	isAlias,
	isCollection,
	isMap,
	isScalar,
	isSeq,
	LineCounter,
	parseDocument,
	type Range,
} from 'yaml';
import {messageOf} from '../base/errors.ts';
import type {Finding} from './finding.ts';

/** Most aliases one document may resolve: a handful is a convenience, thousands are an attack. */
const MAX_ALIASES = 100;

/** Most faults of syntax that are told: the first is the cause, the others follow from it. */
const MAX_SYNTAX_FAULTS = 5;

/** Where a fault stands in a text. Line and column count from 1. */
export interface Position {
	readonly line: number;
	readonly column: number;
}

/** A document that was read, or the faults of syntax for which it was not. */
export interface YamlDocument {
	/** Plain values; an entry named `__proto__` is an own property. undefined when there are faults. */
	readonly value: unknown;
	readonly faults: readonly {readonly position: Position; readonly message: string}[];
	/** The place that a finding about `value` means: the key, the value, or what lacks it. */
	positionOf(finding: Pick<Finding, 'path' | 'at'>): Position;
}

/**
 * Reads one YAML 1.2 document under the core schema, which covers JSON. No tags, no merge keys, text keys only, each
 * key once.
 */
export function parseYaml(text: string): YamlDocument {
	const lines = new LineCounter();
	const document = parseDocument(text, {
		lineCounter: lines,
		prettyErrors: false,
		schema: 'core',
		version: '1.2',
		stringKeys: true,
		resolveKnownTags: false,
		// `warn` would print, `silent` would let a second document pass.
		logLevel: 'error',
	});
	const position = (offset: number): Position => {
		const {line, col} = lines.linePos(offset);
		return {line: Math.max(1, line), column: Math.max(1, col)};
	};
	const faults = [...document.errors, ...document.warnings]
		.sort((one, other) => one.pos[0] - other.pos[0])
		.slice(0, MAX_SYNTAX_FAULTS)
		.map(({code, message, pos}) => ({position: position(pos[0]), message: WORDS[code] ?? withoutSource(message)}));
	const positionOf: YamlDocument['positionOf'] = finding => position(offsetOf(document, finding));
	if (faults.length > 0) return {value: undefined, faults, positionOf};
	try {
		return {value: document.toJS({maxAliasCount: MAX_ALIASES}), faults, positionOf};
	} catch (error) {
		// Too many aliases, an alias of nothing, or nesting deeper than the stack.
		const start = document.contents?.range?.[0] ?? 0;
		return {
			value: undefined,
			faults: [{position: position(start), message: withoutSource(messageOf(error))}],
			positionOf,
		};
	}
}

/** What the parser means, in words for somebody who writes a configuration. */
const WORDS: Readonly<Record<string, string>> = {
	DUPLICATE_KEY: 'this key stands twice in one mapping; keep one of the two',
	MULTIPLE_DOCS: 'a second document starts here; a configuration is one document',
	NON_STRING_KEY: 'a key is text',
	TAB_AS_INDENT: 'a tab cannot indent; use spaces',
	TAG_RESOLVE_FAILED: 'tags have no meaning in a configuration; leave this one away',
	RESOURCE_EXHAUSTION: 'nested too deeply',
	MISSING_CHAR: 'a character is missing here: a quote, a bracket, a comma or a colon',
};

/** The parser repeats what it has read after a colon or in quotes, and that may be a secret. */
function withoutSource(message: string): string {
	const at = message.search(/:\s|["']/);
	return at === -1 ? message : message.slice(0, at);
}

function offsetOf(document: Document, {path, at}: Pick<Finding, 'path' | 'at'>): number {
	let node: unknown = document.contents;
	let offset = startOf(node) ?? 0;
	for (const [index, step] of path.entries()) {
		const collection = isAlias(node) ? node.resolve(document) : node;
		if (isMap(collection)) {
			const pair = collection.items.find(({key}) => isScalar(key) && String(key.value) === String(step));
			// What is missing is told at what lacks it, where the walk has come to.
			if (pair === undefined) return offset;
			const isKeyMeant = (at === 'key' && index === path.length - 1) || isBlock(pair.value);
			offset = (isKeyMeant ? undefined : startOf(pair.value)) ?? startOf(pair.key) ?? offset;
			node = pair.value;
		} else if (isSeq(collection) && typeof step === 'number') {
			node = collection.items[step];
			offset = startOf(node) ?? offset;
		} else return offset;
	}
	return offset;
}

/** A mapping or list on lines of its own begins with its first entry, so its key is what is pointed at. */
function isBlock(node: unknown): boolean {
	return isCollection(node) && node.flow !== true;
}

function startOf(node: unknown): number | undefined {
	if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
	const range = node.range as Range | null | undefined; // As the parser sets it on each node it makes.
	return range?.[0];
}
