import path from 'node:path';
import * as v from 'valibot';
import {formatPath, messageOf, type Violation} from '../base/errors.ts';
import {readInput} from '../base/read-file.ts';

/** One answer of a HAR file. */
export interface Recording {
	readonly method: string;
	/** `host:port` of the recorded URL. */
	readonly host: string;
	/** Path and query, as recorded. */
	readonly target: string;
	readonly status: number;
	readonly headers: readonly (readonly [name: string, value: string])[];
	/** undefined: it was recorded without its body. */
	readonly body: Buffer | undefined;
	/** undefined: it was recorded without its times. */
	readonly times: RecordedTimes | undefined;
}

/** How long an answer took, in milliseconds: of HAR's times, those that are the server's and not the connection's. */
export interface RecordedTimes {
	/** From the end of the request to the first byte of the answer. */
	readonly waitMs: number;
	/** From there to its last byte. */
	readonly receiveMs: number;
}

/** Recordings of a browser hold images and scripts. */
const MAX_HAR_BYTES = 64 * 1_048_576;
/** How many faults of a file are told. */
const MAX_FAULTS = 5;

/** HAR 1.2; what is not looked at may have any shape. */
const harSchema = v.object({
	log: v.object({
		entries: v.array(
			v.object({
				request: v.object({method: v.string(), url: v.string()}),
				response: v.object({
					status: v.number(),
					headers: v.optional(v.array(v.object({name: v.string(), value: v.string()})), []),
					content: v.optional(
						v.object({
							size: v.optional(v.number()),
							mimeType: v.optional(v.string()),
							text: v.optional(v.string()),
							encoding: v.optional(v.string()),
						}),
						{},
					),
				}),
				// Of any shape: who does not replay times does not mind what they are.
				time: v.optional(v.unknown()),
				timings: v.optional(v.unknown()),
			}),
		),
	}),
});

type Entry = v.InferOutput<typeof harSchema>['log']['entries'][number];

/**
 * Reads the answers in a HAR file.
 *
 * @param file relative to the working directory.
 * @returns or what is wrong with the file, for messages that name the field it stands in.
 */
export async function readHar(
	file: string,
): Promise<{readonly recordings: readonly Recording[]; readonly bytes: Buffer} | {readonly violations: Violation[]}> {
	const read = await readInput(path.resolve(file), MAX_HAR_BYTES);
	if ('unreadable' in read) return refused(`cannot read ${file}: ${read.unreadable.reason}`);
	let json: unknown;
	try {
		// `ignoreBOM` is false: a byte order mark is left out.
		json = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(read.bytes));
	} catch (error) {
		return refused(
			`${file} is not JSON: ${messageOf(error)}`,
			'a HAR file is what "Save all as HAR" of a browser writes',
		);
	}
	const parsed = v.safeParse(harSchema, json);
	if (!parsed.success) {
		const faults = parsed.issues.map(issue => `${formatPath((issue.path ?? []).map(keyOf))}: ${issue.message}`);
		const more = faults.length > MAX_FAULTS ? `, and ${faults.length - MAX_FAULTS} more` : '';
		return refused(`${file} is not a HAR file: ${faults.slice(0, MAX_FAULTS).join('; ')}${more}`);
	}
	const {entries} = parsed.output.log;
	const wrong = entries.findIndex(({request}) => !URL.canParse(request.url));
	if (wrong !== -1) return refused(`${file}: log.entries[${wrong}].request.url is not a URL`);
	// A request that was blocked or aborted has the status 0, a WebSocket 101: neither is an answer.
	const recordings = entries.filter(({response}) => response.status >= 200 && response.status <= 599).map(recordingOf);
	if (recordings.length === 0) return refused(`${file} has no recorded answers`, `it has ${entries.length} entries`);
	return {recordings, bytes: read.bytes};
}

/** What is wrong where times are to be replayed. */
export function violationsOfTimes(file: string, recordings: readonly Recording[]): Violation[] {
	if (recordings.some(({times}) => times !== undefined)) return [];
	const hint = 'HAR 1.2: each entry has timings, with wait and receive in milliseconds';
	return [{path: ['timings'], message: `${file} has no recorded times`, hint}];
}

function refused(message: string, hint?: string): {readonly violations: Violation[]} {
	return {violations: [{path: ['file'], message, hint}]};
}

function keyOf(item: {readonly key: unknown}): string | number {
	return typeof item.key === 'number' ? item.key : String(item.key);
}

function recordingOf({request, response, time, timings}: Entry): Recording {
	const url = new URL(request.url);
	const {status, content} = response;
	return {
		method: request.method.toUpperCase(),
		host: url.host,
		target: `${url.pathname}${url.search}`,
		status,
		headers: headersOf(response),
		body: bodyOf(content, status === 204 || status === 304 || request.method.toUpperCase() === 'HEAD'),
		times: timesOf(time, timings),
	};
}

/** HAR 1.2, timings: -1 is what does not apply. Where only the whole time was recorded, all of it is the wait. */
function timesOf(time: unknown, timings: unknown): RecordedTimes | undefined {
	const {wait, receive} = Object(timings) as {readonly wait?: unknown; readonly receive?: unknown};
	const [waitMs, receiveMs] = [millisecondsIn(wait), millisecondsIn(receive)];
	if (waitMs !== undefined || receiveMs !== undefined) return {waitMs: waitMs ?? 0, receiveMs: receiveMs ?? 0};
	const wholeMs = millisecondsIn(time);
	return wholeMs === undefined ? undefined : {waitMs: wholeMs, receiveMs: 0};
}

/** Text, such as "5s", is no time of a HAR file. */
function millisecondsIn(time: unknown): number | undefined {
	return typeof time === 'number' && Number.isFinite(time) && time >= 0 ? time : undefined;
}

function bodyOf({text, encoding, size = 0}: Entry['response']['content'], isBodiless: boolean): Buffer | undefined {
	if (text !== undefined) return Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8');
	return isBodiless || size <= 0 ? Buffer.alloc(0) : undefined;
}

/**
 * What is about the connection it came on, or about a coding of the body: HAR bodies are decoded (HAR 1.2, `content`).
 * Our own server writes the length anew.
 */
const LEFT_OUT = new Set([
	'connection',
	'content-encoding',
	'content-length',
	'keep-alive',
	'proxy-connection',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);

function headersOf({headers, content}: Entry['response']): [string, string][] {
	return headers.flatMap(({name, value}): [string, string][] => {
		// Fields of HTTP/2 such as `:status`, and names that no server can send.
		if (LEFT_OUT.has(name.toLowerCase()) || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return [];
		// Text of any charset stands in the file as Unicode, and goes out as UTF-8.
		if (name.toLowerCase() === 'content-type' && content.encoding !== 'base64') return [[name, inUtf8(value)]];
		// Chrome joins several of one name with line breaks.
		return value.split(/\r?\n/).map(line => [name, line.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')]);
	});
}

function inUtf8(contentType: string): string {
	return contentType.replace(/;\s*charset\s*=\s*"?[^\s";]+"?/i, '; charset=utf-8').replace(/[^\t\x20-\x7e]/g, '?');
}
