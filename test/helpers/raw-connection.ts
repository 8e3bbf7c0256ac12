import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {type ConnectionOptions, connect as connectTls, type TLSSocket} from 'node:tls';
import {PATIENCE_MS, tooLong} from './patience.ts';
import {readBytes, readText} from './paused-reads.ts';

/** One HTTP/1.1 message as bytes (latin1 text), read by rules simple enough to be independent of what is tested. */
export interface RawMessage {
	/** First line, without CRLF. */
	readonly line: string;
	/** Each field line without CRLF, in order. */
	readonly fields: readonly string[];
	/** First line, fields and the empty line. */
	readonly head: string;
	/** The body with its framing taken off. */
	readonly body: string;
	/** The message to the byte. */
	readonly raw: string;
}

/**
 * Who reads what comes: `all` of it is kept as text, for `until()` and `message()`; or the test reads `on-demand`, with
 * `read()`, `readAll()` or from the stream, and the peer feels it where it does not.
 */
export type Reading = 'all' | 'on-demand';

/**
 * One side of a connection in the hands of a test, as a client or as a back-end. Nothing is hidden, nothing is done by
 * itself: it neither ends when the other side ends nor closes.
 */
export class RawConnection {
	/** Everything that has come, as latin1 text. */
	received = '';
	/** Whether the other side has said that it will send no more. */
	ended = false;
	/** Why the connection broke, when it did. */
	error: NodeJS.ErrnoException | undefined;
	closed = false;
	/** Plain, or with TLS taken off. */
	readonly stream: Socket;
	/** The TCP connection below, through which a RST can be sent; the same one where there is no TLS. */
	readonly raw: Socket;
	/** How the peer's direction ended: `end`, or the code of the error that came in its place, or `closed` by ourselves. */
	readonly ending: Promise<string>;
	/** Resolves when the connection is gone. */
	readonly gone: Promise<void>;
	readonly #waiting = new Set<() => void>();
	/** What has come after the messages that were read. Apart, because to search all of it each time takes long. */
	#unread = '';

