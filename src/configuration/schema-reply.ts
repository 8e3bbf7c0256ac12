import * as v from 'valibot';
import {duration, optional, text} from './schema-values.ts';

const whole = (what: string, minimum: number) => v.pipe(v.number(what), v.metadata({type: 'integer', minimum}));

const pace = v.union(
	[
		v.strictObject({
			bytes: v.pipe(whole('a number of bytes', 1), v.description('In pieces of so many bytes.')),
			every: v.pipe(duration, v.description('The time between two pieces.')),
		}),
		v.strictObject({bandwidth: whole('a number of bytes a second', 1)}),
	],
	'the pace of a body; write {bytes: 100, every: 50ms} or {bandwidth: 10000}',
);

const event = v.union(
	[
		text,
		v.strictObject(
			{
				data: text,
				event: optional('Its type.', text),
				id: optional('What a client that connects again has seen last.', text),
				retry: optional('How long a client is to wait before it connects again.', duration),
			},
			'an event',
		),
	],
	'an event; write its data, or {data, event, id, retry}',
);

const events = v.strictObject(
	{
		send: v.array(event, 'a list of events'),
		every: optional('The time between two events; 1 s unless said otherwise.', duration),
		end: optional(
			'After the last event: close = the answer ends; stay = it stays open; repeat = it begins again. close unless said otherwise.',
			v.picklist(['close', 'stay', 'repeat'], 'an end; allowed are "close", "stay" or "repeat"'),
		),
	},
	'server-sent events; write {send: [one, two], every: 1s}',
);

/** What a reply and each step of its script have. */
export const answerFields = {
	status: optional(
		'200 unless said otherwise.',
		v.pipe(v.number('an HTTP status'), v.metadata({type: 'integer', minimum: 200, maximum: 599})),
	),
	headers: v.exactOptional(v.record(v.string(), text, 'headers; write {name: value}')),
	body: v.exactOptional(text),
	delay: optional('Waits before it answers.', duration),
	pace: optional('Sends the body slowly.', pace),
	events: optional('Server-sent events in place of a body.', events),
};

export const replyStep = v.strictObject(
	{
		...answerFields,
		times: optional('How many requests it answers; 1 unless said otherwise.', whole('a number of requests', 1)),
		path: optional('Answers requests for paths of this pattern only; * and ? are wildcards.', text),
	},
	'an answer; write {status, body, times}',
);
