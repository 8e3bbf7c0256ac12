import {madeOnce} from '../base/made-once.ts';
import {parseYaml, type YamlDocument} from './yaml-document.ts';

/** Beyond what any configuration needs; how deep is too deep the reader of YAML says. */
const MAX_DEPTH = 50;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Reads a text that may be JSON, which is YAML too. Node's parser reads it in a fiftieth of the time, and what it reads
 * is the same; the places in the text are looked for only where something is to be told of one.
 */
export function parseJsonOrYaml(text: string): YamlDocument {
	const value = readJson(text);
	if (value === undefined) return parseYaml(text);
	const asYaml = madeOnce(() => parseYaml(text));
	return {value, faults: [], positionOf: finding => asYaml().positionOf(finding)};
}

/** The object that a text is in JSON; undefined where it is none, or has what the reader of YAML refuses. */
function readJson(text: string): object | undefined {
	if (!/^\s*\{/.test(text)) return undefined;
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		// YAML, or neither.
		return undefined;
	}
	// JSON.parse() takes the last of several entries with one key.
	const isSound = typeof value === 'object' && value !== null && keysWithin(value, MAX_DEPTH) === keysWritten(text);
	return isSound ? (value as object) : undefined;
}

/** How many keys there are in a value; NaN where it is nested too deeply. */
function keysWithin(value: unknown, depth: number): number {
	if (typeof value !== 'object' || value === null) return 0;
	if (depth === 0) return Number.NaN;
	const items: readonly unknown[] = Object.values(value);
	let keys = Array.isArray(value) ? 0 : items.length;
	for (const item of items) keys += keysWithin(item, depth - 1);
	return keys;
}

/** How many keys a text has that is JSON: each is followed by a colon. */
function keysWritten(json: string): number {
	let keys = 0;
	let isInText = false;
	for (let at = 0; at < json.length; at++) {
		const code = json.charCodeAt(at);
		if (code === QUOTE) isInText = !isInText;
		else if (!isInText) keys += code === COLON ? 1 : 0;
		else if (code === BACKSLASH) at++;
	}
	return keys;
}
