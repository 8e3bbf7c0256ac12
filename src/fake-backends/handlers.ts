import type {IncomingMessage, ServerResponse} from 'node:http';
import {messageOf} from '../base/errors.ts';
import type {HandlerBackend, SocketBackend} from '../configuration/spec-backend.ts';
import type {BehaviourContext} from './behaviour-context.ts';
import type {Serve} from './serve.ts';

/**
 * Wraps a user's request handler so that it cannot crash the process. What it throws or rejects with is kept, and
 * answered with 500 if no answer has begun; an unfinished answer is cut off, so that the client sees that it is
 * incomplete.
 */
export function guardRequestHandler(
	handler: HandlerBackend['handler'],
	{keepError}: BehaviourContext,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
	return async (request, response) => {
		// A write after the end is an `error` event of the response; without a listener it would crash the process.
		response.on('error', keepError);
		try {
			await handler(request, response);
		} catch (error) {
			keepError(error);
			if (!response.headersSent) answerWithError(response, error);
			else if (!response.writableEnded) response.destroy();
		}
	};
}

/**
 * Wraps a user's connection handler so that it cannot crash the process: a failure is kept, and ends the connection.
 */
export function guardSocketHandler(handler: SocketBackend['handler'], {keepError}: BehaviourContext): Serve {
	const attempt = async (connection: Parameters<Serve>[0]) => {
		try {
			await handler(connection);
		} catch (error) {
			keepError(error);
			connection.destroy();
		}
	};
	return connection => {
		void attempt(connection);
	};
}

function answerWithError(response: ServerResponse, error: unknown): void {
	for (const name of response.getHeaderNames()) response.removeHeader(name);
	response.statusMessage = 'Internal Server Error';
	const message = messageOf(error);
	response.writeHead(500, {
		'content-type': 'text/plain; charset=utf-8',
		'content-length': Buffer.byteLength(message),
	});
	response.end(message);
}
