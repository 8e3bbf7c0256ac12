import {quote} from '../base/quote.ts';
import type {ExchangeSummary} from './summary.ts';

/** An exchange as a filter looks at it. What is not known is not there, and matches nothing. */
export interface FilterSubject extends ExchangeSummary {
	/** The whole target, where the summary's is cut. */
	readonly wholeTarget?: string;
	/** Names of the fields that the load balancer added to the request. */
	readonly added?: () => readonly string[];
	/** The values of a field of the request, by its lower-case name. */
	readonly field?: (name: string) => readonly string[];
}

/** One thing in a filter that means nothing. */
export interface FilterRemark {
	readonly message: string;
	readonly hint?: string | undefined;
}

export interface TrafficFilter {
	matches(subject: FilterSubject): boolean;
	/** What was not understood; such a term is looked for as text. */
	readonly remarks: readonly FilterRemark[];
}

/** @param texts what words are looked for in, in lower case. */
type Test = (subject: FilterSubject, texts: () => readonly string[]) => boolean;

/** How long a filter may be: thousands of exchanges are asked for each of its terms, with every letter that is written. */
export const MOST_CHARACTERS = 1000;

/** `didYouMean` of `base/suggest.ts`. The page has it only when it is needed. */
export type Suggest = (given: string, candidates: Iterable<string>) => string | undefined;

/** The keys of a filter and what may follow them. */
const KEYS: ReadonlyMap<string, (value: string) => Test | string> = new Map<string, (value: string) => Test | string>([
	['lb', textIn(({lb}) => [lb])],
	['port', numberIn(({port}) => port)],
	['backend', textIn(({backend}) => [backend])],
	['status', statusIn],
	['method', textIn(({method}) => [method])],
	['path', pathIn],
	['host', textIn(({host}) => [host, host.replace(/:\d+$/, '')])],
	['outcome', textIn(({outcome}) => [outcome])],
	['kind', textIn(({kind}) => [kind])],
	['client', textIn(({client}) => [client, client.replace(/:\d+$/, '')])],
	['id', numberIn(({id}) => id)],
	['ms', numberIn(({ms}) => ms)],
	['tls', tlsIn],
	['sni', textIn(({sni}) => [sni])],
	['added', textIn(({added}) => added?.() ?? [])],
	['header', headerIn],
	['reused', value => flagIn(value, ({reused}) => reused)],
	['fault', textIn(({fault}) => [fault])],
	['is', stateIn],
]);

/** Keys whose values are numbers. */
const NUMERIC: ReadonlySet<string> = new Set(['port', 'status', 'id', 'ms']);

/**
 * Reads a filter of exchanges: terms between spaces, all of which must match. `key:value` asks for one property, a word
 * alone for a target, host or cause that contains it; `-` before a term negates it, and `"…"` keeps spaces. In values
 * `*` stands for anything; case does not count. Nothing passes a filter of more than {@link MOST_CHARACTERS} characters.
 *
 * - `lb port backend method host client outcome kind sni added fault`: that value, `backend:app-*`
 * - `path`: the beginning of the path, `path:/api`
 * - `status`: `503`, `5xx` or `500..504`; `id`, `port`, `ms`: a number, `10..20`, or with `>`, `<`: `ms>100`
 * - `tls`: `none`, `1.2` or `1.3`; `header:NAME` or `header:NAME=VALUE`: a field of the request
 * - `reused:yes`, `reused:no`; `is:open`, `is:failed` (an outcome that is not ok, or a status of 500 and more)
 */
export function readFilter(text: string, suggest?: Suggest): TrafficFilter {
	if (text.length > MOST_CHARACTERS) {
		const message = `a filter has at most ${MOST_CHARACTERS} characters, and this one has ${text.length}`;
		return {matches: () => false, remarks: [{message}]};
	}
	/** A term that is written twice is looked at once. */
	const tests = new Map<string, Test>();
	const remarks: FilterRemark[] = [];
	const remark = (message: string, key?: string) => {
		if (key === undefined) remarks.push({message});
		else remarks.push({message, hint: suggest?.(key, KEYS.keys()) ?? 'text with a colon stands in quotes'});
	};
	for (const term of termsIn(text)) if (!tests.has(term.written)) tests.set(term.written, readTerm(term, remark));
	const all = [...tests.values()];
	return {
		matches: subject => {
			let lowered: readonly string[] | undefined;
			const texts = () => {
				lowered ??= textsOf(subject);
				return lowered;
			};
			return all.every(test => test(subject, texts));
		},
		remarks,
	};
}

/** What words are looked for in. */
function textsOf({target, wholeTarget = target, host, cause}: FilterSubject): string[] {
	return [wholeTarget, host, cause].map(text => text.toLowerCase());
}

interface Term {
	readonly written: string;
	readonly negated: boolean;
	readonly text: string;
	/** Whether it begins with a quote: it is text, whatever is in it. */
	readonly quoted: boolean;
}

/** The terms, without their quotes. A quote that is not closed goes to the end. */
function termsIn(text: string): Term[] {
	return [...text.matchAll(/(-?)((?:"[^"]*(?:"|$)|[^\s"])+)/g)].map(([written, minus = '', body = '']) => ({
		written,
		negated: minus === '-',
		text: body.replaceAll('"', ''),
		quoted: body.startsWith('"'),
	}));
}

/** Tells of something that means nothing; with the key where that is unknown. */
type Remark = (message: string, key?: string) => void;

