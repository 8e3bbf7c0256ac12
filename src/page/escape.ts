import {grouped} from './time.ts';

/**
 * What would be invisible on the screen, or would change the order of what stands around it: control characters, marks of
 * writing direction, characters without width, and halves of surrogate pairs.
 *
 * @see Unicode Standard Annex 9, section 2; Unicode Standard, section 23.2
 */
const INVISIBLE =
	/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A text of a client or a back-end as one line: what is invisible stands as `\u{202e}`. */
export function visible(text: string): string {
	return text.replace(INVISIBLE, each => `\\u{${each.charCodeAt(0).toString(16)}}`);
}

/** As `visible`, but line breaks and tabs stay, for texts of several lines. */
export function visibleLines(text: string): string {
	return text
		.replaceAll('\r\n', '\n')
		.replace(INVISIBLE, each => (each === '\n' || each === '\t' ? each : `\\u{${each.charCodeAt(0).toString(16)}}`));
}

/** The beginning of a text, and how much of it is not shown. */
export function cut(text: string, most: number): string {
	if (text.length <= most) return text;
	// Never half of a surrogate pair.
	const end = /[\ud800-\udbff]/.test(text[most - 1] ?? '') ? most - 1 : most;
	return `${text.slice(0, end)}… (${grouped(text.length - end)} more characters)`;
}

/** Whether a text is not meant to be read: it has characters that no text has, or was no UTF-8. */
export function isBinary(text: string): boolean {
	return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffd]/.test(text);
}
