import type {Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import type {FaultPlace, NormalisedFault, NormalisedFaultRule} from './fault.ts';

/**
 * The text form of a fault rule: words of `key:value` between spaces, the place first.
 *
 * `backend:app-1 reset:on-reuse`, `listener:443 latency:200ms jitter:50ms`, `backend:b status:503 body:"try later" times:2`
 *
 * A key alone is `true` (`backend:b refuse`). `"…"` keeps spaces, and `\"` and `\\` stand for themselves in it.
 * `headers:"Retry-After: 1"` may be repeated.
 */
const IN_FAULT = {
	latency: 'text',
	jitter: 'text',
	bandwidth: 'number',
	slice: 'number',
	delay: 'text',
	limit: 'number',
	slowClose: 'text',
	reset: 'flag or text',
	close: 'flag',
	refuse: 'flag',
	blackhole: 'flag',
	status: 'number',
	body: 'text',
	headers: 'fields',
	code: 'text',
	throttle: 'flag',
	garbage: 'number',
	truncate: 'number',
	contentLength: 'number',
	tls: 'text',
} as const;

const IN_RULE = {
	direction: 'text',
	skip: 'number',
	times: 'number',
	every: 'number',
	path: 'text',
	header: 'text',
	sni: 'text',
	operation: 'text',
} as const;

type Kind = (typeof IN_FAULT)[keyof typeof IN_FAULT] | (typeof IN_RULE)[keyof typeof IN_RULE];

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
	...Object.entries(IN_FAULT),
	...Object.entries(IN_RULE),
]);
const PLACES = ['backend', 'listener', 'api'] as const;

/** A rule as a text says it, not validated: what a description or `inject()` would be given. */
export interface RawFaultRule {
	readonly [key: string]: unknown;
	readonly do: Readonly<Record<string, unknown>>;
}

/**
 * Reads the text form. What it says is not validated yet, apart from the keys.
 *
 * @returns the rule; or everything that could not be read, with empty paths.
 */
export function readFaultText(text: string): {readonly rule: RawFaultRule} | {readonly violations: Violation[]} {
	const violations: Violation[] = [];
	const rule: Record<string, unknown> = {};
	const fault: Record<string, unknown> = {};
	for (const {key, value} of wordsIn(text)) {
		if (isPlace(key)) {
			if ('on' in rule) violations.push({path: [], message: `${quote(key)} names a second place; one rule has one`});
			rule['on'] = value === undefined ? key : `${key}:${value}`;
			continue;
		}
		const known = [...KINDS.keys()].find(each => each.toLowerCase() === key.replaceAll('-', '').toLowerCase());
		const kind = known === undefined ? undefined : KINDS.get(known);
		if (known === undefined || kind === undefined) {
			const keys = [...PLACES, ...KINDS.keys()];
			violations.push({
				path: [],
				message: `${quote(key)} is no word of a fault; allowed are ${keys.join(', ')}`,
				hint: didYouMean(key, keys),
			});
			continue;
		}
		const owner = known in IN_FAULT ? fault : rule;
		if (kind === 'fields') addField(owner, known, value ?? '', violations);
		else if (known in owner) violations.push({path: [], message: `${quote(known)} is said twice`});
		else owner[known] = readValue(kind, value);
	}
	if (!('on' in rule) && violations.length === 0) {
		violations.push({
			path: [],
			message: `a fault needs its place, ${alternatives(['backend:NAME', 'listener:PORT', 'api'])}`,
			hint: 'such as "backend:app-1 reset:on-reuse"',
		});
	}
	return violations.length > 0 ? {violations} : {rule: {...rule, do: fault}};
}

