import type {Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';

/** What a pattern of a listener rule is held against. */
export type PatternKind = 'host' | 'path';

/** OUTSCALE API 1.40, ListenerRuleForCreation.HostNamePattern and .PathPattern. */
export const MAX_PATTERN_LENGTH = 128;
/** `*` only: `?` stands for exactly one character, and may stand as often as it fits. Same source. */
export const MAX_WILDCARDS = 3;

/** OUTSCALE API 1.40, ListenerRuleForCreation; the `&quot;` of its description is an escaped `"`. */
const ALLOWED: Readonly<Record<PatternKind, {readonly character: RegExp; readonly words: string}>> = {
	host: {character: /[A-Za-z0-9.?*-]/, words: 'letters, digits, - . and the wildcards * and ?'},
	path: {
		character: /[A-Za-z0-9_.$/~"'@:+?*-]/,
		words: `letters, digits, _ - . $ / ~ " ' @ : + and the wildcards * and ?`,
	},
};

/**
 * A pattern, taken apart once so that it can be held against every request.
 *
 * @see compilePattern
 */
export interface Pattern {
	/** As it was written. */
	readonly text: string;
	/** What must stand at the start; when there is no `*`, the whole. */
	readonly head: Piece;
	/** What must stand between, in this order. */
	readonly middle: readonly Piece[];
	/** What must stand at the end; undefined when there is no `*`. */
	readonly tail: Piece | undefined;
}

/** A run of characters of a pattern without `*`. */
interface Piece {
	readonly text: string;
	/** Without any `?`, so that it can be looked for as it is. */
	readonly literal: boolean;
}

/** `?`, which stands for any one character. */
const ANY_ONE = 0x3f;

/**
 * Takes a pattern apart: `*` is any run of characters, none included, `?` is any one character.
 *
 * Hosts are compared without case, so a host pattern comes out in lower case. A text that breaks the rules of
 * {@link violationsOfPattern} compiles too.
 *
 * @see AWS Application Load Balancer guide, listener rules: OUTSCALE does not say what its wildcards mean.
 */
export function compilePattern(text: string, kind: PatternKind): Pattern {
	const [head, ...rest] = (kind === 'host' ? text.toLowerCase() : text).split('*').map(pieceOf);
	return {
		text,
		head: head ?? pieceOf(''),
		middle: rest.slice(0, -1).filter(({text}) => text !== ''),
		tail: rest.at(-1),
	};
}

/**
 * Whether the whole of `subject` is what the pattern describes. At most `MAX_PATTERN_LENGTH` steps for each character
 * of `subject`, whatever the two say: each piece is looked for once, from where the piece before it ended.
 *
 * @param subject a host in lower case and without its port, or a path without its query.
 */
export function matchesPattern({head, middle, tail}: Pattern, subject: string): boolean {
	if (tail === undefined) return subject.length === head.text.length && isAt(head, subject, 0);
	const end = subject.length - tail.text.length;
	if (head.text.length > end || !isAt(head, subject, 0) || !isAt(tail, subject, end)) return false;

	let pos = head.text.length;
	for (const piece of middle) {
		// The first place is the best one: it leaves most for the pieces that follow.
		const found = indexOf(piece, subject, pos, end);
		if (found === -1) return false;
		pos = found + piece.text.length;
	}
	return true;
}

/**
 * Every rule that a pattern breaks; their paths are empty. An empty text is a pattern that was left away, and breaks
 * none: Terraform writes '' for the pattern that a rule does not have.
 *
 * @see OUTSCALE API 1.40, ListenerRuleForCreation
 */
export function violationsOfPattern(text: string, kind: PatternKind): Violation[] {
	const violations: Violation[] = [];
	const allowed = ALLOWED[kind];
	if (text.length > MAX_PATTERN_LENGTH) {
		violations.push({
			path: [],
			message: `the ${kind} pattern has ${text.length} characters; allowed are at most ${MAX_PATTERN_LENGTH}`,
		});
	}
	const stars = text.split('*').length - 1;
	if (stars > MAX_WILDCARDS) {
		violations.push({
			path: [],
			message: `the ${kind} pattern ${quote(text)} has ${stars} wildcards *; allowed are at most ${MAX_WILDCARDS}`,
		});
	}
	const strangers = [...new Set(text)].filter(character => !allowed.character.test(character));
	if (strangers.length > 0) {
		violations.push({
			path: [],
			message: `${quote(strangers.join(''))} may not stand in the ${kind} pattern ${quote(text)}; allowed are ${allowed.words}`,
			hint: hintOn(strangers, kind),
		});
	}
	return violations;
}

function hintOn(strangers: readonly string[], kind: PatternKind): string | undefined {
	if (kind === 'path') return undefined;
	if (strangers.includes(':')) return 'leave the port away: hosts are compared without it';
	if (strangers.includes('/')) return 'a path goes into `path`';
	return undefined;
}

function pieceOf(text: string): Piece {
	return {text, literal: !text.includes('?')};
}

function isAt({text, literal}: Piece, subject: string, pos: number): boolean {
	if (literal) return subject.startsWith(text, pos);
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code !== ANY_ONE && code !== subject.charCodeAt(pos + i)) return false;
	}
	return true;
}

/** Where the piece stands whole between `from` and `end`, -1 when it does not. */
function indexOf(piece: Piece, subject: string, from: number, end: number): number {
	const last = end - piece.text.length;
	for (let pos = from; pos <= last; pos++) if (isAt(piece, subject, pos)) return pos;
	return -1;
}
