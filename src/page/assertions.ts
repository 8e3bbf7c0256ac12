/** The assertion of the order in which back-ends got these exchanges. */
export function orderAssertionOf(backends: readonly (string | undefined)[]): string {
	// What JSON writes of a text is one of JavaScript too.
	const names = backends.flatMap(name => (name === undefined ? [] : [JSON.stringify(name)]));
	return `assertOrder(lb, [${names.join(', ')}]);`;
}
