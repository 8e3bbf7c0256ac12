import {EmulatorError} from './errors.ts';
import {show} from './quote.ts';

/** A duration in options: a number of milliseconds, or text with its unit. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h`;

const UNITS_MS: ReadonlyMap<string | undefined, number> = new Map([
	['ms', 1],
	['s', 1000],
	['m', 60_000],
	['h', 3_600_000],
]);

/** The pattern of durations as text, for `RegExp` and JSON Schema. */
export const DURATION_PATTERN = '^(\\d+(?:\\.\\d+)?)(ms|s|m|h)$';

/** Milliseconds in a duration, or undefined when it is not a valid one. Negative and infinite ones are not valid. */
export function millisecondsIn(duration: unknown): number | undefined {
	if (typeof duration === 'number') return Number.isFinite(duration) && duration >= 0 ? duration : undefined;
	if (typeof duration !== 'string') return undefined;
	const [, amount, unit] = new RegExp(DURATION_PATTERN).exec(duration.trim()) ?? [];
	const unitMs = UNITS_MS.get(unit);
	return unitMs === undefined ? undefined : Number(amount) * unitMs;
}

/** Milliseconds in a duration that a caller gave. @throws EmulatorError `INVALID_DURATION` when it is none. */
export function readDuration(duration: Duration): number {
	const ms = millisecondsIn(duration);
	if (ms !== undefined) return ms;
	throw new EmulatorError('INVALID_DURATION', `${show(duration)} is not a duration`, {
		hint: 'Give milliseconds as a number, or text such as "500ms", "5s", "1m" or "1h".',
	});
}

/**
 * What a number without a unit may mean: `"5s" for seconds, "5ms" for milliseconds`. Takes a number or its text;
 * undefined for anything else.
 */
export function readingsOf(value: unknown): string | undefined {
	if (typeof value !== 'number' && typeof value !== 'string') return undefined;
	const amount = String(value).trim();
	if (!/^\d{1,15}(?:\.\d{1,15})?$/.test(amount)) return undefined;
	return `"${amount}s" for seconds, "${amount}ms" for milliseconds`;
}
