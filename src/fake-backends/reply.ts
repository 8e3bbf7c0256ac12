import {type RequestListener, type Server, validateHeaderName, validateHeaderValue} from 'node:http';
import {millisecondsIn} from '../base/duration.ts';
import {messageOf, type Violation} from '../base/errors.ts';
import {show} from '../base/quote.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';
import type {ReplyBackend} from '../configuration/spec-backend.ts';
import {closeIdle, createHttpServer} from './http-server.ts';

/** Every rule that a reply breaks; the paths are the fields of the reply. */
export function violationsOfReply(reply: ReplyBackend): Violation[] {
	return [
		...violationsOfStatus(reply.status),
		...violationsOfHeaders(reply),
		...(['delay', 'keepAlive'] as const).flatMap(field => {
			const given = reply[field];
			if (given === undefined || millisecondsIn(given) !== undefined) return [];
			return [
				{
					path: [field],
					message: `${show(given)} is not a duration; write milliseconds, or "500ms", "5s", "2m"`,
				},
			];
		}),
	];
}

/** A server that answers every complete request with the same response. The reply must have no violations. */
export function createReplyServer(reply: ReplyBackend): Server {
	const delayMs = millisecondsIn(reply.delay ?? 0) ?? 0;
	const keepAliveMs = reply.keepAlive === undefined ? undefined : millisecondsIn(reply.keepAlive);
	const listener: RequestListener = (request, response) => {
		const answer = () => {
			// A keep-alive time of 0 means `Connection: close`.
			if (keepAliveMs === 0) response.shouldKeepAlive = false;
			response.statusCode = reply.status ?? 200;
			// Set, not written with `writeHead()`, so that Node adds the length of the body.
			for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
			response.end(reply.body ?? '');
		};
		request.resume();
		request.on('end', () => {
			if (delayMs === 0) {
				answer();
				return;
			}
			const timer = setTimeout(answer, delayMs);
			response.once('close', () => clearTimeout(timer));
		});
	};
	const server = createHttpServer(listener);
	if (keepAliveMs !== undefined && keepAliveMs > 0) closeIdle(server, keepAliveMs);
	return server;
}

/** RFC 9110 §15: 1xx is interim, and 599 is the last code. */
function violationsOfStatus(status: unknown): Violation[] {
	if (status === undefined) return [];
	if (typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599) return [];
	const interim = typeof status === 'number' && status >= 100 && status < 200;
	return [
		{
			path: ['status'],
			message: `${show(status)} is not the status of a final answer; use 200 to 599`,
			hint: interim ? '1xx answers are interim; a "handler" back-end can send them' : undefined,
		},
	];
}

function violationsOfHeaders({headers = {}, body = ''}: ReplyBackend): Violation[] {
	const violations: Violation[] = [];
	for (const [name, value] of Object.entries(headers)) {
		const path = ['headers', name];
		try {
			validateHeaderName(name);
			validateHeaderValue(name, value);
		} catch (error) {
			violations.push({path, message: messageOf(error)});
			continue;
		}
		const length = Buffer.byteLength(body);
		if (/^content-length$/i.test(name) && value !== String(length)) {
			violations.push({path, message: `the body has ${length} bytes, not ${value}`, hint: 'leave the header out'});
		}
		if (/^transfer-encoding$/i.test(name) && value.toLowerCase() !== 'chunked') {
			violations.push({path, message: `only "chunked" is spoken, not ${show(value)}`});
		}
	}
	return violations;
}
