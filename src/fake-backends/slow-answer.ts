import type {ServerResponse} from 'node:http';
import type {Clock} from '../base/clock.ts';
import {millisecondsIn} from '../base/duration.ts';
import type {ReplyAnswer, ReplyEvent, ReplyEvents} from '../configuration/spec-backend.ts';

const EVERY_MS = 1000;
/** How often a bandwidth sends a piece, unless a single byte takes longer. */
const PIECES_PER_SECOND = 20;

/** Sends the pieces of a body, one at once and the others by the clock. Ends when the client leaves. */
export function sendPaced(
	response: ServerResponse,
	{body, pace, clock}: {readonly body: Buffer; readonly pace: NonNullable<ReplyAnswer['pace']>; readonly clock: Clock},
): void {
	const {bytes, everyMs} = beatOf(pace);
	let sent = 0;
	sendByClock(response, {
		clock,
		everyMs,
		send() {
			response.write(body.subarray(sent, sent + bytes));
			sent += bytes;
			return sent < body.length ? 'more' : 'end';
		},
	});
}

function beatOf(pace: NonNullable<ReplyAnswer['pace']>): {readonly bytes: number; readonly everyMs: number} {
	if (!('bandwidth' in pace)) return {bytes: pace.bytes, everyMs: millisecondsIn(pace.every) ?? 0};
	const bytes = Math.max(1, Math.floor(pace.bandwidth / PIECES_PER_SECOND));
	return {bytes, everyMs: (bytes * 1000) / pace.bandwidth};
}

/** Sends server-sent events, the first at once and the others by the clock. Ends when the client leaves. */
export function sendEvents(
	response: ServerResponse,
	{send, every = EVERY_MS, end = 'close'}: ReplyEvents,
	clock: Clock,
): void {
	let next = 0;
	sendByClock(response, {
		clock,
		everyMs: millisecondsIn(every) ?? EVERY_MS,
		send() {
			response.write(textOf(send[next % send.length] ?? ''));
			next++;
			if (next < send.length || end === 'repeat') return 'more';
			return end === 'stay' ? 'stay' : 'end';
		},
	});
}

/** WHATWG HTML, 9.2.6: a field to a line, data of several lines in several fields, and an empty line at the end. */
function textOf(given: string | ReplyEvent): string {
	const {data, event, id, retry} = typeof given === 'string' ? ({data: given} as ReplyEvent) : given;
	const retryMs = millisecondsIn(retry);
	const lines = [
		...(event === undefined ? [] : [`event: ${event}`]),
		...(id === undefined ? [] : [`id: ${id}`]),
		...(retryMs === undefined ? [] : [`retry: ${Math.round(retryMs)}`]),
		...data.split(/\r\n|\r|\n/).map(line => `data: ${line}`),
	];
	return `${lines.join('\n')}\n\n`;
}

/**
 * Calls `send` at once, and again each time so much time has passed and the client has taken what was sent, until it
 * says that the answer ends, or stays open, or the connection is gone.
 */
function sendByClock(
	response: ServerResponse,
	{
		clock,
		everyMs,
		send,
	}: {readonly clock: Clock; readonly everyMs: number; readonly send: () => 'more' | 'stay' | 'end'},
): void {
	let cancel = () => {};
	const beat = () => {
		const next = send();
		if (next === 'end') response.end();
		if (next !== 'more') return;
		const wait = () => {
			cancel = clock.after(everyMs, beat);
		};
		// What waits for a client that does not read would fill the memory.
		if (response.writableNeedDrain) response.once('drain', wait);
		else wait();
	};
	response.once('close', () => cancel());
	beat();
}
