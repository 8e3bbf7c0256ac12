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
	/** Indexes of lines that hold, or may hold, a piece of a private key, or a secret key. */
	readonly #secret = new Set<number>();

	constructor(text: string) {
		this.#lines = text.split(/\r\n|\r|\n/);
		let isInKey = false;
		for (const [index, line] of this.#lines.entries()) {
			if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(line)) isInKey = true;
			if (isInKey || line.includes('PRIVATE KEY')) this.#secret.add(index);
			if (/-----END [A-Z0-9 ]*PRIVATE KEY/.test(line)) isInKey = false;
		}
		for (const index of secretLines(this.#lines)) this.#secret.add(index);
	}

	/** The line with a caret under the column; undefined for a line that is empty or may hold a secret. */
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

/** Entries of `control` that hold no secret; an entry that is misspelt may be `credentials`. */
const OPEN_ENTRY =
	/^(\s+)(port|host|names|dialect|strict|lifecycle|faithfulHealth|accessLogs)\s*:(?!.*(?:cred|secret))/i;

const OTHER_SECTION = /^(?:account|vms|certificates|backends|loadBalancers|x-[\w-]+)\s*:/;

/**
 * The lines in which credentials may stand, told from the text alone, because a file that cannot be parsed is shown as
 * well: from `control`, or the first line that speaks of credentials, to another section. Where
 * braces stay open, lines say nothing of where a section ends, and all that follow are among them.
 */
function* secretLines(lines: readonly string[]): Iterable<number> {
	let isInside = false;
	const isFlow = /^\s*[{[]/.test(lines.find(line => /^\s*[^\s#]/.test(line)) ?? '');
	let isToTheEnd = false;
	let indent: string | undefined;
	for (const [index, line] of lines.entries()) {
		if (/cred|secret|passw/i.test(line) || /(?:^|[{,\s])["']?control["']?\s*:/i.test(line)) {
			if (!isInside) indent = undefined;
			isInside = true;
			isToTheEnd ||= isFlow || countOf('{', line) !== countOf('}', line);
			yield index;
			continue;
		}
		if (isInside && !isToTheEnd && OTHER_SECTION.test(line)) isInside = false;
		if (!isInside) continue;
		const open = isToTheEnd ? null : OPEN_ENTRY.exec(line);
		indent ??= /^(\s+)\S/.exec(line)?.[1];
		if (open === null || open[1] !== indent) yield index;
	}
}

function countOf(character: string, line: string): number {
	return line.split(character).length;
}