function readTerm({negated, text, quoted}: Term, remark: Remark): Test {
	const test = quoted ? wordTest(text) : readPlain(text, remark);
	return negated ? (subject, texts) => !test(subject, texts) : test;
}

function readPlain(text: string, remark: Remark): Test {
	const [, key, operator = '', value = ''] = /^([A-Za-z]+)(:|[<>]=?)(.*)$/s.exec(text) ?? [];
	if (key === undefined) return wordTest(text);
	const read = KEYS.get(key.toLowerCase());
	if (read === undefined) {
		remark(`${quote(key)} is no key of a filter; the keys are ${[...KEYS.keys()].join(', ')}`, key);
		return wordTest(text);
	}
	const test = readValue(read, {key, operator, value});
	if (typeof test === 'function') return test;
	remark(`${quote(text)}: ${test}`);
	return wordTest(text);
}

/** @returns why it means nothing, where that is so. */
function readValue(
	read: (value: string) => Test | string,
	{key, operator, value}: {readonly key: string; readonly operator: string; readonly value: string},
): Test | string {
	if (operator === ':') return read(value);
	if (NUMERIC.has(key.toLowerCase())) return read(`${operator}${value}`);
	return '">" and "<" are for numbers: port, status, id and ms';
}

/** What is contained in a target, host or cause. */
function wordTest(word: string): Test {
	const wanted = word.toLowerCase();
	return (_, texts) => texts().some(text => text.includes(wanted));
}

/** Whether a text is a value in which `*` stands for anything. Linear in both. */
function isLike(text: string, parts: readonly string[]): boolean {
	const [first = '', ...rest] = parts;
	if (!text.startsWith(first)) return false;
	const last = rest.pop();
	if (last === undefined) return text === first;
	let from = first.length;
	for (const part of rest) {
		const at = text.indexOf(part, from);
		if (at === -1) return false;
		from = at + part.length;
	}
	return text.length - last.length >= from && text.endsWith(last);
}

function likeTest(value: string): (text: string) => boolean {
	const parts = value.toLowerCase().split('*');
	return text => isLike(text.toLowerCase(), parts);
}

function textIn(read: (subject: FilterSubject) => readonly (string | undefined)[]): (value: string) => Test | string {
	return value => {
		if (value === '') return 'a value is missing after the colon';
		const like = likeTest(value);
		return subject => read(subject).some(text => text !== undefined && like(text));
	};
}

function pathIn(value: string): Test | string {
	if (value === '') return 'a path is missing after the colon, such as "/api"';
	const like = likeTest(value.endsWith('*') ? value : `${value}*`);
	return ({target, wholeTarget = target}) => like(wholeTarget);
}

function headerIn(value: string): Test | string {
	const [, name = '', wanted] = /^([^=]*)(?:=(.*))?$/s.exec(value) ?? [];
	if (name === '') return 'the name of a field is missing, such as "header:X-Request-Id=42"';
	const like = wanted === undefined ? () => true : likeTest(wanted);
	return ({field}) => field?.(name.toLowerCase()).some(like) ?? false;
}

const NUMBER = /^(?:(>=?|<=?)?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?))$/;

function numberIn(read: (subject: FilterSubject) => number): (value: string) => Test | string {
	return value => {
		const [, operator, number, from, to] = NUMBER.exec(value) ?? [];
		if (from !== undefined) return subject => read(subject) >= Number(from) && read(subject) <= Number(to);
		if (number === undefined) return 'a number is needed, such as 100, 10..20, >100 or <=5';
		return subject => compare(read(subject), operator, Number(number));
	};
}

function compare(value: number, operator: string | undefined, bound: number): boolean {
	switch (operator) {
		case '>':
			return value > bound;
		case '>=':
			return value >= bound;
		case '<':
			return value < bound;
		case '<=':
			return value <= bound;
		default:
			return value === bound;
	}
}

function statusIn(value: string): Test | string {
	const hundreds = /^([1-5])xx$/i.exec(value)?.[1];
	if (hundreds !== undefined) return ({status}) => Math.floor(status / 100) === Number(hundreds);
	const test = numberIn(({status}) => status)(value);
	return typeof test === 'string' ? 'a status is needed, such as 503, 5xx, 500..504 or >=500' : test;
}

function tlsIn(value: string): Test | string {
	if (value.toLowerCase() === 'none') return ({tls}) => tls === undefined;
	const version = /^(?:TLSv)?(1(?:\.[0-3])?)$/i.exec(value)?.[1];
	if (version === undefined) return 'a version of TLS is needed: none, 1.2 or 1.3';
	return ({tls}) => tls === `TLSv${version}`;
}

function flagIn(value: string, read: (subject: FilterSubject) => boolean): Test | string {
	const said = value.toLowerCase();
	if (said === 'yes' || said === 'true') return read;
	if (said === 'no' || said === 'false') return subject => !read(subject);
	return 'yes or no is needed';
}

function stateIn(value: string): Test | string {
	const state = value.toLowerCase();
	if (state === 'open') return ({open}) => open;
	if (state === 'failed') return isFailed;
	return `"open" or "failed" is needed`;
}

/** Whether an exchange went wrong: it ended otherwise than well, or its answer says so. */
export function isFailed({open, outcome, status}: Pick<ExchangeSummary, 'open' | 'outcome' | 'status'>): boolean {
	return !open && (outcome !== 'ok' || status >= 500);
}
