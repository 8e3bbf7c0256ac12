import * as v from 'valibot';
import {invalidDescription} from '../../base/errors.ts';
import {alternatives} from '../../base/suggest.ts';
import {type Findings, presentable} from '../../configuration/finding.ts';
import {readAddress} from '../../configuration/host-names.ts';
import {type Partly, readShape} from '../../configuration/read-shape.ts';
import {barePort, durationWithUnit} from '../../configuration/schema-values.ts';
import {refuseVmId} from '../../configuration/vm-id.ts';

const STATES = ['InService', 'OutOfService', 'auto'] as const;

const text = v.string('text');
const health = v.strictObject(
	{
		loadBalancer: text,
		backend: text,
		state: v.picklist(STATES, 'a state; allowed are "InService", "OutOfService" or "auto"'),
	},
	'an object {loadBalancer, backend, state}',
);
const vm = v.strictObject(
	{id: text, address: v.union([text, barePort], 'an address such as "127.0.0.1:3000", or a port such as 3000')},
	'an object {id, address}',
);
const vmId = v.strictObject({id: text}, 'an object {id}');
const stop = v.strictObject(
	{
		pid: v.exactOptional(
			v.pipe(v.number('a number'), v.integer('a whole number'), v.minValue(1, 'a number from 1 on')),
		),
	},
	'empty, or an object {pid}',
);
const resetting = v.strictObject({prefix: v.exactOptional(text)}, 'empty, or an object {prefix}');
const backend = v.strictObject({loadBalancer: text, backend: text}, 'an object {loadBalancer, backend}');
const switching = v.strictObject(
	{
		loadBalancer: text,
		backend: text,
		action: v.picklist(['stop', 'start'], 'an action; allowed are "stop" or "start"'),
	},
	'an object {loadBalancer, backend, action}',
);
const clock = v.strictObject({advance: durationWithUnit}, 'an object {advance}, such as {"advance": "30s"}');
const faultOf = v.looseObject({loadBalancer: v.exactOptional(text)}, 'a fault rule {loadBalancer, on, do, …}');
const faultsOf = v.strictObject(
	{
		loadBalancer: v.exactOptional(text),
		id: v.exactOptional(v.pipe(v.number('a number'), v.integer('a whole number'), v.minValue(1, 'a number from 1 on'))),
		all: v.exactOptional(v.literal(true, 'true')),
	},
	'an object {loadBalancer, id} or {all: true}',
);
const nothing = v.strictObject({}, 'empty, or {}');

/** @throws EmulatorError `INVALID_DESCRIPTION` with every violation, as all of these. */
export function readHealthBody(body: Uint8Array): v.InferOutput<typeof health> {
	return read(health, body);
}

export function readVmBody(body: Uint8Array): {readonly id: string; readonly address: string} {
	const {id, address} = read(vm, body, ({id, address}, findings) => {
		validateVmId(id, findings);
		if (address === undefined) return;
		const parsed = readAddress(`${address}`);
		if ('message' in parsed) findings.push({path: ['address'], ...parsed});
	});
	return {id, address: `${address}`};
}

export function readVmIdBody(body: Uint8Array): v.InferOutput<typeof vmId> {
	return read(vmId, body, ({id}, findings) => validateVmId(id, findings));
}

export function readBackendBody(body: Uint8Array): v.InferOutput<typeof backend> {
	return read(backend, body);
}

export function readSwitchBody(body: Uint8Array): v.InferOutput<typeof switching> {
	return read(switching, body);
}

/** @returns the duration as it is written: `30s`. */
export function readClockBody(body: Uint8Array): v.InferOutput<typeof clock>['advance'] {
	return read(clock, body).advance;
}

/**
 * @param names of the load balancers that there are.
 * @returns the rule as it was given; whoever arms it validates it.
 */
export function readFaultBody(
	body: Uint8Array,
	names: () => readonly string[],
): {readonly loadBalancer: string | undefined; readonly rule: unknown} {
	const given = read(faultOf, body, ({loadBalancer, on}, findings) => {
		if (on === 'api' && loadBalancer !== undefined) {
			findings.push({path: ['loadBalancer'], message: 'a fault of "api" has no load balancer', hint: 'leave it away'});
		}
		if (on !== 'api' && loadBalancer === undefined) {
			const message = `name the load balancer of the fault; there is ${alternatives(names())}`;
			findings.push({path: ['loadBalancer'], message, hint: 'or write on: "api" for a fault of the cloud\'s API'});
		}
	});
	const {loadBalancer, ...rule} = given;
	return {loadBalancer, rule};
}

/** @returns which faults are meant: the one with this id, or all of that load balancer, or all. */
export function readFaultsBody(body: Uint8Array): {
	readonly loadBalancer: string | undefined;
	readonly id: number | undefined;
} {
	const {loadBalancer, id} = read(faultsOf, body, ({id, all}, findings) => {
		if ((id === undefined) === (all === undefined) && findings.length === 0) {
			const message = 'say which fault by its id, with its load balancer, or {all: true}; not both';
			findings.push({path: [], message, hint: 'GET /_lb/faults shows those that are armed'});
		}
	});
	return {loadBalancer, id};
}

/** @returns the process that is meant, where one is. */
export function readStopBody(body: Uint8Array): number | undefined {
	return body.length === 0 ? undefined : read(stop, body).pid;
}

export function readEmptyBody(body: Uint8Array): void {
	if (body.length > 0) read(nothing, body);
}

/** @returns what the names begin with of what is meant; undefined: everything is. */
export function readResetBody(body: Uint8Array): string | undefined {
	return body.length === 0 ? undefined : read(resetting, body).prefix;
}

/** JSON of any shape, for whoever knows more of it. */
export function readAnyBody(body: Uint8Array): unknown {
	return parsed(body);
}

function validateVmId(id: string | undefined, findings: Findings): void {
	const refusal = id === undefined ? undefined : refuseVmId(id);
	if (refusal !== undefined) findings.push({path: ['id'], ...refusal});
}

function read<Schema extends v.GenericSchema>(
	schema: Schema,
	body: Uint8Array,
	validate: (value: Partly<v.InferOutput<Schema>>, findings: Findings) => void = () => {},
): v.InferOutput<Schema> {
	const {value, findings} = readShape(schema, parsed(body));
	if (value !== undefined) validate(value, findings);
	if (findings.length > 0) throw invalidDescription('The request body', presentable(findings));
	// What has no finding has the schema's shape, without holes.
	return value as v.InferOutput<Schema>;
}

function parsed(body: Uint8Array): unknown {
	if (body.length === 0) throw notJson('the body is empty; it has to be JSON');
	try {
		return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(body));
	} catch {
		// What the parser says repeats the text, which may be a secret in the wrong place.
		throw notJson('the body is not JSON in UTF-8');
	}
}

function notJson(message: string) {
	return invalidDescription('The request body', [{path: [], message}]);
}
