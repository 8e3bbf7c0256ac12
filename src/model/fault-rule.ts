import {type Duration, millisecondsIn} from '../base/duration.ts';
import type {Violation} from '../base/errors.ts';
import {quote, show} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import {
	DIRECTIONS,
	type Fault,
	type FaultKind,
	type FaultPlace,
	type FaultRule,
	type NormalisedFault,
	type NormalisedFaultRule,
	RESETS,
	SHAPING,
} from './fault.ts';
import {violationsOfPattern} from './pattern.ts';

/** Bounds of our own: what a test may want, and no more than a process can hold. */
export const MAX_FAULT_BYTES = 2 ** 31 - 1;
/** Garbage and an answer's body are made at once. */
export const MAX_MADE_BYTES = 1_048_576;
/** Largest wait Node's timers keep. */
const MAX_MS = 2_147_483_647;

/** A rule whose shape has been read: what was wrong by its type is missing, and has been told. */
export type ShapedFaultRule = {
	readonly [Key in Exclude<keyof FaultRule, 'do'>]?: FaultRule[Key] | string | undefined;
} & {
	readonly do?: Readonly<Record<string, unknown>> | undefined;
};

type Found = (path: readonly (string | number)[], message: string, hint?: string) => void;

/**
 * Validates a rule by itself, whatever it is armed for, and fills in its defaults.
 *
 * @returns every violation, with its path in the rule; the rule counts only where there is none.
 */
export function normaliseFaultRule(shape: ShapedFaultRule): {
	readonly rule: NormalisedFaultRule | undefined;
	readonly violations: readonly Violation[];
} {
	const violations: Violation[] = [];
	const found: Found = (path, message, hint) => violations.push({path, message, hint});
	const on = readPlace(shape.on, found);
	// What `readShape` let through has one of the shapes of a fault, with holes.
	const fault = shape.do === undefined ? undefined : normaliseFault(shape.do as FaultHoles, found);
	const direction = DIRECTIONS.find(each => each === (shape.direction ?? 'down'));
	if (direction === undefined)
		found(['direction'], `${show(shape.direction)} is not a direction; allowed are ${alternatives(DIRECTIONS)}`);
	const skip = wholeIn(shape.skip, {least: 0, path: ['skip'], what: 'a number of those to skip'}, found) ?? 0;
	const times = wholeIn(shape.times, {least: 1, path: ['times'], what: 'a number of times'}, found);
	const every = wholeIn(shape.every, {least: 1, path: ['every'], what: 'a step'}, found) ?? 1;
	const filters = {
		path: patternIn(shape.path, 'path', found),
		header: headerIn(shape.header, found),
		sni: patternIn(shape.sni, 'sni', found),
		operation: operationIn(shape.operation, found),
	};
	if (on !== undefined && fault !== undefined) tellMisfits(shape, {on, fault}, found);
	if (on === undefined || fault === undefined || direction === undefined) return {rule: undefined, violations};
	return {rule: {on, do: fault, direction, skip, times, every, ...filters}, violations};
}

/** Reads where a fault is. */
function readPlace(on: string | undefined, found: Found): FaultPlace | undefined {
	if (on === undefined) return undefined;
	if (on === 'api') return {kind: 'api'};
	const colon = on.indexOf(':');
	const kind = colon === -1 ? on : on.slice(0, colon);
	const name = colon === -1 ? '' : on.slice(colon + 1);
	if (kind === 'backend' && name !== '') return {kind, name};
	if (kind === 'listener' && /^\d{1,5}$/.test(name) && Number(name) >= 1 && Number(name) <= 65_535) {
		return {kind, port: Number(name)};
	}
	const allowed = '"backend:NAME", "listener:PORT" or "api"';
	if (kind === 'listener' && name !== '') {
		found(['on'], `${quote(name)} is not a port; write the listener's port as it was written, 1 to 65535`);
	} else {
		const hint = didYouMean(kind, ['backend', 'listener', 'api']);
		found(['on'], `${quote(on)} is no place of a fault; allowed are ${allowed}`, hint);
	}
	return undefined;
}

