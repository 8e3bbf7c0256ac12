/** Whether a filter asks for what no row has: the fields of a request. */
export function needsServer(filter: string): boolean {
	return /(?:^|\s)-?(?:added|header):/i.test(filter);
}
