import {AssertionError} from 'node:assert';
import type {Exchange} from '../observability/exchange.ts';
import {whyText} from '../observability/why.ts';

/** How many exchanges a message shows, and how much of each line. */
const MAX_EXCHANGES = 20;
const MAX_LINE = 300;

/** What did not hold, with what shows why. */
export interface Failure {
	/** One sentence: what did not hold. */
	readonly what: string;
	readonly actual: unknown;
	readonly expected: unknown;
	/** Those that the assertion was about, oldest first. */
	readonly exchanges: readonly Exchange[];
	/** Those of them that break the expectation; they are marked, and shown first where not all can be. */
	readonly breaking?: ReadonlySet<Exchange>;
	/** Further facts, a line each. */
	readonly facts?: readonly string[];
	/** The assertion that failed: its name is the error's `operator`, and the stack begins at who called it. */
	readonly assertion: (...given: never[]) => void;
}

/**
 * The `AssertionError` of Node, which every test runner shows. Its message has the exchanges, so that the cause can be
 * read without another run.
 */
export function failure({what, actual, expected, exchanges, breaking, facts = [], assertion}: Failure): AssertionError {
	const compared = [`  expected: ${inWords(expected)}`, `  actual:   ${inWords(actual)}`];
	const lines = [what, ...compared, ...facts.map(fact => `  ${shortened(fact)}`), ...shown(exchanges, breaking)];
	return new AssertionError({
		message: lines.join('\n'),
		actual,
		expected,
		operator: assertion.name,
		stackStartFn: assertion,
	});
}

/** A value as a message compares it; of a long list the beginning. */
function inWords(value: unknown): string {
	if (value === undefined) return 'nothing';
	if (typeof value === 'string') return shortened(value);
	if (value instanceof RegExp) return String(value);
	if (Array.isArray(value)) return value.length === 0 ? 'none' : shortened(value.join(', '));
	if (typeof value !== 'object' || value === null) return String(value);
	const fields = Object.entries(value).map(([name, each]) => `${name}: ${inWords(each)}`);
	return fields.length === 0 ? 'none' : shortened(fields.join(', '));
}

function shown(exchanges: readonly Exchange[], breaking: ReadonlySet<Exchange> = new Set()): string[] {
	if (exchanges.length === 0) return ['No exchange is in the record.'];
	const all = exchanges.length <= MAX_EXCHANGES;
	const marked = exchanges.filter(exchange => breaking.has(exchange));
	const chosen = all ? exchanges : marked.length > 0 ? marked.slice(0, MAX_EXCHANGES) : exchanges.slice(-MAX_EXCHANGES);
	const left = exchanges.length - chosen.length;
	return [
		breaking.size === 0 ? 'The exchanges:' : 'The exchanges, with > before those that break it:',
		...chosen.flatMap(exchange => linesOf(exchange, breaking.has(exchange))),
		...(left > 0 ? [`  and ${left} more`] : []),
	];
}

/** What happened, why there, and the attempts where there were several. */
function linesOf(exchange: Exchange, isBreaking: boolean): string[] {
	const why = whyText(exchange.why);
	const {attempts} = exchange;
	const tried = attempts.map(({backend, end, cause}) => `${backend} ${end}${cause === '' ? '' : ` (${cause})`}`);
	return [
		`${isBreaking ? '>' : ' '} ${shortened(String(exchange))}`,
		...(why === '' ? [] : [`      why: ${shortened(why)}`]),
		...(attempts.length > 1 ? [`      attempts: ${shortened(tried.join(', then '))}`] : []),
	];
}

function shortened(text: string): string {
	return text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text;
}
