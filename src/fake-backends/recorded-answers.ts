import type {RequestListener, ServerResponse} from 'node:http';
import {BACKEND_HEADER, nameAsHeader} from './echo.ts';
import type {Recording} from './har.ts';

/** The recordings of one method and target, by the host they were recorded from. */
type Hosts = Map<string, {readonly recordings: Recording[]; next: number}>;

/** How many requests a 404 names. */
const MAX_NAMED = 20;

/** Answers as recorded: those of the same method, path and query in their order, the last one from then on. */
export class RecordedAnswers {
	readonly #name: string;
	readonly #byRequest = new Map<string, Hosts>();

	constructor(name: string, recordings: readonly Recording[]) {
		this.#name = name;
		for (const recording of recordings) {
			const key = keyOf(recording.method, recording.target);
			const hosts: Hosts = this.#byRequest.get(key) ?? new Map();
			const known = hosts.get(recording.host);
			if (known === undefined) hosts.set(recording.host, {recordings: [recording], next: 0});
			else known.recordings.push(recording);
			this.#byRequest.set(key, hosts);
		}
	}

	/** Begins again with the first recordings. */
	restart(): void {
		for (const hosts of this.#byRequest.values()) for (const played of hosts.values()) played.next = 0;
	}

	readonly listener: RequestListener = (request, response) => {
		request.resume();
		request.on('end', () => {
			const {method = '', url = '', headers} = request;
			const recording = this.#next(method, url, headers.host ?? '');
			if (recording?.body !== undefined) play(response, recording, recording.body);
			else this.#answerNone(response, `${method} ${url}`, recording !== undefined);
		});
	};

	#next(method: string, target: string, host: string): Recording | undefined {
		const hosts = this.#byRequest.get(keyOf(method, target));
		// Of several hosts that were recorded, the one that is asked for, or else the first.
		const played = hosts?.get(host) ?? hosts?.values().next().value;
		if (played === undefined) return undefined;
		const recording = played.recordings[Math.min(played.next, played.recordings.length - 1)];
		played.next++;
		return recording;
	}

	#answerNone(response: ServerResponse, asked: string, isWithoutBody: boolean): void {
		const known = [...this.#byRequest.keys()];
		const more = known.length > MAX_NAMED ? [`and ${known.length - MAX_NAMED} more`] : [];
		const why = isWithoutBody ? `The answer to ${asked} was recorded without its body.` : `${asked} was not recorded.`;
		response.statusCode = 404;
		response.setHeader('content-type', 'text/plain; charset=utf-8');
		response.setHeader(BACKEND_HEADER, nameAsHeader(this.#name));
		response.end(
			`${why}\nRecorded are:\n${[...known.slice(0, MAX_NAMED), ...more].map(line => `  ${line}\n`).join('')}`,
		);
	}
}

/** The order of parameters does not count, their repetition does. */
function keyOf(method: string, target: string): string {
	const at = target.indexOf('?');
	if (at === -1) return `${method} ${target}`;
	const query = target
		.slice(at + 1)
		.split('&')
		.sort()
		.join('&');
	return query === '' ? `${method} ${target.slice(0, at)}` : `${method} ${target.slice(0, at)}?${query}`;
}

function play(response: ServerResponse, {status, headers}: Recording, body: Buffer): void {
	response.statusCode = status;
	for (const [name, value] of headers) response.appendHeader(name, value);
	response.end(body);
}
