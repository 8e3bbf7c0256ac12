import * as v from 'valibot';
import {DURATION_PATTERN, type Duration, millisecondsIn} from '../base/duration.ts';

/** A key that other versions or other places know, and what to say of it here. */
export interface KeyRemarks {
	readonly refused: Readonly<Record<string, string>>;
}

/** Largest wait Node's timers keep; a longer one would fire at once. */
export const MAX_DURATION_MS = 2_147_483_647;

/** What is said of keys that a later version will carry out. */
export const LATER = 'is not supported yet by this version';
export const KEY_IS_NAME = 'has no place here: the key above is the name';

export const text = v.string('text');
export const flag = v.boolean('true or false');
export const port = v.pipe(
	v.number('a port'),
	v.check(isPort, 'a port'),
	v.metadata({type: 'integer', minimum: 1, maximum: 65_535}),
);
/** A server of the user's own by its port alone: it is at 127.0.0.1. */
export const barePort = v.pipe(
	v.number('the port of a server; allowed are 1 to 65535'),
	v.check(isPort, 'the port of a server; allowed are 1 to 65535'),
	v.metadata({type: 'integer', minimum: 1, maximum: 65_535}),
);
/** The name of a back-end that is described elsewhere, where somebody may write its port. */
export const backendName = v.string('the name of a back-end');
export const count = v.pipe(
	v.number('a number of back-ends, 0 to 100'),
	v.check(n => Number.isInteger(n) && n >= 0 && n <= 100, 'a number of back-ends, 0 to 100'),
	v.metadata({type: 'integer', minimum: 0, maximum: 100}),
);
/** Editors read files, so that what they are told of a duration is what files may say. */
const DURATION_IN_FILES = {type: 'string', pattern: DURATION_PATTERN} as const;
/** A duration in the library, where a number is milliseconds as everywhere in JavaScript. */
export const duration = v.pipe(
	v.custom<Duration>(
		isDuration,
		'a duration; write milliseconds as a number, or text such as "500ms", "5s", "2m" or "1h"',
	),
	v.metadata(DURATION_IN_FILES),
);
/** A duration in a file, where a number may mean seconds as well: it says its unit. */
export const durationWithUnit = v.pipe(
	v.custom<Duration>(
		isDurationWithUnit,
		'a duration; write a number with its unit, such as "500ms", "5s", "2m" or "1h"',
	),
	v.metadata(DURATION_IN_FILES),
);

/** Whether a schema is {@link duration}, described or not: that makes another object of it with the same check. */
export function isDurationSchema(schema: v.GenericSchema): boolean {
	return 'check' in schema && schema.check === isDuration;
}

/** Whether a value is a port: 1 to 65535, OUTSCALE API 1.40, ListenerForCreation.BackendPort. */
export function isPort(value: number): boolean {
	return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

/** A key that may be left out, and what editors say about it. */
export function optional<Schema extends v.GenericSchema>(description: string, schema: Schema) {
	return v.exactOptional(v.pipe(schema, v.description(description)));
}

export function isText(value: unknown): boolean {
	return typeof value === 'string';
}

function isDuration(value: unknown): boolean {
	return millisecondsIn(value) !== undefined;
}

function isDurationWithUnit(value: unknown): boolean {
	return isText(value) && isDuration(value);
}
