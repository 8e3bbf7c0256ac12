import test, {type ExecutionContext} from 'ava';
import {EmulatorError} from '../../src/base/errors.ts';
import {
	type AccessLogSettings,
	type AccountLoadBalancer,
	NO_ACCESS_LOG,
} from '../../src/model/account-load-balancer.ts';
import type {RefusalCode} from '../../src/model/refusal.ts';
import {type ModifyAttributes, modifyAttributes} from '../../src/operations/attributes.ts';
import {accountLoadBalancer, accountWith, CONTEXT} from '../helpers/accounts.ts';

const NOTHING: ModifyAttributes = {
	loadBalancer: 'web',
	crossZone: undefined,
	accessLog: undefined,
	draining: undefined,
	idleMs: undefined,
	desyncMode: undefined,
	securedCookies: undefined,
};
const LOG: AccessLogSettings = {enabled: true, bucket: 'logs', prefix: 'a/b', intervalMinutes: 5};

/** The load balancer after each of these changes, one after the other. */
function after(...changes: Partial<ModifyAttributes>[]): AccountLoadBalancer {
	const context = {...CONTEXT, accessLogFolder: '/logs'};
	let account = accountWith([accountLoadBalancer()]);
	for (const change of changes) account = modifyAttributes({...NOTHING, ...change})(account, context).account;
	const found = account.loadBalancers.get('web');
	if (found === undefined) throw new Error('it is gone');
	return found;
}

function refused(t: ExecutionContext, code: RefusalCode, change: Partial<ModifyAttributes>, message?: string): void {
	const error = t.throws<EmulatorError>(() => after(change), {instanceOf: EmulatorError}, code);
	t.is(error?.code, code);
	if (message !== undefined) t.is(error?.message, message);
}

const draining = (enabled: boolean, timeoutMs?: number) => ({draining: {enabled, timeoutMs}});

test('an attribute that is given changes, and every other one stays', t => {
	const all: Partial<ModifyAttributes> = {
		crossZone: true,
		accessLog: LOG,
		...draining(true, 20_000),
		idleMs: 30_000,
		desyncMode: 'monitor',
		securedCookies: true,
	};
	const changed = after(all, {idleMs: 1000});
	const {timeouts} = after();

	t.like(changed, {crossZone: true, accessLog: LOG, drainingMs: 20_000, desyncMode: 'monitor', securedCookies: true});
	t.deepEqual(changed.timeouts, {...timeouts, idleMs: 1000});
	t.deepEqual(changed.logTarget, {kind: 'folder', folder: '/logs/logs', prefix: 'a/b', intervalMinutes: 5});
	t.deepEqual(after(all, {crossZone: false, securedCookies: false}), {
		...after(all),
		crossZone: false,
		securedCookies: false,
	});
	t.deepEqual(after(all, {accessLog: NO_ACCESS_LOG}).logTarget, undefined);
});

test('nothing is asked for, and nothing changes', t => {
	t.deepEqual(after({}), after());
});

test('draining is off at first, and takes 300 s when it is switched on without a time', t => {
	t.like(after(), {drainingMs: undefined, drainingTimeoutMs: 300_000});
	t.is(after(draining(true)).drainingMs, 300_000);
});

test('draining keeps its time while it is switched off and on again', t => {
	t.like(after(draining(true, 7000), draining(false)), {drainingMs: undefined, drainingTimeoutMs: 7000});
	t.is(after(draining(true, 7000), draining(false), draining(true)).drainingMs, 7000);
	t.is(after(draining(true, 7000), draining(true)).drainingMs, 7000);
	t.is(after(draining(false, 9000), draining(true)).drainingMs, 9000);
});

test('1 to 3600 s of idle timeout and draining are taken', t => {
	t.is(after({idleMs: 1000}).timeouts.idleMs, 1000);
	t.is(after({idleMs: 3_600_000}).timeouts.idleMs, 3_600_000);
	refused(t, 'BAD_IDLE_TIMEOUT', {idleMs: 0}, 'an idle timeout has 1 to 3600 s, and 0 s were given');
	refused(t, 'BAD_IDLE_TIMEOUT', {idleMs: 3_601_000});
	refused(t, 'BAD_DRAINING_TIMEOUT', draining(true, 0), 'the time of draining has 1 to 3600 s, and 0 s were given');
	refused(t, 'BAD_DRAINING_TIMEOUT', draining(true, 3_601_000));
});

test('a desync mode is one of three', t => {
	for (const mode of ['monitor', 'defensive', 'strictest'] as const) t.is(after({desyncMode: mode}).desyncMode, mode);
	refused(
		t,
		'BAD_DESYNC_MODE',
		{desyncMode: 'strict'},
		'unknown desync mode "strict"; allowed are "monitor", "defensive" or "strictest"',
	);
});

test('an access log that cannot be written refuses all that is asked for with it', t => {
	refused(t, 'ACCESS_LOG_UNUSABLE', {accessLog: {...LOG, bucket: undefined}, idleMs: 5000});
	refused(t, 'ACCESS_LOG_UNUSABLE', {accessLog: {...LOG, bucket: '..'}});
	refused(t, 'BAD_LOG_PREFIX', {accessLog: {...LOG, prefix: '../..'}});
	refused(t, 'NO_SUCH_LOAD_BALANCER', {loadBalancer: 'x'});
});
