/** The longest part of a given text that a message repeats. */
const MAX_QUOTED = 60;

const HIDDEN_KEY = '(private key)';

/**
 * What the first and the last line of a key have in common. Between the words is white space, in plain form, as in URLs
 * (also encoded twice), or escaped.
 */
const PRIVATE_KEY = /PRIVATE(?:[\s+]|%(?:25)?20|%(?:25)?0[AD]|\\[nrt]){1,3}KEY/i;
const BLANK = /[\s+]|%(?:25)?20|%(?:25)?0[AD]|\\[nrt]/i;

/** How far before that `BEGIN` or `END` may stand: `-----BEGIN ENCRYPTED PRIVATE KEY-----`. */
const MAX_LABEL = 60;
const MAY_BE_CONTENT = /[A-Za-z0-9+/=\s\\%:,-]/;

/**
 * A text as a message repeats it: in quotes, escaped and shortened, so that it can neither fill the screen nor forge a
 * line.
 *
 * Everything that a user wrote goes through here ({@link show} for values of any type) on its way into a message,
 * because only here is the whole text known: private keys, which people paste into wrong places, are not repeated, nor
 * is what follows `credentials:`.
 */
export function quote(text: string): string {
	if (isPrivateKey(text)) return HIDDEN_KEY;
	const shown = text.replace(/(credentials["']?\s*[:=]).+/is, '$1…');
	return JSON.stringify(shown.length > MAX_QUOTED ? `${shown.slice(0, MAX_QUOTED)}…` : shown);
}

/**
 * A value as a message repeats it: JSON, shortened. Private keys are never shown, nor are values that may contain one.
 */
export function show(value: unknown): string {
	switch (typeof value) {
		case 'string':
			return quote(value);
		case 'object':
			if (value === null) return 'nothing';
			return Array.isArray(value) ? `a list of ${value.length}` : showObject(value);
		case 'function':
			return 'a function';
		default:
			return String(value);
	}
}

/** Only its keys: a value may be a secret. */
function showObject(value: object): string {
	if (value instanceof Uint8Array) return `${value.length} bytes`;
	const keys = Object.keys(value);
	if (keys.length === 0) return '{}';
	const shown = keys.slice(0, 4).map(key => (isPrivateKey(key) ? HIDDEN_KEY : key.slice(0, MAX_QUOTED)));
	return `{${shown.join(', ')}${keys.length > shown.length ? ', …' : ''}}`;
}

/** Whether a text contains the PEM of a private key. */
export function isPrivateKey(text: string): boolean {
	return PRIVATE_KEY.test(text);
}

/**
 * A message without private keys. The second line of defence behind {@link quote}: all text of errors, warnings and the
 * command line passes through here, also what Node or a library put into it.
 */
export function withoutSecrets(text: string): string {
	let kept = '';
	let rest = text;
	/** Whether the current position is inside a key, before its last line. */
	let isInKey = false;
	for (;;) {
		const found = PRIVATE_KEY.exec(rest);
		if (found === null) return isInKey ? kept : kept + rest;
		const before = rest.slice(0, found.index);
		const boundary = boundaryBefore(before);
		const after = found.index + found[0].length;
		if (!isInKey) {
			if (boundary === 'BEGIN') kept += `${withoutDashes(before.slice(0, before.lastIndexOf(boundary)))}${HIDDEN_KEY}`;
			else if (boundary === 'END') kept += `${withoutContent(before)}${HIDDEN_KEY}`;
			// The words occur in prose.
			else kept += rest.slice(0, after);
		}
		if (boundary !== undefined) isInKey = boundary === 'BEGIN';
		rest = rest.slice(after);
		if (boundary === 'END') rest = rest.replace(/^[A-Z ]{0,8}-{1,5}/i, '');
	}
}

/** Whether a first or a last line of PEM stops at the end of this text, before the words `PRIVATE KEY`. */
function boundaryBefore(text: string): 'BEGIN' | 'END' | undefined {
	const words = text.slice(-MAX_LABEL).split(BLANK);
	for (const word of words.reverse()) {
		if (/(?:^|-)BEGIN$/.test(word)) return 'BEGIN';
		if (/(?:^|-)END$/.test(word)) return 'END';
		if (!/^[A-Z0-9]*$/.test(word)) return undefined;
	}
	return undefined;
}

function withoutDashes(text: string): string {
	let length = text.length;
	while (length > 0 && text[length - 1] === '-') length--;
	return text.slice(0, length);
}

/** Removes what may be the content of a key whose first line was cut off. */
function withoutContent(text: string): string {
	let length = text.length;
	while (length > 0 && MAY_BE_CONTENT.test(text[length - 1] ?? '')) length--;
	return text.slice(0, length);
}