/** The keys of every fault, each of which may be missing because it was wrong. */
type KeysOf<Union> = Union extends unknown ? keyof Union : never;
type ValueOf<Union, Key extends PropertyKey> = Union extends unknown
	? Key extends keyof Union
		? Union[Key]
		: never
	: never;
type FaultHoles = {readonly [Key in KeysOf<Fault>]?: ValueOf<Fault, Key> | undefined};

function normaliseFault(given: FaultHoles, found: Found): NormalisedFault | undefined {
	const ms = (key: 'latency' | 'jitter' | 'delay' | 'slowClose') => durationIn(given[key], key, found);
	const bytes = (
		key: 'bandwidth' | 'slice' | 'limit' | 'garbage' | 'truncate' | 'contentLength',
		least: number,
		most?: number,
	) => wholeIn(given[key], {least, most: most ?? MAX_FAULT_BYTES, path: ['do', key], what: 'a number of bytes'}, found);
	if ('latency' in given) {
		const latencyMs = ms('latency');
		const jitterMs = ms('jitter') ?? 0;
		return latencyMs === undefined ? undefined : {kind: 'latency', latencyMs, jitterMs};
	}
	if ('bandwidth' in given) {
		const bytesPerSecond = bytes('bandwidth', 1);
		return bytesPerSecond === undefined ? undefined : {kind: 'bandwidth', bytesPerSecond};
	}
	if ('slice' in given) {
		const size = bytes('slice', 1);
		const delayMs = ms('delay') ?? 0;
		return size === undefined ? undefined : {kind: 'slice', bytes: size, delayMs};
	}
	if ('slowClose' in given) {
		const delayMs = ms('slowClose');
		return delayMs === undefined ? undefined : {kind: 'slowClose', delayMs};
	}
	if ('reset' in given) return resetIn(given.reset, found);
	if ('status' in given) return statusIn(given, found);
	if ('tls' in given && given.tls !== undefined) return {kind: 'tls', how: given.tls};
	for (const kind of ['close', 'refuse', 'blackhole', 'throttle'] as const) if (given[kind] === true) return {kind};
	for (const kind of ['limit', 'truncate', 'contentLength'] as const) {
		const size = kind in given ? bytes(kind, 0) : undefined;
		if (size !== undefined) return {kind, bytes: size};
	}
	const size = 'garbage' in given ? bytes('garbage', 1, MAX_MADE_BYTES) : undefined;
	return size === undefined ? undefined : {kind: 'garbage', bytes: size};
}

function resetIn(given: string | true | undefined, found: Found): NormalisedFault | undefined {
	if (given === undefined) return undefined;
	const when = given === true ? 'at-once' : RESETS.find(each => each === given);
	if (when !== undefined) return {kind: 'reset', when};
	const message = `${show(given)} is not a time of a reset; allowed are true for at once, ${alternatives(RESETS)}`;
	found(['do', 'reset'], message, typeof given === 'string' ? didYouMean(given, RESETS) : undefined);
	return undefined;
}

/** Fields of an answer that say where it ends, which the load balancer writes itself. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'connection']);

function statusIn({status, body = '', headers = {}, code}: FaultHoles, found: Found): NormalisedFault | undefined {
	const path = ['do', 'status'];
	const read = wholeIn(status, {least: 200, most: 599, path, what: 'a status of an answer'}, found);
	if (body.length > MAX_MADE_BYTES) {
		found(['do', 'body'], `the body has ${body.length} characters; allowed are at most ${MAX_MADE_BYTES}`);
	}
	if (body !== '' && (status === 204 || status === 304)) {
		found(['do', 'body'], `an answer with status ${status} has no body`);
	}
	for (const [name, value] of Object.entries(headers)) {
		// RFC 9110 section 5.1 and 5.5.
		if (!/^[!#$%&'*+.^_`|~\w-]{1,256}$/.test(name)) {
			found(['do', 'headers', name], `${quote(name)} is not the name of a header field`);
		} else if (FRAMING.has(name.toLowerCase())) {
			found(['do', 'headers', name], `${quote(name)} is written by the load balancer; leave it away`);
		} else if (value === undefined || !/^[\t\x20-\x7e\x80-\xff]{0,8192}$/.test(value)) {
			found(['do', 'headers', name], `${quote(value)} is not the value of a header field: visible latin1 characters`);
		}
	}
	if (code !== undefined && !/^[\w.:-]{1,100}$/.test(code)) {
		found(
			['do', 'code'],
			`${quote(code)} is not the code of an error; allowed are 1 to 100 of letters, digits and _ . : -`,
		);
	}
	return read === undefined ? undefined : {kind: 'status', status: read, body, headers, code};
}

function durationIn(given: Duration | undefined, key: string, found: Found): number | undefined {
	const ms = millisecondsIn(given);
	if (ms !== undefined && ms > MAX_MS) {
		found(['do', key], `${show(given)} is too long; allowed are up to ${MAX_MS} ms`);
		return undefined;
	}
	return ms;
}

interface Whole {
	readonly least: number;
	readonly most?: number;
	readonly path: readonly string[];
	readonly what: string;
}

/** What is allowed, in words. */
export function wholeNumbers(least: number, most = MAX_FAULT_BYTES): string {
	return `whole numbers from ${least} to ${most}`;
}

