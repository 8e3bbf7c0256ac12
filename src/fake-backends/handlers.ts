import type {IncomingMessage, ServerResponse} from 'node:http';
import {messageOf} from '../base/errors.ts';
import type {HandlerBackend, SocketBackend} from '../configuration/spec.ts';
import type {Household, Serve} from './serve.ts';

/**
 * A user's request handler that cannot take the process down. What it throws, or rejects with, is kept, and answered
 * with 500 if there is no answer yet; an answer it left half done is cut off, so that the client sees it is not whole.
 */
export function guardRequestHandler(
	handler: HandlerBackend['handler'],
	{keepError}: Household,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
	return async (request, response) => {
		// Writing after the end is told to the response and to nobody else; without a listener it would be fatal.
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

/** A user's connection handler that cannot take the process down: a failure is kept, and ends the connection. */
export function guardSocketHandler(handler: SocketBackend['handler'], {keepError}: Household): Serve {
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
