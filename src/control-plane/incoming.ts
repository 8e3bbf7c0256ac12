import type {IncomingMessage} from 'node:http';
import type {ApiRequest, RequestRefusal} from './dialect.ts';
import type {Asked} from './guard.ts';

/** The head of a request, before its body is read. */
export type IncomingHead = Omit<ApiRequest, 'body'> & Asked;

/** What of a request says which API it is for. */
export type Target = Pick<ApiRequest, 'method' | 'path' | 'query'>;

/** What a request asks for. An absolute target is taken apart: RFC 9112 section 3.2.2. */
export function headOf(message: IncomingMessage): IncomingHead {
	const {method = '', url = ''} = message;
	const headers = headersOf(message.rawHeaders);
	// A CONNECT names where to, and nothing else.
	if (method === 'CONNECT') return {method, path: '/', headers, authority: url};
	const absolute = /^https?:\/\/([^/?#]*)/i.exec(url);
	const target = absolute === null ? url : url.slice(absolute[0].length);
	return {method, ...splitTarget(target), headers, authority: absolute?.[1]};
}

function splitTarget(target: string): Pick<ApiRequest, 'path' | 'query'> {
	const [before = '', ...rest] = target.split('?');
	return {path: before === '' ? '/' : before, ...(rest.length === 0 ? {} : {query: rest.join('?')})};
}

/** As much of a packet as the first line of a request may be. */
const MAX_LINE = 16 * 1024;

/** What bytes ask for that Node's parser would not take as a request; undefined where they do not begin like one. */
export function targetOf(packet: unknown): Target | undefined {
	if (!(packet instanceof Uint8Array)) return undefined;
	const text = Buffer.from(packet.subarray(0, MAX_LINE)).toString('latin1');
	const [, method, target] = /^([A-Z]+) (\/[^ \r\n]*)/.exec(text) ?? [];
	return method === undefined || target === undefined ? undefined : {method, ...splitTarget(target)};
}

/** From the raw fields, because Node keeps only the first of several Host or Authorization fields. */
function headersOf(raw: readonly string[]): ReadonlyMap<string, string> {
	const headers = new Map<string, string>();
	for (let index = 0; index + 1 < raw.length; index += 2) {
		const name = (raw[index] ?? '').toLowerCase();
		const before = headers.get(name);
		const value = raw[index + 1] ?? '';
		headers.set(name, before === undefined ? value : `${before},${value}`);
	}
	return headers;
}

/** So much beyond the limit is read and thrown away, so that who writes first and reads then hears the refusal. */
const MAX_THROWN_AWAY = 16 * 1024 * 1024;

/** Whether a body says of itself that it is too large to be read to its end. */
export function isHopeless({headers}: IncomingHead, limit: number): boolean {
	return Number(headers.get('content-length') ?? 0) > limit + MAX_THROWN_AWAY;
}

/** Whether a body says of itself that it is too large. */
export function saysTooLarge({headers}: IncomingHead, limit: number): boolean {
	return Number(headers.get('content-length') ?? 0) > limit;
}

export function tooLarge(limit: number): RequestRefusal {
	return {status: 413, reason: `the body is too large; allowed are ${limit} bytes`};
}

/**
 * Reads a body and keeps no more of it than allowed.
 *
 * @returns `too-large`, or `aborted` when the client went away before its end.
 */
export function readBody(message: IncomingMessage, limit: number): Promise<Uint8Array | 'too-large' | 'aborted'> {
	return new Promise(resolve => {
		let kept: Uint8Array[] = [];
		let bytes = 0;
		message.on('data', (chunk: Uint8Array) => {
			bytes += chunk.length;
			if (bytes <= limit) kept.push(chunk);
			else kept = [];
			if (bytes > limit + MAX_THROWN_AWAY) resolve('too-large');
		});
		message.on('end', () => resolve(bytes > limit ? 'too-large' : Buffer.concat(kept)));
		message.on('close', () => resolve('aborted'));
		// It is told by `close` as well.
		message.on('error', () => {});
	});
}
