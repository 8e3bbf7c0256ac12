/**
 * Writes the few ASN.1 values that our certificates consist of, in DER. It reads nothing: node-forge parses
 * certificates that other programs made.
 *
 * @see ITU-T X.690, sections 8 and 10
 */

/** One value: tag, length, content. @param tag one byte, including class and form. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
	const body = Buffer.concat(content);
	return Buffer.concat([Buffer.of(tag), lengthOf(body.length), body]);
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => der(0x30, ...items);
export const set = (...items: readonly Uint8Array[]): Buffer => der(0x31, ...items);
export const octetString = (content: Uint8Array): Buffer => der(0x04, content);
export const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text));
export const yes = (): Buffer => der(0x01, Buffer.of(0xff));
export const nothing = (): Buffer => der(0x05);

/** A positive number from its bytes, most significant first. */
export function integer(bytes: Uint8Array): Buffer {
	let start = 0;
	while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
	const shortest = bytes.subarray(start);
	return der(0x02, (shortest[0] ?? 0) >= 0x80 ? Buffer.of(0) : Buffer.alloc(0), shortest);
}

/** @param unused how many bits of the last byte are unused. */
export function bitString(content: Uint8Array, unused = 0): Buffer {
	return der(0x03, Buffer.of(unused), content);
}

/** @param id with dots: `2.5.29.14`. */
export function objectIdentifier(id: string): Buffer {
	const [first = 0, second = 0, ...others] = id.split('.').map(Number);
	return der(0x06, Buffer.from([first * 40 + second, ...others].flatMap(base128)));
}

/** RFC 5280, section 4.1.2.5: two digits of the year until 2049, four from then on. */
export function time(date: Date): Buffer {
	const text = date.toISOString().replace(/\.\d+Z$|[-:T]/g, part => (part.endsWith('Z') ? 'Z' : ''));
	return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

function lengthOf(length: number): Buffer {
	if (length < 0x80) return Buffer.of(length);
	const bytes: number[] = [];
	for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
	return Buffer.from([0x80 | bytes.length, ...bytes]);
}

/** Seven bits per byte, with the highest bit set in all but the last. */
function base128(value: number): number[] {
	const bytes = [value % 128];
	for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128));
	return bytes;
}