	constructor(stream: Socket, raw: Socket = stream, reading: Reading = 'all') {
		this.stream = stream;
		this.raw = raw;
		// A test may hang several pipelines on one stream.
		stream.setMaxListeners(30);
		this.gone = new Promise(resolve => stream.once('close', () => resolve()));
		this.ending = new Promise(resolve => {
			stream.on('error', error => resolve('code' in error ? String(error.code) : error.message));
			stream.once('end', () => resolve(this.#endIsReset ? 'ECONNRESET' : 'end'));
			stream.once('close', () => resolve('closed'));
		});
		if (reading === 'all') stream.on('data', (chunk: Buffer) => this.#keep(chunk));
		stream.on('end', () => {
			if (this.#endIsReset) stream.destroy(Object.assign(new Error('reset'), {code: 'ECONNRESET'}));
			else this.ended = true;
			this.#look();
		});
		for (const socket of new Set([stream, raw])) {
			socket.on('error', (error: NodeJS.ErrnoException) => {
				this.error ??= error;
				this.#look();
			});
		}
		stream.on('close', () => {
			this.closed = true;
			this.#look();
		});
	}

	write(text: string): void {
		this.stream.write(text, 'latin1');
	}

	/** Resolves when what was written has been handed to the system. */
	writeAll(text: string): Promise<void> {
		return new Promise(resolve => void this.stream.write(text, 'latin1', () => resolve()));
	}

	/** Says that no more will be sent; what comes is still read. */
	end(text = ''): void {
		this.stream.end(text, 'latin1');
	}

	/**
	 * Breaks the connection with a RST. A TLS stream above follows by itself: destroying it here, right after its
	 * handshake, ends Node 20 with a segmentation fault.
	 */
	reset(): void {
		this.raw.resetAndDestroy();
	}

	/** The next `count` bytes, and not one more; the rest stays to be read. Read on demand. */
	read(count: number): Promise<Buffer> {
		return readBytes(this.stream, count);
	}

	/** Everything up to this text and with it; what is behind it stays to be read. Read on demand. */
	readUntil(text: string): Promise<string> {
		return readText(this.stream, text);
	}

	/** Everything until the peer ends. Read on demand. @throws when the connection breaks. */
	async readAll(): Promise<Buffer> {
		const chunks: Buffer[] = [];
		this.stream.on('data', (chunk: Buffer) => chunks.push(chunk));
		const how = await this.ending;
		if (how !== 'end') {
			const bytes = chunks.reduce((sum, {length}) => sum + length, 0);
			throw Object.assign(new Error(`${how} after ${bytes} bytes`), {code: how});
		}
		return Buffer.concat(chunks);
	}

	/** Resolves once the fact holds; throws when it has become impossible because the connection is over. */
	async when(what: string, fact: () => boolean): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			const settle = (error?: Error) => {
				clearTimeout(timer);
				this.#waiting.delete(look);
				if (error === undefined) resolve();
				else reject(error);
			};
			const because = () => `${what}; ${this.#state()}; received ${JSON.stringify(this.received.slice(-2000))}`;
			const timer = setTimeout(() => settle(new Error(tooLong(because()))), PATIENCE_MS);
			const look = () => {
				if (fact()) settle();
				else if (this.closed || this.ended) {
					// What was read may stand before the end of it; the fact has been asked with everything there.
					if (this.closed || !what.startsWith('close')) settle(new Error(`Over before ${because()}`));
				}
			};
			this.#waiting.add(look);
			look();
		});
	}

	/** Resolves with everything received once `text` is in it. */
	async until(text: string): Promise<string> {
		await this.when(`the text ${JSON.stringify(text)}`, () => this.received.includes(text));
		return this.received;
	}

	/** Resolves once the other side has ended in good order. */
	async untilEnd(): Promise<string> {
		await this.when('the end', () => this.ended);
		return this.received;
	}

	/** Resolves once the connection is over, however: `end` in good order (our own side is then ended too), or `reset`. */
	async untilOver(): Promise<'end' | 'reset'> {
		// An end shows to those alone who read up to it.
		this.stream.resume();
		await this.when('close of the connection', () => this.closed || this.ended);
		if (!this.closed && !this.stream.writableEnded) this.end();
		await this.when('close of the connection', () => this.closed);
		return this.error === undefined && this.ended ? 'end' : 'reset';
	}

	/**
	 * Reads the next whole message. `bodiless`: it answers a HEAD request, or is a 204 or 304. What has neither length
	 * nor chunks is a request without a body, or an answer up to the end.
	 */
	async message({bodiless = false}: {readonly bodiless?: boolean} = {}): Promise<RawMessage> {
		await this.when('a head', () => this.#unread.includes('\r\n\r\n'));
		const bodyStart = this.#unread.indexOf('\r\n\r\n') + 4;
		const head = this.#unread.slice(0, bodyStart);
		const [line = '', ...fields] = head.slice(0, -4).split('\r\n');
		let end = bodyStart;
		let body = '';
		const length = /^content-length:[ \t]*([0-9]+)/im.exec(head)?.[1];
		const interim = /^HTTP\/1\.1 1/.test(line);
		if (bodiless || interim) {
			// Nothing follows the head.
		} else if (/^transfer-encoding:[ \t]*chunked/im.test(head)) {
			for (;;) {
				const from = end;
				await this.when('a chunk size', () => this.#unread.includes('\r\n', from));
				const dataStart = this.#unread.indexOf('\r\n', from) + 2;
				const size = Number.parseInt(this.#unread.slice(from, dataStart), 16);
				await this.when('a chunk', () => this.#unread.length >= dataStart + size + 2);
				body += this.#unread.slice(dataStart, dataStart + size);
				end = dataStart + size + 2;
				if (size === 0) break;
			}
		} else if (length !== undefined) {
			end = bodyStart + Number(length);
			await this.when(`a body of ${length}`, () => this.#unread.length >= end);
			body = this.#unread.slice(bodyStart, end);
		} else if (line.startsWith('HTTP/')) {
			await this.when('the end', () => this.ended);
			end = this.#unread.length;
			body = this.#unread.slice(bodyStart);
		}
		const raw = this.#unread.slice(0, end);
		this.#unread = this.#unread.slice(end);
		return {line, fields, head, body, raw};
	}

	/** What has come after the messages that were read. */
	get unread(): string {
		return this.#unread;
	}

	/** libuv tells a RST that comes together with bytes as an end; the system has forgotten the peer then. */
	get #endIsReset(): boolean {
		return !this.stream.writableEnded && this.raw.remoteAddress === undefined;
	}

	#keep(chunk: Buffer): void {
		const text = chunk.toString('latin1');
		this.received += text;
		this.#unread += text;
		this.#look();
	}

	#look(): void {
		for (const look of [...this.#waiting]) look();
	}

	#state(): string {
		if (this.closed) return `closed (${this.error?.code ?? 'no error'})`;
		return this.ended ? 'ended by the other side' : 'open';
	}
}

/** How a client comes. */
export interface Approach {
	readonly port: number;
	/** TLS with these options; plain when left out. */
	readonly tls?: ConnectionOptions | undefined;
	/** `on-demand` unless said otherwise. */
	readonly reading?: Reading;
}

/** Connects to this machine; with TLS, resolves when the handshake is done. */
export async function open({port, tls, reading = 'on-demand'}: Approach): Promise<RawConnection> {
	const raw = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
	raw.on('error', () => {});
	if (tls === undefined) {
		await once(raw, 'connect');
		return new RawConnection(raw, raw, reading);
	}
	const stream = connectTls({...tls, socket: raw});
	try {
		await handshaken(stream);
	} catch (error) {
		// Half-open, it would stay where the other side has merely ended.
		raw.destroy();
		throw error;
	}
	return new RawConnection(stream, raw, reading);
}

/** Resolves with the stream once its handshake is done; rejects with what prevented it. */
export async function handshaken(stream: TLSSocket): Promise<TLSSocket> {
	await new Promise<void>((resolve, reject) => {
		stream.once('secureConnect', resolve);
		stream.on('error', reject);
		stream.once('close', () => reject(new Error('closed before the handshake was done')));
	});
	return stream;
}
