import {millisecondsIn} from '../base/duration.ts';
import {show} from '../base/quote.ts';
import {violationsOfPattern} from '../model/pattern.ts';
import {find, type Place, within} from './place.ts';
import type {Partly} from './read-shape.ts';
import {MAX_DURATION_MS} from './schema-values.ts';
import type {ReplyAnswer, ReplyBackend, ReplyEvent, ReplyStep} from './spec-backend.ts';

/** Validates a reply and the steps of its script. */
export function validateReply(reply: Partly<ReplyBackend>, place: Place): void {
	const {script} = reply;
	validateAnswer(reply, place);
	validateDuration(reply.keepAlive, 'keepAlive', place);
	if (script === undefined && reply.pace !== undefined) validatePaced(reply, place);
	if (script?.length === 0) {
		find(place, ['script'], {message: 'the list is empty; a script has at least one answer'});
	}
	for (const [index, step] of (script ?? []).entries()) {
		if (step !== undefined) validateStep(step, reply, within(within(place, 'script'), index));
	}
}

function validateStep(step: Partly<ReplyStep>, reply: Partly<ReplyBackend>, place: Place): void {
	const {times, path} = step;
	validateAnswer(step, place);
	validateWhole(times, ['times'], place);
	if (step.pace !== undefined)
		validatePaced({...step, body: step.body ?? (step.events === undefined ? reply.body : undefined)}, place);
	if (path === undefined) return;
	// An empty pattern of a rule is none; here that is said by leaving it out.
	if (!path.startsWith('/') && !path.startsWith('*') && !path.startsWith('?')) {
		find(place, ['path'], {message: `no path matches ${show(path)}; a pattern begins with "/" or "*"`});
	}
	for (const {message, hint} of violationsOfPattern(path, 'path')) find(place, ['path'], {message, hint});
}

function validateAnswer(answer: Partly<ReplyAnswer>, place: Place): void {
	const {status, headers, body, pace, events} = answer;
	if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
		find(place, ['status'], {message: `${status} is not the status of an answer; allowed are 200 to 599`});
	}
	for (const [name, value] of Object.entries(headers ?? {})) {
		// token: RFC 9110 section 5.6.2; field values: section 5.5.
		if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
			find(place, ['headers', name], {message: `${show(name)} is not a header name`, at: 'key'});
		} else if (value !== undefined && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
			find(place, ['headers', name], {message: `${show(value)} is not a header value: no line breaks, Latin-1 only`});
		} else if (events !== undefined && /^content-length$/i.test(name)) {
			find(place, ['headers', name], {
				message: 'a stream of events has no length',
				hint: 'leave the header out',
				at: 'key',
			});
		}
	}
	validateDuration(answer.delay, 'delay', place);
	if (pace !== undefined && 'bandwidth' in pace) validateWhole(pace.bandwidth, ['pace', 'bandwidth'], place);
	else if (pace !== undefined && 'bytes' in pace) validateWhole(pace.bytes, ['pace', 'bytes'], place);
	if (pace !== undefined && 'every' in pace) validateDuration(pace.every, 'every', within(place, 'pace'));
	if (events === undefined) return;
	if (body !== undefined) {
		find(place, ['events'], {message: 'an answer has a body or events, not both', hint: 'send the body as an event'});
	}
	if (pace !== undefined) {
		find(place, ['pace'], {message: 'events have their own pace', hint: 'write events: {every}'});
	}
	validateEvents(events, within(place, 'events'));
}

function validateEvents({send, every}: NonNullable<Partly<ReplyAnswer>['events']>, place: Place): void {
	validateDuration(every, 'every', place);
	if (send?.length === 0) find(place, ['send'], {message: 'the list is empty; write at least one event'});
	for (const [index, event] of (send ?? []).entries()) {
		if (typeof event === 'object') validateEvent(event, within(within(place, 'send'), index));
	}
}

/** WHATWG HTML, 9.2.6: a field ends with its line, and an id with a NUL is ignored. */
function validateEvent({event, id, retry}: Partly<ReplyEvent>, place: Place): void {
	for (const [key, value] of Object.entries({event, id})) {
		if (value === undefined || !/[\r\n\0]/.test(value)) continue;
		find(place, [key], {message: `${show(value)} has a line break or a NUL; the ${key} of an event is one line`});
	}
	validateDuration(retry, 'retry', place);
}

function validatePaced({body}: Partly<ReplyAnswer>, place: Place): void {
	if (body === undefined) find(place, ['pace'], {message: 'there is no body to send', hint: 'write body: beside it'});
}

function validateDuration(given: unknown, key: string, place: Place): void {
	if ((millisecondsIn(given) ?? 0) > MAX_DURATION_MS) {
		find(place, [key], {message: `${show(given)} is too long; allowed are up to ${MAX_DURATION_MS} ms`});
	}
}

function validateWhole(given: number | undefined, keys: readonly string[], place: Place): void {
	if (given === undefined || (Number.isSafeInteger(given) && given >= 1)) return;
	find(place, keys, {message: `${given} is not allowed; write a whole number from 1 on`});
}
