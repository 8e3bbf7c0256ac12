import path from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import {quote} from '../base/quote.ts';
import type {AccessLogSettings, AccountLoadBalancer} from '../model/account-load-balancer.ts';
import {Refusal} from '../model/refusal.ts';
import type {Context} from './context.ts';

/** S3, rules for bucket names; the cloud's object store goes by them. */
const STRICT_BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** What is the name of a folder on every system. */
const BUCKET = /^[A-Za-z0-9_.-]{1,255}$/;

/**
 * A bucket's name is taken as it is given, as long as a folder can have it: the example of the API itself is upper case.
 * Prefixes are names with slashes between.
 *
 * @see OUTSCALE API 1.40, AccessLog
 */
export function validateAccessLog({enabled, bucket, prefix}: AccessLogSettings, strict: boolean): void {
	if (bucket !== undefined && (!(strict ? STRICT_BUCKET : BUCKET).test(bucket) || /^\.\.?$/.test(bucket))) {
		const allowed = strict ? '3 to 63 of a-z, 0-9, "." and "-"' : '1 to 255 of A-Z, a-z, 0-9, "_", "." and "-"';
		const message = `${quote(bucket)} is not a bucket's name; allowed are ${allowed}`;
		throw new Refusal('ACCESS_LOG_UNUSABLE', message, bucket);
	}
	const isSafe = (name: string) => /^[A-Za-z0-9!_.*'()-]{1,255}$/.test(name) && name !== '.' && name !== '..';
	if (prefix !== undefined && prefix !== '' && !prefix.split('/').every(isSafe)) {
		const message = `${quote(prefix)} is not a prefix; allowed are names of A-Z, a-z, 0-9 and !_.*'()-, with "/" between`;
		throw new Refusal('BAD_LOG_PREFIX', message, prefix);
	}
	if (enabled && bucket === undefined) {
		throw new Refusal('ACCESS_LOG_UNUSABLE', 'an access log needs the name of its bucket');
	}
}

/** A log that is asked for as it is stays where it is written. */
export function logOf(
	before: AccountLoadBalancer,
	accessLog: AccessLogSettings | undefined,
	{accessLogFolder}: Context,
): Pick<AccountLoadBalancer, 'accessLog' | 'logTarget'> {
	if (accessLog === undefined || isDeepStrictEqual(accessLog, before.accessLog)) {
		return {accessLog: before.accessLog, logTarget: before.logTarget};
	}
	const {enabled, bucket, prefix = '', intervalMinutes} = accessLog;
	if (!enabled || bucket === undefined || accessLogFolder === undefined) return {accessLog, logTarget: undefined};
	const folder = path.join(accessLogFolder, bucket);
	return {accessLog, logTarget: {kind: 'folder', folder, prefix, intervalMinutes}};
}
