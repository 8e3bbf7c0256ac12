import {type ServerResponse, STATUS_CODES} from 'node:http';
import type {Duplex} from 'node:stream';
import {codeOf} from '../base/errors.ts';
import {wallMs} from '../base/timers.ts';
import type {ApiAnswer, Dialect, RequestRefusal, StreamAnswer} from './dialect.ts';
import {refusalAnswer} from './error-answer.ts';

/** Writes an answer whole. What belongs to the connection is Node's to say. */
export function send(response: ServerResponse, {status, headers, body, afterwards}: ApiAnswer): void {
	if (afterwards !== undefined) response.once('close', afterwards);
	for (const [name, value] of headers) {
		// The real cloud lets every page read its answers; a machine's own port must not, whatever a dialect says.
		if (!/^access-control-/i.test(name)) response.appendHeader(name, value);
	}
	response.setHeader('Content-Length', Buffer.byteLength(body));
	response.writeHead(status);
	response.end(body);
}

export async function sendAny(response: ServerResponse, answer: ApiAnswer | StreamAnswer): Promise<void> {
	if ('parts' in answer) await sendStream(response, answer);
	else send(response, answer);
}

/** Writes part by part, as fast as the client reads. Never rejects: a client that goes away ends it. */
async function sendStream(response: ServerResponse, {status, headers, parts}: StreamAnswer): Promise<void> {
	for (const [name, value] of headers) response.appendHeader(name, value);
	response.writeHead(status);
	const iterator = parts[Symbol.asyncIterator]();
	// RFC 9110 section 9.3.2: HEAD has no content.
	if (response.req.method === 'HEAD' || response.destroyed) {
		await iterator.return?.();
		response.end();
		return;
	}
	response.flushHeaders();
	response.once('close', () => void iterator.return?.());
	try {
		for (;;) {
			const {done, value} = await iterator.next();
			if (response.destroyed) return;
			if (done === true) break;
			if (!response.write(value)) await drained(response);
		}
		response.end();
	} catch {
		// Half an answer must not pass for a whole one.
		response.destroy();
	}
}

/** Resolves when more can be written, or nothing more can be. */
function drained(response: ServerResponse): Promise<void> {
	return new Promise(resolve => {
		const done = () => {
			response.off('drain', done).off('close', done);
			resolve();
		};
		response.on('drain', done).on('close', done);
		if (response.destroyed) done();
	});
}

/** As much of a reason as goes into the first line of an answer: clients allow so much at least. */
const MAX_PHRASE = 400;

/**
 * Writes a last answer on a connection that Node speaks no HTTP on any more, and closes it.
 *
 * @param reason what the first line says; the usual phrase of the status unless given.
 */
export function hangUp(socket: Duplex, {status, headers, body}: ApiAnswer, reason = STATUS_CODES[status] ?? ''): void {
	const date = new Date(wallMs()).toUTCString();
	const fields = [
		...headers,
		['Date', date],
		['Content-Length', String(Buffer.byteLength(body))],
		['Connection', 'close'],
	];
	const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
	const phrase = reason.slice(0, MAX_PHRASE).replaceAll(/[^\x20-\x7e]/g, '?');
	const head = `HTTP/1.1 ${status} ${phrase}\r\n${lines.join('')}\r\n`;
	socket.end(head + body, () => socket.destroy());
}

/** A refusal in the form of the API that the request was for, where that is known. */
export function refuseWith(dialect: Dialect | undefined, refusal: RequestRefusal): ApiAnswer {
	return dialect?.refuse?.(refusal) ?? refusalAnswer(refusal);
}

/** What to say about bytes that Node's parser would not take. */
export function refusalOf(error: unknown): RequestRefusal {
	switch (codeOf(error)) {
		case 'HPE_HEADER_OVERFLOW':
			return {status: 431, reason: 'the head of the request is too large; allowed are 16 KiB'};
		case 'ERR_HTTP_REQUEST_TIMEOUT':
			return {status: 408, reason: 'the request took too long'};
		default:
			return {status: 400, reason: 'this is not HTTP/1.1, or it breaks its rules (RFC 9112)'};
	}
}
