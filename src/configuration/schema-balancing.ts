import * as v from 'valibot';
import {LIBRARY_BOUNDS} from '../model/health-check.ts';
import {MAX_PRIORITY} from '../model/listener-rule.ts';
import {MAX_SECONDS} from '../model/stickiness-policy.ts';
import {duration, isText, optional, port, text} from './schema-values.ts';
import type {HealthCheckTargetSpec} from './spec-balancing.ts';

/** A number that the model validates, and what editors are told of it. */
function whole(message: string, minimum: number, maximum: number) {
	return v.pipe(v.number(message), v.metadata({type: 'integer', minimum, maximum}));
}

const {min, max} = LIBRARY_BOUNDS.threshold;
const threshold = whole(`a whole number, ${min} to ${max}`, min, max);
const target = v.pipe(
	// Only text or not, as with listeners: the model finds every fault in it.
	v.custom<HealthCheckTargetSpec>(isText, 'a target; write text such as "HTTP:80/health" or "TCP:6379"'),
	v.metadata({
		type: 'string',
		// Case is ignored, and JSON Schema has no flag for that.
		pattern: '^([Tt][Cc][Pp]:\\d{1,9}|[Ss][Ss][Ll]:\\d{1,9}|[Hh][Tt][Tt][Pp][Ss]?:\\d{1,9}(/[!"$-~]*)?)$',
		examples: ['HTTP:80/health', 'HTTPS:443/health', 'TCP:6379', 'SSL:6379'],
	}),
);

/** How back-ends are probed. */
export const healthCheck = v.strictObject(
	{
		target: optional("Protocol, back-end port and path. TCP on the first listener's back-end port.", target),
		interval: optional('Between the starts of two probes. 30s unless said otherwise.', duration),
		timeout: optional('Within which a probe must have passed. 5s unless said otherwise.', duration),
		healthy: optional('Passes in a row that bring a back-end in service. 10 unless said otherwise.', threshold),
		unhealthy: optional('Failures in a row that take it out of service. 2 unless said otherwise.', threshold),
	},
	'a health check; write {target, interval, timeout, healthy, unhealthy}',
);

const rule = v.strictObject(
	{
		priority: v.pipe(
			whole(`a priority, a whole number from 1 to ${MAX_PRIORITY}`, 1, MAX_PRIORITY),
			v.description('The rule with the highest one is tried first.'),
		),
		host: optional('A host pattern with the wildcards * and ?, compared without case and port.', text),
		path: optional('A path pattern with the wildcards * and ?, compared without the query.', text),
		to: v.pipe(v.array(text, 'a list of names of back-ends'), v.description('Names of registered back-ends.')),
		name: v.exactOptional(text),
		listener: optional('The port of the one listener it belongs to. All HTTP and HTTPS listeners.', port),
	},
	'a rule; write {priority, host, path, to}',
);
/** Which requests go to which back-ends. */
export const rules = v.array(rule, 'a list of rules');

export const draining = v.union(
	[v.literal(false), duration],
	'a draining time; write a duration such as "30s", or false',
);

const ownCookie = optional("The load balancer's own cookie. AWSELB unless said otherwise.", text);
/** What keeps a client at one back-end. */
export const stickiness = v.union(
	[
		v.literal(false),
		v.pipe(
			v.strictObject({
				seconds: optional(
					"Lifetime of the cookie. 1, or none, is the browser's session.",
					whole('a lifetime in whole seconds', 1, MAX_SECONDS),
				),
				name: ownCookie,
			}),
			v.metadata({
				refused: {cookie: 'and "seconds" exclude each other: the lifetime is that of the application\'s cookie'},
			}),
		),
		v.pipe(
			v.strictObject({cookie: v.pipe(text, v.description("The application's cookie.")), name: ownCookie}),
			v.metadata({refused: {seconds: 'does not go with "cookie": the lifetime is that of the application\'s cookie'}}),
		),
	],
	'stickiness; write {seconds}, {cookie} or false',
);

const ofFolder = 'goes with "folder" only';
/** Where access log lines go. */
export const accessLog = v.union(
	[
		text,
		v.pipe(
			v.strictObject({file: text}),
			v.metadata({refused: {folder: 'and "file" exclude each other', prefix: ofFolder, interval: ofFolder}}),
		),
		v.pipe(
			v.strictObject({
				folder: text,
				prefix: optional('Folders below it. None unless said otherwise.', text),
				interval: optional(
					'How often an object is published. 60m unless said otherwise.',
					v.picklist(['5m', '60m'], 'an interval; allowed are "5m" or "60m"'),
				),
			}),
			v.metadata({refused: {file: 'and "folder" exclude each other'}}),
		),
	],
	'an access log; write the path of a file, {file} or {folder, prefix, interval}',
);
