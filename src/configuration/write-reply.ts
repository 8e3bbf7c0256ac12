import {millisecondsIn} from '../base/duration.ts';
import type {FakeBackendCommon, ReplyAnswer, ReplyBackend, ReplyEvent, ReplyEvents, ReplyStep} from './spec-backend.ts';
import {below, type Complete, type WritePlace, withoutKey, writeDuration, written} from './write-values.ts';

/** A reply as a configuration has it, without what every fake has. */
export function writeReply(reply: ReplyBackend, place: WritePlace): Omit<ReplyBackend, keyof FakeBackendCommon> {
	const {keepAlive, script} = reply;
	return written<Omit<ReplyBackend, keyof FakeBackendCommon>>({
		kind: 'reply',
		...writeAnswer(reply, place),
		script: script?.map((step, index) => writeStep(step, below(place, 'script', index))),
		keepAlive: duration(keepAlive),
	});
}

function writeStep(step: ReplyStep, place: WritePlace): ReplyStep {
	return written<ReplyStep>({...writeAnswer(step, place), times: step.times, path: step.path});
}

function writeAnswer(
	{status, headers, body, delay, pace, events}: ReplyAnswer,
	place: WritePlace,
): Complete<ReplyAnswer> {
	const shown = Object.entries(headers ?? {}).filter(
		([name, value]) => withoutKey(value, below(place, 'headers', name)) !== undefined,
	);
	return {
		status,
		headers: headers === undefined ? undefined : Object.fromEntries(shown),
		body: withoutKey(body, below(place, 'body')),
		delay: duration(delay),
		pace:
			pace === undefined || 'bandwidth' in pace ? pace : {bytes: pace.bytes, every: duration(pace.every) ?? pace.every},
		events: events === undefined ? undefined : writeEvents(events, below(place, 'events')),
	};
}

function writeEvents({send, every, end}: ReplyEvents, place: WritePlace): ReplyEvents {
	const events = send.map((event, index) => {
		const at = below(place, 'send', index);
		if (typeof event === 'string') return withoutKey(event, at) ?? '';
		const {data, event: type, id, retry} = event;
		return written<ReplyEvent>({
			data: withoutKey(data, below(at, 'data')) ?? '',
			event: type,
			id,
			retry: duration(retry),
		});
	});
	return written<ReplyEvents>({send: events, every: duration(every), end});
}

function duration(given: ReplyBackend['delay']): ReplyBackend['delay'] {
	const ms = millisecondsIn(given);
	return ms === undefined ? undefined : writeDuration(ms);
}
