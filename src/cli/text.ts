import {styleText} from 'node:util';
import {wallMs} from '../base/timers.ts';

/** The role of a piece of text, which decides its colour. */
export type Tone = 'name' | 'good' | 'bad' | 'warning' | 'faint';

const FORMATS = {name: 'bold', good: 'green', bad: 'red', warning: 'yellow', faint: 'dim'} as const;

/** Colours text for a stream, if the stream is a terminal and NO_COLOR is not set (https://no-color.org). */
export type Paint = (tone: Tone, text: string) => string;

/** The paint of one stream. `FORCE_COLOR` also colours streams that are not terminals. */
export function paintFor(stream: NodeJS.WritableStream): Paint {
	const tones = Object.entries(FORMATS).map(([tone, format]) => {
		const [before = '', after = ''] = styleText(format, '|', {stream, validateStream: true}).split('|');
		return [tone, {before, after}] as const;
	});
	// Computed once: a line has several tones, and there may be thousands of lines per second.
	const marks = new Map<string, {readonly before: string; readonly after: string}>(tones);
	if (tones.every(([, {before}]) => before === '')) return (_, text) => text;
	return (tone, text) => {
		const {before = '', after = ''} = marks.get(tone) ?? {};
		return `${before}${text}${after}`;
	};
}

/** Control, format and line-separating characters: they could move the cursor, forge a line or reverse text. */
const PLAIN = /^[\x20-\x7e]*$/;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Makes foreign text safe to print on one line: invisible characters are escaped, so that a request can neither forge a
 * second line nor control a terminal.
 */
export function printable(text: string, maxLength = 200): string {
	const shown = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
	if (PLAIN.test(shown)) return shown;
	return shown.replaceAll(UNPRINTABLE, character => {
		const code = character.codePointAt(0) ?? 0;
		return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
	});
}

/** Rows as text with aligned columns, two spaces apart. */
export function columns(rows: readonly (readonly string[])[]): string[] {
	const widths: number[] = [];
	for (const row of rows) {
		for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
	}
	return rows.map(row =>
		row
			.map((cell, index) => cell.padEnd(widths[index] ?? 0))
			.join('  ')
			.trimEnd(),
	);
}

/** Whole days from now until a moment; negative for a past one. */
export function daysUntil(moment: Date, now = wallMs()): number {
	// Adding zero turns -0 into 0.
	return Math.trunc((moment.getTime() - now) / 86_400_000) + 0;
}

/** `3 listeners`, `1 listener`. */
export function countOf(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
