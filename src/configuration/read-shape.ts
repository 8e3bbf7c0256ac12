import * as v from 'valibot';
import {readingsOf} from '../base/duration.ts';
import {show} from '../base/quote.ts';
import {alternatives, didYouMean, nearest} from '../base/suggest.ts';
import {Violations} from '../base/violations.ts';
import type {Finding, Findings} from './finding.ts';
import {NumberText} from './number-text.ts';
import {backendName, count, durationWithUnit, isDurationSchema, isPort, type KeyRemarks} from './schema-values.ts';

/** What a value of this type looks like when the parts that were wrong have been left out. */
export type Partly<T> = T extends string | number | boolean | Uint8Array | ((...args: never[]) => unknown)
	? T
	: T extends readonly (infer Item)[]
		? readonly (Partly<Item> | undefined)[]
		: {readonly [Key in keyof T]?: Partly<T[Key]> | undefined};

/**
 * Reads a value of unknown origin under a schema: every fault of shape is found, and what is sound around a fault is
 * kept, so that its neighbours can be validated as well. Only own keys are looked at, and objects come back without a
 * prototype: `__proto__` and `constructor` are keys like any other.
 *
 * The schema's own `safeParse` is asked for single values only. For objects it stops at the first unknown key, takes
 * inherited names for known ones, and gives up the sound parts.
 *
 * @param options.origin `file`: durations carry their unit. `code`, the default: a number of milliseconds will do.
 */
export function readShape<Schema extends v.GenericSchema>(
	schema: Schema,
	value: unknown,
	{origin = 'code'}: {readonly origin?: Origin} = {},
): {value: Partly<v.InferOutput<Schema>> | undefined; findings: Findings} {
	const findings: Findings = new Violations();
	const read = readAny(schema, value, {path: [], findings, origin});
	// The walk below follows the schema, so what it returns has the schema's shape with holes.
	return {value: read as Partly<v.InferOutput<Schema>> | undefined, findings};
}

/** Where a description comes from: a configuration file, or JavaScript. */
export type Origin = 'file' | 'code';

interface Place {
	readonly origin: Origin;
	readonly path: readonly (string | number)[];
	readonly findings: Findings;
	/** Whether keys were to come from elsewhere, by a merge key: what is missing is not told then. */
	readonly isPart?: boolean;
}

type Json = Record<string, unknown>;

function readAny(schema: v.GenericSchema, given: unknown, place: Place): unknown {
	const value = given instanceof NumberText ? (takesText(schema, given) ? given.text : Number(given.text)) : given;
	if (isObject(value) && Object.hasOwn(value, MERGE_KEY)) return readMerged(schema, value, place);
	if (isOptional(schema)) return readAny(schema.wrapped, value, place);
	if (isDurationSchema(schema) && place.origin === 'file') return readAny(durationWithUnit, value, place);
	if (isUnion(schema)) return readUnion(schema, value, place);
	if (isVariant(schema)) return isObject(value) ? readVariant(schema, value, place) : refuse(schema, value, place);
	if (isStrictObject(schema)) return isObject(value) ? readObject(schema, value, place) : refuse(schema, value, place);
	if (isRecord(schema)) return isObject(value) ? readRecord(schema, value, place) : refuse(schema, value, place);
	if (isArray(schema)) {
		if (!Array.isArray(value)) return refuse(schema, value, place);
		return value.map((item: unknown, index) => readAny(schema.item, item, within(place, index)));
	}
	return v.safeParse(schema, value).success ? value : refuse(schema, value, place);
}

/** Whether a number of the environment is meant as text: a number would be refused. */
function takesText(schema: v.GenericSchema, given: NumberText): boolean {
	if (isOptional(schema)) return takesText(schema.wrapped, given);
	if (!isUnion(schema)) return schema.type === 'string';
	const isNumber = schema.options.some(option => v.safeParse(option, Number(given.text)).success);
	return !isNumber && schema.options.some(option => takesText(option, given));
}

/** In YAML 1.1 this key merges a mapping into another; YAML 1.2 has left it out. */
const MERGE_KEY = '<<';

function readMerged(schema: v.GenericSchema, {[MERGE_KEY]: _, ...own}: Json, place: Place): unknown {
	place.findings.push({
		path: [...place.path, MERGE_KEY],
		at: 'key',
		message: 'merge keys ("<<") are not supported',
		hint: 'write the keys themselves here; an alias may stand for a whole value: `healthCheck: *name`',
	});
	return readAny(schema, own, {...place, isPart: true});
}

