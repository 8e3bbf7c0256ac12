/** A place in a file. Line and column count from 1; a column is one UTF-16 unit. */
export interface Location {
	readonly file: string;
	readonly line: number;
	readonly column: number;
}

/** Longest piece of a line that an excerpt shows. */
const MAX_EXCERPT = 100;

/** The lines of a file, for showing one with a caret under the place that is meant. */
export class SourceText {
	readonly #lines: readonly string[];
	/** Indexes of lines that hold, or may hold, a piece of a private key. */
	readonly #secret = new Set<number>();

	constructor(text: string) {
		this.#lines = text.split(/\r\n|\r|\n/);
		let isInKey = false;
		for (const [index, line] of this.#lines.entries()) {
			if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(line)) isInKey = true;
			if (isInKey || line.includes('PRIVATE KEY')) this.#secret.add(index);
			if (/-----END [A-Z0-9 ]*PRIVATE KEY/.test(line)) isInKey = false;
		}
	}

	/** The line with a caret under the column; undefined for a line that is empty or holds a private key. */
	excerpt({line, column}: {readonly line: number; readonly column: number}): string | undefined {
		const text = this.#lines[line - 1];
		if (text === undefined || text.trim() === '' || this.#secret.has(line - 1)) return undefined;
		const start = column > MAX_EXCERPT - 20 ? column - 40 : 0;
		// One column each, so that the caret stands where it should, and nothing for a terminal to obey.
		const shown = text.slice(start, start + MAX_EXCERPT).replaceAll(/\p{Cc}/gu, ' ');
		const gutter = `${line}`.padStart(5);
		return `${gutter} | ${shown}\n${' '.repeat(gutter.length)} | ${' '.repeat(Math.max(0, column - 1 - start))}^`;
	}
}
