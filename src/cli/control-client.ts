import {type IncomingMessage, request} from 'node:http';
import {EmulatorError} from '../base/errors.ts';
import {refusalIn, strangerAt, unreachable} from './control-failures.ts';

export {strangerAt} from './control-failures.ts';

/** A guess: no request takes long, but the machine may be busy. */
const ANSWER_TIMEOUT_MS = 5000;
/** More than any answer of lb-local, so that another server cannot fill the memory. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Talks to a running instance through `/_lb/`. */
export class ControlClient {
	/** `http://127.0.0.1:8089` */
	readonly endpoint: string;
	readonly #timeoutMs: number;

	constructor(endpoint: string, timeoutMs = ANSWER_TIMEOUT_MS) {
		this.endpoint = endpoint;
		this.#timeoutMs = timeoutMs;
	}

	/**
	 * @returns the JSON of the answer.
	 * @throws EmulatorError `CONTROL_UNREACHABLE` when nothing answers there, `CONTROL_STRANGER` when another program
	 * does, and the error with which the instance refuses.
	 */
	get(path: string): Promise<unknown> {
		return this.#ask('GET', path);
	}

	/** @throws as `get`. */
	post(path: string, body: object): Promise<unknown> {
		return this.#ask('POST', path, JSON.stringify(body));
	}

	/** @throws as `get`. */
	delete(path: string, body: object): Promise<unknown> {
		return this.#ask('DELETE', path, JSON.stringify(body));
	}

	async #ask(method: string, path: string, body?: string): Promise<unknown> {
		const answer = await this.#exchange(method, path, body);
		if (answer.server !== 'lb-local') throw this.#stranger();
		const json = this.#parsed(answer.text);
		if (answer.status < 400) return json;
		throw refusalIn(json) ?? this.#stranger();
	}

	#exchange(method: string, path: string, body: string | undefined): Promise<Answer> {
		const headers =
			body === undefined ? {} : {'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body)};
		const signal = AbortSignal.timeout(this.#timeoutMs);
		return new Promise((resolve, reject) => {
			const fail = (error: unknown) => reject(this.#failure(error, signal.aborted));
			const sent = request(this.endpoint + path, {method, headers, signal, agent: false}, response => {
				readAnswer(response).then(resolve, fail);
			});
			sent.on('error', fail);
			// An upgrade was not requested.
			sent.on('upgrade', (_, socket) => {
				socket.destroy();
				reject(this.#stranger());
			});
			sent.end(body);
		});
	}

	#failure(error: unknown, isLate: boolean): EmulatorError {
		if (isLate) {
			return new EmulatorError(
				'CONTROL_UNREACHABLE',
				`No answer from ${this.endpoint} within ${this.#timeoutMs / 1000} s`,
				{hint: 'Is it stopped or very busy? Is it lb-local that listens there?', cause: error},
			);
		}
		return unreachable(this.endpoint, error);
	}

	#parsed(text: string): unknown {
		try {
			return JSON.parse(text);
		} catch (error) {
			throw this.#stranger(error);
		}
	}

	#stranger(cause?: unknown): EmulatorError<'CONTROL_STRANGER'> {
		return strangerAt(this.endpoint, cause);
	}
}

interface Answer {
	readonly status: number;
	readonly server: string;
	readonly text: string;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	for await (const chunk of response) {
		// Without an encoding, a response emits bytes.
		const data = chunk as Uint8Array;
		bytes += data.length;
		if (bytes > MAX_ANSWER_BYTES) {
			response.destroy();
			throw new EmulatorError('CONTROL_STRANGER', 'The answer is too large');
		}
		chunks.push(data);
	}
	const text = Buffer.concat(chunks).toString('utf8');
	return {status: response.statusCode ?? 0, server: String(response.headers['server']), text};
}
