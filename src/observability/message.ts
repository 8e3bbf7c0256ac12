import {Buffer} from 'node:buffer';
import {trimFieldValue} from '../codec/http1-grammar.ts';

/** One HTTP message as it was sent: its fields, and as much of its body as was kept. */
export interface Message {
	/** Names and values alternating, as sent: order, case and duplicates kept. */
	readonly rawHeaders: string[];
	/** Lower-cased names; the values of a repeated name are joined with `, `. Has no prototype. */
	readonly headers: Record<string, string>;
	/** The body without its transfer coding; only the first bytes when it was larger than the limit. */
	readonly body: Uint8Array;
	/** The body as UTF-8. */
	readonly text: string;
	/** Whether `body` is the whole body. */
	readonly complete: boolean;
	/** The body parsed as JSON. @throws SyntaxError when it is not JSON. */
	json<T = unknown>(): T;
	toJSON(): Record<string, unknown>;
}

/** The first bytes of a body, up to a limit. Keeps text as it was written, which saves the hot path a copy. */
export interface KeptBody {
	readonly parts: (string | Uint8Array)[];
	bytes: number;
}

/** Parses a message for a reader. `head` is latin1 text from its first line to its empty line. */
export function messageFrom(head: string, kept: KeptBody | undefined): Message {
	return new RecordedMessage(head, kept);
}

class RecordedMessage implements Message {
	readonly rawHeaders: string[];
	readonly headers: Record<string, string>;
	readonly body: Uint8Array;
	readonly complete: boolean;

	constructor(head: string, kept: KeptBody | undefined) {
		this.rawHeaders = rawHeadersIn(head);
		this.headers = joined(this.rawHeaders);
		const parts = kept?.parts ?? [];
		this.body = Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
		this.complete = this.body.length === (kept?.bytes ?? 0);
	}

	get text(): string {
		return Buffer.from(this.body.buffer, this.body.byteOffset, this.body.byteLength).toString('utf8');
	}

	json<T = unknown>(): T {
		// The caller states the type of the body; it cannot be checked here.
		return JSON.parse(this.text) as T;
	}

	toJSON(): Record<string, unknown> {
		return {rawHeaders: this.rawHeaders, body: this.text, complete: this.complete};
	}
}

function rawHeadersIn(head: string): string[] {
	const raw: string[] = [];
	for (const line of head.split('\r\n').slice(1)) {
		if (line === '') continue;
		const colon = line.indexOf(':');
		raw.push(line.slice(0, colon), trimFieldValue(line, colon + 1, line.length));
	}
	return raw;
}

function joined(raw: readonly string[]): Record<string, string> {
	const headers: Record<string, string> = Object.create(null);
	for (let i = 0; i + 1 < raw.length; i += 2) {
		const name = (raw[i] ?? '').toLowerCase();
		const value = raw[i + 1] ?? '';
		const before = headers[name];
		headers[name] = before === undefined ? value : `${before}, ${value}`;
	}
	return headers;
}

/** How many bytes of a body are kept. */
export function keptBytes(kept: KeptBody | undefined): number {
	let bytes = 0;
	for (const part of kept?.parts ?? []) bytes += part.length;
	return bytes;
}
