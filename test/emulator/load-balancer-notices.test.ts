import test from 'ava';
import type {RunningLoadBalancer} from '../../src/data-plane/running-load-balancer.ts';
import {updateNotices} from '../../src/emulator/load-balancer-notices.ts';
import {Notices} from '../../src/emulator/notices.ts';
import type {PortMode} from '../../src/emulator/options.ts';
import type {ServerCertificate} from '../../src/model/account.ts';
import type {AccountLoadBalancer} from '../../src/model/account-load-balancer.ts';
import {accountListener, accountLoadBalancer, accountWith} from '../helpers/accounts.ts';
import {HTTP_LISTENER} from '../helpers/running-pieces.ts';

function certificate(id: string, configuredAs?: string): ServerCertificate {
	return {
		id,
		name: id,
		path: '/',
		body: 'cert',
		chain: undefined,
		tags: new Map(),
		uploadedMs: 0,
		configuredAs,
		broughtBy: undefined,
		pair: {cert: 'cert', key: 'key'},
		facts: {names: [], notAfter: new Date(0), fingerprint256: '', keyType: 'ec'},
		warnings: [`${id} has expired`],
		issued: false,
	};
}

const CERTIFICATES = new Map([
	['OWN', certificate('OWN')],
	['CONFIGURED', certificate('CONFIGURED', 'shop')],
]);

/** A listener of port 80 that was bound to this port. */
function boundTo(port: number, refusal?: string): RunningLoadBalancer['listeners'] {
	const description = {...HTTP_LISTENER, bind: {...HTTP_LISTENER.bind, port: HTTP_LISTENER.port}};
	// Notices look at nothing else of what runs.
	return [{description, bound: {port, refusal}}] as unknown as RunningLoadBalancer['listeners'];
}

interface Change {
	readonly web?: Partial<AccountLoadBalancer>;
	readonly bound?: RunningLoadBalancer['listeners'];
	readonly ports?: PortMode;
}

/** Updates the notices of the load balancer `web`. */
function update(notices: Notices, {web, bound, ports = 'fallback'}: Change): void {
	const account = accountWith(web === undefined ? [] : [accountLoadBalancer(web)], {certificates: CERTIFICATES});
	updateNotices('web', {account, bound, notices, options: {ports}});
}

const BOUND = 'web, http:80 -> http:80: bound to 10080 in place of 80 (ports below 1024 need a privilege)';

test('a port that was bound in place of another is a note, until it is bound anew', t => {
	const notices = new Notices();

	update(notices, {web: {}, bound: boundTo(10_080, 'EACCES')});
	t.deepEqual(notices.texts('note'), [BOUND]);
	update(notices, {web: {}});
	t.deepEqual(notices.texts('note'), [BOUND], 'nothing was bound');
	update(notices, {web: {}, bound: boundTo(80)});

	t.deepEqual(notices.texts('note'), []);
});

test('where free ports are asked for, another port is no surprise', t => {
	const notices = new Notices();

	update(notices, {web: {}, bound: boundTo(10_080), ports: 'free'});

	t.deepEqual(notices.texts('note'), []);
});

const shows = (certificateId: string) =>
	accountListener(443, {protocol: 'https', certificateId, certificate: undefined});

test('the warnings of a certificate are told with its listener, but not those of one that the configuration names', t => {
	const notices = new Notices();

	update(notices, {web: {listeners: [shows('OWN'), {...shows('CONFIGURED'), port: 444}]}});
	t.deepEqual(notices.texts('warning'), ['web, listener 443: OWN has expired']);
	update(notices, {web: {listeners: [shows('CONFIGURED')]}});

	t.deepEqual(notices.texts('warning'), []);
});

test('a plain number that looks like seconds is warned of until it is another', t => {
	const notices = new Notices();
	const {timeouts} = accountLoadBalancer();

	update(notices, {web: {source: {idleTimeout: 60}, timeouts: {...timeouts, idleMs: 60}}});
	t.deepEqual(notices.texts('warning'), [
		'web, durations: idleTimeout is 60 milliseconds; write "60s" for seconds, or "60ms" if it is meant',
	]);
	update(notices, {web: {source: {idleTimeout: 60}, timeouts: {...timeouts, idleMs: 60_000}}});

	t.deepEqual(notices.texts('warning'), []);
});

for (const [what, web] of [
	['that is gone', undefined],
	['that is being deleted', {life: {phase: 'deleting', sinceMs: 0}}],
] as const) {
	test(`nothing is said of a load balancer ${what}`, t => {
		const notices = new Notices();

		update(notices, {bound: boundTo(10_080), ...(web === undefined ? {} : {web})});

		t.deepEqual([...notices.texts('note'), ...notices.texts('warning')], []);
	});
}
