import {quote} from '../../base/quote.ts';
import {Refusal} from '../../model/refusal.ts';

/** Several times what the deepest request of the API needs. */
const MAX_DEPTH = 32;
/**
 * Of keys, of objects, and of items of all lists together. *Guess*: OUTSCALE does not say how long a list may be; AWS
 * Classic ELB registers 1,000 instances with a load balancer.
 */
const MAX_PARTS = 10_000;

/**
 * Reads the body of a request: a JSON object, or nothing at all, which stands for an empty one (the JavaScript SDK).
 * Depth, keys, objects and items of lists are counted before anything is built. A key that stands twice in one object is refused, because two
 * readers would take different ones.
 *
 * @throws Refusal `UNREADABLE_BODY`; it repeats nothing of a body that may hold a private key.
 */
export function readJsonBody(body: Uint8Array): object {
	const text = decodeUtf8(body);
	if (text.trim() === '') return {};
	const repeated = scan(text);
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
		throw unreadable(`the body is not JSON${at === undefined ? '' : `: it breaks at character ${at}`}`);
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		const what = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
		throw unreadable(`the body is ${what}; a JSON object is wanted`);
	}
	if (repeated !== undefined) throw unreadable(`the key ${quote(repeated)} stands twice in one object`);
	return value;
}

function decodeUtf8(body: Uint8Array): string {
	try {
		return new TextDecoder('utf-8', {fatal: true}).decode(body);
	} catch {
		throw unreadable('the body is not UTF-8');
	}
}

/**
 * Walks over a text that may be JSON, and holds it against the limits. Whether it is JSON is for the parser to say.
 *
 * @returns the first key that stands twice in one object.
 */
function scan(text: string): string | undefined {
	const open: (Set<string> | 'list')[] = [];
	let keys = 0;
	let objects = 0;
	let items = 0;
	let repeated: string | undefined;
	/** The string that was read last and has not been a key yet. */
	let lastString: string | undefined;
	for (let pos = 0; pos < text.length; pos++) {
		switch (text[pos]) {
			case '"': {
				const end = endOfString(text, pos);
				lastString = text.slice(pos, end + 1);
				pos = end;
				break;
			}
			case '{':
				if (++objects > MAX_PARTS) throw unreadable(`the body has more than ${MAX_PARTS} objects`);
				open.push(new Set());
				if (open.length > MAX_DEPTH) throw unreadable(`the body is nested deeper than ${MAX_DEPTH} levels`);
				break;
			case ',':
				// The first item of a list has none before it.
				if (open.at(-1) === 'list' && ++items > MAX_PARTS - 1) {
					throw unreadable(`the lists of the body have more than ${MAX_PARTS} items`);
				}
				break;
			case '[':
				open.push('list');
				if (open.length > MAX_DEPTH) throw unreadable(`the body is nested deeper than ${MAX_DEPTH} levels`);
				break;
			case '}':
			case ']':
				open.pop();
				break;
			case ':': {
				if (++keys > MAX_PARTS) throw unreadable(`the body has more than ${MAX_PARTS} keys`);
				// Without a string before it this is no JSON. One string is one key: reading it again for each of ten thousand
				// colons would cost ten thousand times its length.
				if (lastString === undefined) break;
				const key = unescaped(lastString);
				lastString = undefined;
				const known = open.at(-1);
				// A colon in a list is for the parser to tell of.
				if (known === undefined || known === 'list') break;
				if (known.has(key)) repeated ??= key;
				known.add(key);
				break;
			}
		}
	}
	return repeated;
}

/** Where the string that begins at `start` ends: at its closing quote, or with the text. */
function endOfString(text: string, start: number): number {
	for (let pos = start + 1; pos < text.length; pos++) {
		if (text[pos] === '\\') pos++;
		else if (text[pos] === '"') return pos;
	}
	return text.length;
}

function unescaped(quoted: string): string {
	if (!quoted.includes('\\')) return quoted.slice(1, -1);
	try {
		return String(JSON.parse(quoted));
	} catch {
		// It is no string, and the parser will say so.
		return quoted;
	}
}

function unreadable(message: string): Refusal {
	return new Refusal('UNREADABLE_BODY', message);
}
