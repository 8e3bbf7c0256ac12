/** A text as a string of JavaScript, in single quotes. */
export function scriptWord(text: string): string {
	const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
	return `'${escaped.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`;
}

/** The assertion of the order in which back-ends got these exchanges. */
export function orderAssertionOf(backends: readonly (string | undefined)[]): string {
	const names = backends.flatMap(name => (name === undefined ? [] : [scriptWord(name)]));
	return `assertOrder(lb, [${names.join(', ')}]);`;
}

/** The assertion that a field was added. */
export function headerAssertionOf(name: string, value: string): string {
	return `assertHeader(lb.traffic.last(), ${scriptWord(name.toLowerCase())}, ${scriptWord(value)});`;
}
