import type {AccountLoadBalancer} from '../model/account-load-balancer.ts';

/** A guess: shorter times are seldom meant where the cloud counts in seconds, and tests that mean them can say `ms`. */
const SHORT_MS = 100;

/**
 * Warns of plain numbers that look as if seconds were meant: in code they are milliseconds. What says its unit, and what
 * somebody else has changed since it was written, is left alone.
 *
 * @param about how each sentence begins.
 */
export function warningsOfDurations(loadBalancer: AccountLoadBalancer, about: string): string[] {
	const {source, healthCheck, timeouts, drainingMs} = loadBalancer;
	const {interval, timeout} = fieldsOf(source['healthCheck']);
	const durations: readonly (readonly [key: string, written: unknown, ms: number | undefined])[] = [
		['healthCheck.interval', interval, healthCheck.intervalMs],
		['healthCheck.timeout', timeout, healthCheck.timeoutMs],
		['draining', source['draining'], drainingMs],
		['idleTimeout', source['idleTimeout'], timeouts.idleMs],
		['headTimeout', source['headTimeout'], timeouts.headMs],
		['connectTimeout', source['connectTimeout'], timeouts.connectMs],
	];
	return durations
		.filter(([, written, ms]) => typeof written === 'number' && written < SHORT_MS && written === ms)
		.map(
			([key, written]) =>
				`${about}${key} is ${String(written)} milliseconds; write "${String(written)}s" for seconds, or "${String(written)}ms" if it is meant`,
		);
}

function fieldsOf(value: unknown): {readonly interval?: unknown; readonly timeout?: unknown} {
	return typeof value === 'object' && value !== null ? value : {};
}