/** The text form of a rule; {@link readFaultText} reads it back. Defaults are left out. */
export function faultText(rule: NormalisedFaultRule): string {
	const {direction, skip, times, every, path, header, sni, operation} = rule;
	const words = [
		placeText(rule.on),
		...wordsOf(rule.do),
		...word('direction', direction === 'down' ? undefined : direction),
		...word('path', path),
		...word('header', header && headerText(header)),
		...word('sni', sni),
		...word('operation', operation),
		...word('skip', skip === 0 ? undefined : skip),
		...word('times', times),
		...word('every', every === 1 ? undefined : every),
	];
	return words.join(' ');
}

/** `backend:app-1`, `listener:443`, `api`. */
export function placeText(place: FaultPlace): string {
	if (place.kind === 'backend') return valueText(`backend:`, place.name);
	return place.kind === 'listener' ? `listener:${place.port}` : 'api';
}

/** `X-Tenant`, `x-tenant=acme`. */
export function headerText({name, value}: {readonly name: string; readonly value: string | undefined}): string {
	return value === undefined ? name : `${name}=${value}`;
}

/** `5s`, `200ms`: as a description has a duration. */
export function durationText(ms: number): string {
	return ms >= 1000 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

function wordsOf(fault: NormalisedFault): string[] {
	switch (fault.kind) {
		case 'latency':
			return [
				`latency:${durationText(fault.latencyMs)}`,
				...(fault.jitterMs === 0 ? [] : [`jitter:${durationText(fault.jitterMs)}`]),
			];
		case 'bandwidth':
			return [`bandwidth:${fault.bytesPerSecond}`];
		case 'slice':
			return [`slice:${fault.bytes}`, ...(fault.delayMs === 0 ? [] : [`delay:${durationText(fault.delayMs)}`])];
		case 'slowClose':
			return [`slowClose:${durationText(fault.delayMs)}`];
		case 'reset':
			return [fault.when === 'at-once' ? 'reset' : `reset:${fault.when}`];
		case 'status':
			return [
				`status:${fault.status}`,
				...word('code', fault.code),
				...(fault.body === '' ? [] : word('body', fault.body)),
				...Object.entries(fault.headers).flatMap(([name, value]) => word('headers', `${name}: ${value}`)),
			];
		case 'limit':
		case 'garbage':
		case 'truncate':
		case 'contentLength':
			return [`${fault.kind}:${fault.bytes}`];
		case 'tls':
			return [`tls:${fault.how}`];
		default:
			return [fault.kind];
	}
}

function word(key: string, value: string | number | undefined): string[] {
	return value === undefined ? [] : [valueText(`${key}:`, String(value))];
}

function valueText(prefix: string, value: string): string {
	const isPlain = /^[^\s"\\]+$/.test(value);
	return `${prefix}${isPlain ? value : `"${value.replace(/["\\]/g, found => `\\${found}`)}"`}`;
}

interface Word {
	readonly key: string;
	readonly value: string | undefined;
}

/** A quote that is not closed goes to the end. */
function wordsIn(text: string): Word[] {
	return [...text.matchAll(/([^\s":]+)(?:(:)(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^\s]*)))?|\S+/gs)].map(
		([whole, key, colon, quoted, plain]) => ({
			key: key ?? whole,
			value: colon === undefined ? undefined : (quoted?.replace(/\\(.)/gs, '$1') ?? plain ?? ''),
		}),
	);
}

function isPlace(key: string): boolean {
	return PLACES.some(place => place === key);
}

function readValue(kind: Kind, value: string | undefined): unknown {
	if (value === undefined || (value === 'true' && kind.startsWith('flag'))) return true;
	return kind === 'number' && /^\d{1,15}(?:\.\d{1,15})?$/.test(value) ? Number(value) : value;
}

function addField(fault: Record<string, unknown>, key: string, text: string, violations: Violation[]): void {
	const colon = text.indexOf(':');
	if (colon < 1) {
		violations.push({path: [], message: `${quote(text)} is not a header field; write headers:"Retry-After: 1"`});
		return;
	}
	const before = fault[key] as Record<string, string> | undefined; // Nothing else is put under this key.
	fault[key] = {...before, [text.slice(0, colon)]: text.slice(colon + 1).trim()};
}
