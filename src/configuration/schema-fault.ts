import * as v from 'valibot';
import {DIRECTIONS, type Fault, type FaultPlaceSpec, type FaultRule, RESETS, TLS_FAULTS} from '../model/fault.ts';
import {MAX_MADE_BYTES, wholeNumbers} from '../model/fault-rule.ts';
import {duration, isText, optional, text} from './schema-values.ts';

/** A number that the model validates in the same words, and what editors are told of it. */
function whole(what: string, minimum: number, maximum?: number) {
	return v.pipe(
		v.number(`${what}; allowed are ${wholeNumbers(minimum, maximum)}`),
		v.metadata({type: 'integer', minimum, ...(maximum === undefined ? {} : {maximum})}),
	);
}

const bytes = (minimum: number, maximum?: number) => whole('a number of bytes', minimum, maximum);
const yes = v.literal(true, 'true, the only value it takes');

const KINDS =
	'{latency}, {bandwidth}, {slice}, {limit}, {slowClose}, {reset}, {close}, {refuse}, {blackhole}, {status}, {garbage}, {truncate}, {contentLength}, {tls}';
const RESET = 'a reset; write true for at once, "after-request", "mid-response" or "on-reuse"';

const answer = {
	status: whole('a status of an answer', 200, 599),
	body: v.exactOptional(text),
	headers: v.exactOptional(v.record(v.string(), text, 'header fields by name')),
};
const ofApi = {refused: {code: 'goes with "api" only'}};

const ofTraffic = [
	v.strictObject({latency: duration, jitter: v.exactOptional(duration)}),
	v.strictObject({bandwidth: bytes(1)}),
	v.strictObject({slice: bytes(1), delay: v.exactOptional(duration)}),
	v.strictObject({limit: bytes(0)}),
	v.strictObject({slowClose: duration}),
	v.strictObject({
		reset: v.union(
			[yes, v.pipe(v.custom<(typeof RESETS)[number]>(isText, RESET), v.metadata({enum: [...RESETS]}))],
			RESET,
		),
	}),
	v.strictObject({close: yes}),
	v.strictObject({refuse: yes}),
	v.strictObject({blackhole: yes}),
	v.strictObject({garbage: bytes(1, MAX_MADE_BYTES)}),
	v.strictObject({truncate: bytes(0)}),
	v.strictObject({contentLength: bytes(0)}),
	v.strictObject({
		tls: v.picklist(TLS_FAULTS, 'a fault of TLS; allowed are "stall", "alert", "truncate" or "wrong-certificate"'),
	}),
] as const;

/** What goes wrong at a load balancer. */
const faultOfTraffic = v.union(
	[...ofTraffic, v.pipe(v.strictObject(answer), v.metadata(ofApi))],
	`a fault; write one of ${KINDS}`,
);
/** What goes wrong anywhere. */
const fault = v.union(
	[...ofTraffic, v.strictObject({...answer, code: v.exactOptional(text)}), v.strictObject({throttle: yes})],
	`a fault; write one of ${KINDS}, {throttle}`,
);

const place = (places: string, pattern: string) =>
	v.pipe(
		// Only text or not: the model finds every fault in it.
		v.custom<FaultPlaceSpec>(isText, `a place; write ${places}`),
		v.metadata({type: 'string', pattern, examples: ['backend:a', 'listener:443']}),
		v.description('Where it is: at a back-end, or at the listener whose port was written so.'),
	);

const direction = v.picklist(DIRECTIONS, 'a direction; allowed are "up" or "down"');
const when = {
	direction: optional('Of the bytes that are shaped. "down", from the back-end to the client.', direction),
	skip: optional('It passes over the first so many. 0 unless said otherwise.', whole('a number of those to skip', 0)),
	times: optional('It fires so often, and never again. Without end.', whole('a number of times', 1)),
	every: optional('It hits the first, and every so many-th from there on. 1.', whole('a step', 1)),
	path: optional('A path pattern with the wildcards * and ?.', text),
	header: optional('Requests with this field: "X-Tenant", or "X-Tenant=acme".', text),
	sni: optional('Clients that ask for this server name in TLS; a pattern.', text),
};
const RULE = 'a fault rule; write {on, do}, and skip, times, every, direction, path, header or sni';

/** A fault, where it is, and when it fires. */
export const faultRule = v.strictObject(
	{
		on: place('"backend:NAME", "listener:PORT" or "api"', '^(backend:.+|listener:\\d{1,5}|api)$'),
		do: fault,
		...when,
		operation: optional('An action of the API, for on: "api".', text),
	},
	RULE,
);

/** Faults of a load balancer, that are armed before the first connection. */
export const faults = v.array(
	v.pipe(
		v.strictObject(
			{
				on: place('"backend:NAME" or "listener:PORT"', '^(backend:.+|listener:\\d{1,5})$'),
				do: v.pipe(faultOfTraffic, v.description('What goes wrong.')),
				...when,
			},
			RULE,
		),
		v.metadata({refused: {operation: 'goes with "api" only'}}),
	),
	'a list of fault rules',
);

/** What the schema lets through is what the type promises; a difference does not compile. */
type Fits<Given extends Wanted, Wanted> = Given;
export type CheckedFault = Fits<v.InferOutput<typeof fault>, Fault>;
export type CheckedRule = Fits<v.InferOutput<typeof faultRule>, FaultRule>;
