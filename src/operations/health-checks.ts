import {quote} from '../base/quote.ts';
import {withLoadBalancer} from '../model/account.ts';
import type {AccountLoadBalancer} from '../model/account-load-balancer.ts';
import {type HealthCheck, type HealthCheckBounds, violationsOfHealthCheck} from '../model/health-check.ts';
import {Refusal, type RefusalCode} from '../model/refusal.ts';
import type {Operation} from './context.ts';
import {changeable, changing} from './validate.ts';

export interface ConfigureHealthCheck {
	readonly loadBalancer: string;
	readonly healthCheck: HealthCheck;
	readonly bounds: HealthCheckBounds;
}

/** ConfigureHealthCheck: all of the check at once. */
export const configureHealthCheck: Operation<ConfigureHealthCheck, AccountLoadBalancer> =
	({loadBalancer, healthCheck, bounds}) =>
	(account, context) => {
		validateHealthCheck(healthCheck, bounds);
		const after = changing(changeable(account, loadBalancer, context), {healthCheck}, context);
		return {account: withLoadBalancer(account, after), result: after};
	};

/** By the key of a description in which a violation is. */
const CODES: ReadonlyMap<unknown, RefusalCode> = new Map([
	['interval', 'BAD_CHECK_INTERVAL'],
	['timeout', 'BAD_CHECK_TIMEOUT'],
	['healthy', 'BAD_HEALTHY_THRESHOLD'],
	['unhealthy', 'BAD_UNHEALTHY_THRESHOLD'],
]);

/** @throws Refusal `HEALTH_CHECK_PATH`, one of those in `CODES`, `BAD_CHECK_TARGET`, `CHECK_TIMEOUT_TOO_LONG` */
export function validateHealthCheck(check: HealthCheck, bounds: HealthCheckBounds): void {
	const {protocol, path, intervalMs, timeoutMs, healthyThreshold, unhealthyThreshold} = check;
	if ((protocol === 'tcp' || protocol === 'ssl') && path !== '') {
		const message = `a ${protocol.toUpperCase()} health check has no path, and ${quote(path)} was given`;
		throw new Refusal('HEALTH_CHECK_PATH', message, path);
	}
	const [violation] = violationsOfHealthCheck(check, bounds);
	if (violation === undefined) return;
	const {message} = violation;
	const code = CODES.get(violation.path[0]) ?? 'BAD_CHECK_TARGET';
	const {min, max} = bounds.timeoutMs;
	if (code === 'BAD_CHECK_TIMEOUT' && timeoutMs >= min && timeoutMs <= max) {
		throw new Refusal('CHECK_TIMEOUT_TOO_LONG', message);
	}
	const given = new Map([
		['BAD_CHECK_INTERVAL', intervalMs / 1000],
		['BAD_CHECK_TIMEOUT', timeoutMs / 1000],
		['BAD_HEALTHY_THRESHOLD', healthyThreshold],
		['BAD_UNHEALTHY_THRESHOLD', unhealthyThreshold],
	]);
	throw new Refusal(code, message, String(given.get(code) ?? ''));
}
