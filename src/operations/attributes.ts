import {quote} from '../base/quote.ts';
import {alternatives} from '../base/suggest.ts';
import {withLoadBalancer} from '../model/account.ts';
import {
	type AccessLogSettings,
	type AccountLoadBalancer,
	DESYNC_MODES,
	type DesyncMode,
} from '../model/account-load-balancer.ts';
import {Refusal, type RefusalCode} from '../model/refusal.ts';
import {logOf, validateAccessLog} from './access-log.ts';
import type {Operation} from './context.ts';
import {changeable, changing} from './validate.ts';

/** Attributes of a load balancer; undefined leaves one as it is. */
export interface ModifyAttributes {
	readonly loadBalancer: string;
	readonly crossZone: boolean | undefined;
	readonly accessLog: AccessLogSettings | undefined;
	/** A time of undefined: the one that there is or was, or 300 s. */
	readonly draining: {readonly enabled: boolean; readonly timeoutMs: number | undefined} | undefined;
	readonly idleMs: number | undefined;
	readonly desyncMode: string | undefined;
	readonly securedCookies: boolean | undefined;
}

/** AWS Classic ELB API 2012-06-01, ConnectionSettings.IdleTimeout and ConnectionDraining.Timeout: 1 to 3600 s. */
const SPAN_MS = {min: 1000, max: 3_600_000} as const;

/** ModifyLoadBalancerAttributes: those that are given, all of them or none. */
export const modifyAttributes: Operation<ModifyAttributes, AccountLoadBalancer> = input => (account, context) => {
	const {accessLog, draining, idleMs, loadBalancer} = input;
	if (idleMs !== undefined) validateSpan('BAD_IDLE_TIMEOUT', 'an idle timeout', idleMs);
	if (draining?.timeoutMs !== undefined) {
		validateSpan('BAD_DRAINING_TIMEOUT', 'the time of draining', draining.timeoutMs);
	}
	const desyncMode = input.desyncMode === undefined ? undefined : desyncModeNamed(input.desyncMode);
	if (accessLog !== undefined) validateAccessLog(accessLog, context.strict);
	const before = changeable(account, loadBalancer, context);
	const {crossZone, securedCookies, timeouts} = before;
	const after = changing(
		before,
		{
			crossZone: input.crossZone ?? crossZone,
			securedCookies: input.securedCookies ?? securedCookies,
			desyncMode: desyncMode ?? before.desyncMode,
			timeouts: idleMs === undefined ? timeouts : {...timeouts, idleMs},
			...logOf(before, accessLog, context),
			...drainingOf(before, draining),
		},
		context,
	);
	return {account: withLoadBalancer(account, after), result: after};
};

/** How long draining takes when it is on, whether it is or not. */
export function drainingTimeMs({drainingMs, drainingTimeoutMs}: AccountLoadBalancer): number {
	return drainingMs ?? drainingTimeoutMs;
}

/** Terraform's provider switches draining on with a time, then on or off without one, and expects to read that time. */
function drainingOf(
	before: AccountLoadBalancer,
	asked: ModifyAttributes['draining'],
): Pick<AccountLoadBalancer, 'drainingMs' | 'drainingTimeoutMs'> {
	const {drainingMs, drainingTimeoutMs} = before;
	if (asked === undefined) return {drainingMs, drainingTimeoutMs};
	const timeoutMs = asked.timeoutMs ?? drainingTimeMs(before);
	return {drainingMs: asked.enabled ? timeoutMs : undefined, drainingTimeoutMs: timeoutMs};
}

function validateSpan(code: RefusalCode, what: string, givenMs: number): void {
	if (givenMs >= SPAN_MS.min && givenMs <= SPAN_MS.max) return;
	throw new Refusal(code, `${what} has 1 to 3600 s, and ${givenMs / 1000} s were given`, String(givenMs / 1000));
}

/** @throws Refusal `BAD_DESYNC_MODE` */
function desyncModeNamed(name: string): DesyncMode {
	const mode = DESYNC_MODES.find(each => each === name);
	if (mode !== undefined) return mode;
	throw new Refusal(
		'BAD_DESYNC_MODE',
		`unknown desync mode ${quote(name)}; allowed are ${alternatives(DESYNC_MODES)}`,
		name,
	);
}
