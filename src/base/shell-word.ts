/** A path or value as one word of a POSIX shell, quoted only if necessary. */
export function shellWord(text: string): string {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : quoted(text);
}

/** A POSIX shell's command that sets a variable for its programs; a value is always quoted, as people expect to see it. */
export function exportLine([name, value]: readonly [string, string]): string {
	return `export ${name}=${quoted(value)}`;
}

function quoted(text: string): string {
	return `'${text.replaceAll("'", `'\\''`)}'`;
}
