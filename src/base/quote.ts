/** Longest piece of a given text that a message repeats. */
const MAX_QUOTED = 60;

/**
 * A text as a message repeats it: in quotes, escaped, shortened, so that no text can fill a screen or forge a line.
 * A private key, which anybody may paste into the wrong place, is not repeated at all.
 */
export function quote(text: string): string {
	if (isPrivateKey(text)) return '(private key)';
	return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** Whether a text is, or holds, PEM of a private key. */
export function isPrivateKey(text: string): boolean {
	return /PRIVATE KEY/i.test(text);
}