function wholeIn(given: unknown, {least, most, path, what}: Whole, found: Found): number | undefined {
	if (given === undefined) return undefined;
	if (typeof given === 'number' && Number.isInteger(given) && given >= least && given <= (most ?? MAX_FAULT_BYTES)) {
		return given;
	}
	found(path, `${show(given)} is not ${what}; allowed are ${wholeNumbers(least, most)}`);
	return undefined;
}

function patternIn(text: string | undefined, key: 'path' | 'sni', found: Found): string | undefined {
	if (text === undefined) return undefined;
	if (text === '') found([key], 'the pattern is empty', 'leave it away to take all of them');
	for (const {message, hint} of violationsOfPattern(text, key === 'path' ? 'path' : 'host'))
		found([key], message, hint);
	return text;
}

function headerIn(text: string | undefined, found: Found): NormalisedFaultRule['header'] {
	if (text === undefined) return undefined;
	const [, name, value] = /^([!#$%&'*+.^_`|~\w-]{1,256})(?:=(.*))?$/s.exec(text) ?? [];
	if (name !== undefined) return {name: name.toLowerCase(), value};
	const hint = text.includes(':') ? 'a value stands behind "="' : undefined;
	found(['header'], `${quote(text)} is no filter of a header; write "X-Tenant", or "X-Tenant=acme"`, hint);
	return undefined;
}

function operationIn(text: string | undefined, found: Found): string | undefined {
	if (text === undefined || /^[A-Za-z0-9*]{1,100}$/.test(text)) return text;
	found(
		['operation'],
		`${quote(text)} is no action of an API; write a name such as "CreateLoadBalancer", or "Create*"`,
	);
	return undefined;
}

const OF_API: ReadonlySet<FaultKind> = new Set(['latency', 'status', 'throttle']);

/** What does not go together, whatever it is armed for. */
function tellMisfits(
	shape: ShapedFaultRule,
	{on, fault}: {readonly on: FaultPlace; readonly fault: NormalisedFault},
	found: Found,
): void {
	const {kind} = fault;
	if (on.kind === 'api') {
		if (!OF_API.has(kind))
			found(['do'], `${quote(kind)} does not go with "api"; allowed are latency, status and throttle`);
		for (const key of ['direction', 'path', 'header', 'sni'] as const) {
			if (shape[key] !== undefined)
				found([key], `${quote(key)} does not go with "api"`, 'a call is chosen by `operation`');
		}
		return;
	}
	if (kind === 'throttle') found(['do', 'throttle'], '"throttle" goes with "api" only', 'write {status: 429} here');
	if (kind === 'status' && fault.code !== undefined) {
		found(['do', 'code'], '"code" goes with "api" only', 'an answer to a client has a status, headers and a body');
	}
	if (shape.operation !== undefined) {
		found(['operation'], '"operation" goes with "api" only', 'a request is chosen by `path`, `header` or `sni`');
	}
	if (shape.direction !== undefined && !SHAPING.has(kind)) {
		found(['direction'], `"direction" does not go with ${quote(kind)}; it goes with ${[...SHAPING].join(', ')}`);
	}
}
