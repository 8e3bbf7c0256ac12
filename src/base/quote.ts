/** Longest piece of a given text that a message repeats. */
const MAX_QUOTED = 60;

/** A text as a message repeats it: in quotes, escaped, shortened, so that no text can fill a screen or forge a line. */
export function quote(text: string): string {
	return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
