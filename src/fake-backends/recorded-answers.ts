import type {RequestListener, ServerResponse} from 'node:http';
import type {Clock} from '../base/clock.ts';
import {BACKEND_HEADER, nameAsHeader} from './echo.ts';
import type {Recording} from './har.ts';
import {sendPaced} from './slow-answer.ts';

/** The recordings of one method and target, by the host they were recorded from. */
type Hosts = Map<string, {readonly recordings: Recording[]; next: number}>;

/** How many requests a 404 names. */
const MAX_NAMED = 20;
/** In how many pieces a body is sent in its recorded time, at most. */
const MAX_PIECES = 20;

export interface RecordedAnswersOptions {
	/** The back-end's, as shown in a 404. */
	readonly name: string;
	/** What recorded times go by; undefined: they are not replayed. */
	readonly clock: Clock | undefined;
}

/** Answers as recorded: those of the same method, path and query in their order, the last one from then on. */
export class RecordedAnswers {
	readonly #name: string;
	readonly #clock: Clock | undefined;
	readonly #byRequest = new Map<string, Hosts>();

	constructor(recordings: readonly Recording[], {name, clock}: RecordedAnswersOptions) {
		this.#name = name;
		this.#clock = clock;
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
			if (recording?.body !== undefined) play(response, recording, this.#clock);
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

function play(response: ServerResponse, recording: Recording, clock: Clock | undefined): void {
	const {body = Buffer.alloc(0), times} = recording;
	if (clock === undefined || times === undefined) {
		writeFields(response, recording);
		response.end(body);
		return;
	}
	const send = () => {
		writeFields(response, recording);
		sendWithin(response, {body, receiveMs: times.receiveMs, clock});
	};
	if (times.waitMs === 0) send();
	else response.once('close', clock.after(times.waitMs, send));
}

function writeFields(response: ServerResponse, {status, headers}: Recording): void {
	response.statusCode = status;
	for (const [name, value] of headers) response.appendHeader(name, value);
}

/** Sends a body in even pieces, the first at once and the last after the time that was recorded for all of it. */
function sendWithin(
	response: ServerResponse,
	{body, receiveMs, clock}: {readonly body: Buffer; readonly receiveMs: number; readonly clock: Clock},
): void {
	const {statusCode, req} = response;
	// RFC 9110, section 6.4.1: these have no content.
	const isBodiless = req.method === 'HEAD' || statusCode === 204 || statusCode === 304;
	if (receiveMs === 0 || body.length < 2 || isBodiless) {
		response.end(body);
		return;
	}
	const bytes = Math.ceil(body.length / Math.min(MAX_PIECES, body.length));
	const pieces = Math.ceil(body.length / bytes);
	response.setHeader('content-length', body.length);
	sendPaced(response, {body, pace: {bytes, every: receiveMs / (pieces - 1)}, clock});
}
