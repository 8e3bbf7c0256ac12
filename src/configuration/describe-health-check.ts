import {millisecondsIn} from '../base/duration.ts';
import {
	defaultHealthCheck,
	type HealthCheck,
	type HealthCheckTarget,
	readTarget,
	violationsOfHealthCheck,
} from '../model/health-check.ts';
import {find, type Place} from './place.ts';
import type {Partly} from './read-shape.ts';
import type {HealthCheckSpec} from './spec-balancing.ts';

/**
 * Validates how back-ends are to be probed; what is not written is as the cloud has it.
 *
 * @param backendPort that of the first listener.
 */
export function describeHealthCheck(
	shape: Partly<HealthCheckSpec> = {},
	backendPort: number,
	place: Place,
): HealthCheck {
	const defaults = defaultHealthCheck(backendPort);
	const check: HealthCheck = {
		...defaults,
		...targetOf(shape.target, place),
		intervalMs: millisecondsIn(shape.interval) ?? defaults.intervalMs,
		timeoutMs: millisecondsIn(shape.timeout) ?? defaults.timeoutMs,
		healthyThreshold: shape.healthy ?? defaults.healthyThreshold,
		unhealthyThreshold: shape.unhealthy ?? defaults.unhealthyThreshold,
	};
	// The model names the keys as they are written here.
	for (const {path, message, hint} of violationsOfHealthCheck(check)) find(place, path, {message, hint});
	return check;
}

function targetOf(text: string | undefined, place: Place): HealthCheckTarget | undefined {
	if (text === undefined) return undefined;
	const read = readTarget(text);
	if ('target' in read) return read.target;
	for (const {message, hint} of read.violations) find(place, ['target'], {message, hint});
	return undefined;
}
