import {type IncomingMessage, request} from 'node:http';
import {EmulatorError} from '../base/errors.ts';
import {refusalIn, strangerAt, unreachable} from './control-failures.ts';

/** More than the longest line of lb-local: 500 rows of exchanges, or one exchange whose bodies are kept whole. */
const MAX_LINE = 64 * 1024 * 1024;

/**
 * The lines of an answer of a running instance, as they come. Ends when the answer does, or when the signal aborts.
 *
 * @throws EmulatorError `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`, and the error with which the instance refuses.
 */
export async function* linesAt(
	endpoint: string,
	path: string,
	{accept, signal}: {readonly accept: string; readonly signal: AbortSignal},
): AsyncGenerator<string> {
	const response = await answerOf(endpoint, path, {accept, signal});
	if (response.headers['server'] !== 'lb-local') {
		response.destroy();
		throw strangerAt(endpoint);
	}
	let text = '';
	response.setEncoding('utf8');
	const isRefused = (response.statusCode ?? 0) >= 400;
	try {
		for await (const chunk of response) {
			text += chunk;
			if (text.length > MAX_LINE) throw strangerAt(endpoint);
			if (isRefused) continue;
			let start = 0;
			for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
				yield text.slice(start, end);
				start = end + 1;
			}
			text = text.slice(start);
		}
	} catch (error) {
		if (signal.aborted) return;
		throw error instanceof EmulatorError ? error : unreachable(endpoint, error);
	} finally {
		response.destroy();
	}
	if (isRefused) throw refusalIn(parsed(text)) ?? strangerAt(endpoint);
}

function answerOf(
	endpoint: string,
	path: string,
	{accept, signal}: {readonly accept: string; readonly signal: AbortSignal},
): Promise<IncomingMessage> {
	return new Promise((resolve, reject) => {
		const sent = request(endpoint + path, {headers: {accept}, signal, agent: false}, resolve);
		sent.on('error', error => reject(unreachable(endpoint, error)));
		sent.end();
	});
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