/** Reads under the alternative that the kind of the given value points at. */
function readUnion(schema: Union, value: unknown, place: Place): unknown {
	const option = isObject(value)
		? objectMeant(schema, value)
		: schema.options.find(candidate => isSameKind(candidate, value));
	return option === undefined ? refuse(schema, value, place) : readAny(option, value, place);
}

/**
 * The only object there is, or the first of those that share the most keys with what was given; a key that is nearly one
 * of theirs counts half. Nothing given is the first that asks for nothing.
 */
function objectMeant({options}: Union, value: Json): v.GenericSchema | undefined {
	const objects = options.filter(option => isVariant(option) || isStrictObject(option));
	if (objects.length === 1) return objects[0];
	let best: v.GenericSchema | undefined;
	let mostShared = 0;
	for (const option of objects) {
		const keys = isStrictObject(option) ? Object.keys(option.entries) : isVariant(option) ? [option.key] : [];
		// A variant's own key decides: it is what tells its kind of object from the others.
		const shared =
			isVariant(option) && keys.some(key => Object.hasOwn(value, key))
				? Number.POSITIVE_INFINITY
				: likenessOf(value, keys);
		if (shared > mostShared) {
			best = option;
			mostShared = shared;
		}
	}
	if (best !== undefined || Object.keys(value).length > 0) return best;
	return objects.find(option => isStrictObject(option) && Object.values(option.entries).every(isOptional));
}

/** More than any object of a description has that somebody wrote. */
const MAX_COMPARED = 100;

function likenessOf(value: Json, keys: readonly string[]): number {
	let sum = 0;
	for (const key of Object.keys(value).slice(0, MAX_COMPARED)) sum += likeness(key, keys);
	return sum;
}

function likeness(key: string, keys: readonly string[]): number {
	if (keys.includes(key)) return 1;
	return nearest(key, keys) === undefined ? 0 : 0.5;
}

/** A number out of range is still validated as a number, a list with a wrong item as a list. */
function isSameKind(schema: v.GenericSchema, value: unknown): boolean {
	if (isArray(schema)) return Array.isArray(value);
	return schema.type === typeof value || v.safeParse(schema, value).success;
}

function readVariant(schema: Variant, value: Json, place: Place): unknown {
	const kinds = new Map<string, StrictObject>();
	for (const option of schema.options) {
		const kind = isStrictObject(option) ? option.entries[schema.key] : undefined;
		if (isStrictObject(option) && kind !== undefined && isLiteral(kind)) kinds.set(String(kind.literal), option);
	}
	const given = Object.hasOwn(value, schema.key) ? value[schema.key] : undefined;
	const option = typeof given === 'string' ? kinds.get(given) : undefined;
	if (option !== undefined) return readObject(option, value, place);

	const allowed = `allowed are ${alternatives(kinds.keys())}`;
	if (given === undefined && place.isPart === true) return undefined;
	if (given === undefined) {
		place.findings.push({path: [...place.path, schema.key], message: `"${schema.key}" is missing; ${allowed}`});
	} else {
		place.findings.push({
			path: [...place.path, schema.key],
			message: `unknown ${schema.key} ${show(given)}; ${allowed}`,
			hint: typeof given === 'string' ? didYouMean(given, kinds.keys()) : undefined,
		});
	}
	return undefined;
}

function readObject(schema: StrictObject, value: Json, place: Place): Json {
	const read = emptyObject();
	for (const [key, entry] of Object.entries(schema.entries)) {
		// An `undefined` that is written out says nothing.
		const given = Object.hasOwn(value, key) ? value[key] : undefined;
		if (given !== undefined) read[key] = readAny(entry, given, within(place, key));
		else if (!isOptional(entry) && place.isPart !== true) {
			const path = [...place.path, key];
			place.findings.push(() => ({path, message: `"${key}" is missing; it is ${messageOf(entry)}`}));
		}
	}
	for (const key of Object.keys(value)) {
		if (!Object.hasOwn(schema.entries, key)) place.findings.push(() => unknownKey(schema, key, place));
	}
	return read;
}

function unknownKey(schema: StrictObject, key: string, {path}: Place): Finding {
	const remarks = remarksOf(schema);
	const remark = Object.hasOwn(remarks, key) ? remarks[key] : undefined;
	if (remark !== undefined) return {path: [...path, key], at: 'key', message: `"${key}" ${remark}`};
	const allowed = Object.keys(schema.entries);
	return {
		path: [...path, key],
		at: 'key',
		message: `unknown key ${show(key)}; allowed are ${alternatives(allowed)}`,
		hint: key.startsWith('x-')
			? 'keys that begin with "x-" go at the top of the configuration only'
			: didYouMean(key, allowed),
	};
}

