import {
	type RequestListener,
	type Server,
	type ServerResponse,
	validateHeaderName,
	validateHeaderValue,
} from 'node:http';
import type {Clock} from '../base/clock.ts';
import {millisecondsIn} from '../base/duration.ts';
import {messageOf, type Violation} from '../base/errors.ts';
import {show} from '../base/quote.ts';
import type {ReplyAnswer, ReplyBackend} from '../configuration/spec-backend.ts';
import type {BehaviourContext} from './behaviour-context.ts';
import {closeIdle, createHttpServer} from './http-server.ts';
import {ReplyScript} from './reply-script.ts';
import {sendEvents, sendPaced} from './slow-answer.ts';

/** Every rule that a reply breaks; the paths are the fields of the reply. */
export function violationsOfReply(reply: ReplyBackend): Violation[] {
	const steps = (reply.script ?? []).flatMap((step, index) =>
		violationsOfAnswer({body: reply.body, ...step}).map(each => ({...each, path: ['script', index, ...each.path]})),
	);
	return [...violationsOfAnswer(reply), ...steps];
}

function violationsOfAnswer(answer: Unfinished): Violation[] {
	return [
		...violationsOfStatus(answer.status),
		...violationsOfHeaders(answer),
		...(['delay', 'keepAlive'] as const).flatMap(field => {
			const given = answer[field];
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

/**
 * A server that answers every complete request with the same response, or by a script. The reply must have no
 * violations.
 */
export function createReplyServer(
	reply: ReplyBackend,
	{clock, failing}: Pick<BehaviourContext, 'clock' | 'failing'>,
): {readonly server: Server; readonly restart: () => void} {
	const script = new ReplyScript(reply);
	const keepAliveMs = reply.keepAlive === undefined ? undefined : millisecondsIn(reply.keepAlive);
	const listener: RequestListener = (request, response) => {
		request.resume();
		request.on('end', () => {
			const answer = script.next(request.url ?? '');
			const delayMs = millisecondsIn(answer.delay ?? 0) ?? 0;
			const send = () => {
				// A keep-alive time of 0 means `Connection: close`.
				if (keepAliveMs === 0) response.shouldKeepAlive = false;
				sendAnswer(response, answer, clock);
			};
			if (delayMs === 0) {
				send();
				return;
			}
			response.once('close', clock.after(delayMs, send));
		});
	};
	const server = createHttpServer(failing.requests(listener));
	if (keepAliveMs !== undefined && keepAliveMs > 0) closeIdle(server, keepAliveMs, clock);
	return {server, restart: () => script.restart()};
}

function sendAnswer(response: ServerResponse, answer: ReplyAnswer, clock: Clock): void {
	const {status = 200, headers = {}, body = '', pace, events} = answer;
	response.statusCode = status;
	if (events !== undefined) {
		response.setHeader('content-type', 'text/event-stream');
		response.setHeader('cache-control', 'no-cache');
	}
	// Set, not written with `writeHead()`, so that Node adds the length of the body.
	for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
	// RFC 9110, section 6.4.1: these have no content, whatever is described.
	const isBodiless = response.req.method === 'HEAD' || status === 204 || status === 304;
	if (events !== undefined && !isBodiless) sendEvents(response, events, clock);
	else if (pace !== undefined && body !== '' && !isBodiless) {
		const bytes = Buffer.from(body);
		if (!response.hasHeader('transfer-encoding')) response.setHeader('content-length', bytes.length);
		sendPaced(response, {body: bytes, pace, clock});
	} else response.end(events === undefined ? body : '');
}

/** A reply, or a step of one. */
type Unfinished = {
	readonly [Key in 'status' | 'headers' | 'body' | 'delay' | 'keepAlive']?: ReplyBackend[Key] | undefined;
};

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

function violationsOfHeaders({headers = {}, body = ''}: Unfinished): Violation[] {
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