function readRecord(schema: RecordOf, value: Json, place: Place): Json {
	const read = emptyObject();
	for (const [key, item] of Object.entries(value)) {
		if (item !== undefined) read[key] = readAny(schema.value, item, within(place, key));
	}
	return read;
}

function refuse(schema: v.GenericSchema, value: unknown, {path, findings, isPart}: Place): undefined {
	if (isPart === true) return undefined;
	findings.push(() => {
		const wanted = messageOf(schema);
		const message = value === null ? `the value is missing; it is ${wanted}` : `${show(value)} is not ${wanted}`;
		return {path, message, hint: hintOn(schema, value)};
	});
	return undefined;
}

function hintOn(schema: v.GenericSchema, value: unknown): string | undefined {
	const takesDuration =
		schema === durationWithUnit ||
		isDurationSchema(schema) ||
		(isUnion(schema) && schema.options.some(isDurationSchema));
	if (takesDuration) return readingsOf(value);
	if (schema === backendName && typeof value === 'number') return NAME_FOR_ADDRESS;
	if (schema === count && typeof value === 'number' && isPort(value)) return `a server of your own is [${value}]`;
	// Where text is one choice of several, true and false ask for something else than a text of that name.
	const isTextOneOf = isUnion(schema) && schema.options.some(({type}) => type === 'string');
	if ((schema.type === 'string' || isTextOneOf) && typeof value === 'number') return `put it in quotes: "${value}"`;
	if (schema.type === 'string' && value instanceof Uint8Array) return 'read the file as text: readFile(file, "utf8")';
	if (schema.type === 'string' && typeof value === 'boolean') return `put it in quotes: "${value}"`;
	if (schema.type === 'boolean' && typeof value === 'string' && /^(true|false)$/i.test(value))
		return 'leave the quotes away';
	if (isPicklist(schema) && typeof value === 'string') return didYouMean(value, schema.options.map(String));
	return hintOnList(schema, value);
}

/** What to do with an address where names of back-ends stand. */
export const NAME_FOR_ADDRESS = 'give the address a name under `backends`, and use the name here';

/** One item where a list goes, if the item can stand in that list. */
function hintOnList(schema: v.GenericSchema, value: unknown): string | undefined {
	const list = isUnion(schema) ? schema.options.find(isArray) : schema;
	if (list === undefined || !isArray(list) || isObject(value) || value === null) return undefined;
	return v.safeParse(list.item, value).success ? `a list of one is [${show(value)}]` : undefined;
}

function messageOf(schema: v.GenericSchema): string {
	if (isOptional(schema)) return messageOf(schema.wrapped);
	return 'message' in schema && typeof schema.message === 'string' ? schema.message : 'allowed here';
}

function remarksOf(schema: StrictObject): KeyRemarks['refused'] {
	const {refused} = v.getMetadata(schema) as Partial<KeyRemarks>; // Our schemas carry no other metadata of this name.
	return refused ?? {};
}

function within({path, findings, origin}: Place, key: string | number): Place {
	return {path: [...path, key], findings, origin};
}

/** Without a prototype, an entry named `__proto__` is an entry. */
function emptyObject(): Json {
	return Object.create(null) as Json; // `Object.create` is typed `any`.
}

function isObject(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

type StrictObject = v.GenericSchema & {readonly entries: Readonly<Record<string, v.GenericSchema>>};
type Union = v.GenericSchema & {readonly options: readonly v.GenericSchema[]};
type Variant = Union & {readonly key: string};
type RecordOf = v.GenericSchema & {readonly value: v.GenericSchema};

function isOptional(schema: v.GenericSchema): schema is v.GenericSchema & {readonly wrapped: v.GenericSchema} {
	return schema.type === 'exact_optional';
}
function isUnion(schema: v.GenericSchema): schema is Union {
	return schema.type === 'union';
}
function isVariant(schema: v.GenericSchema): schema is Variant {
	return schema.type === 'variant';
}
function isStrictObject(schema: v.GenericSchema): schema is StrictObject {
	return schema.type === 'strict_object';
}
function isRecord(schema: v.GenericSchema): schema is RecordOf {
	return schema.type === 'record';
}
function isArray(schema: v.GenericSchema): schema is v.GenericSchema & {readonly item: v.GenericSchema} {
	return schema.type === 'array';
}
function isLiteral(schema: v.GenericSchema): schema is v.GenericSchema & {readonly literal: unknown} {
	return schema.type === 'literal';
}
function isPicklist(schema: v.GenericSchema): schema is v.GenericSchema & {readonly options: readonly unknown[]} {
	return schema.type === 'picklist';
}
