import test from 'ava';
import type {ManagedLoadBalancer} from '../../src/emulator/managed-load-balancer.ts';
import {runsAlike, stepOf} from '../../src/emulator/steps.ts';
import type {Account} from '../../src/model/account.ts';
import type {AccountLoadBalancer} from '../../src/model/account-load-balancer.ts';
import type {NormalisedBackend} from '../../src/model/normalised.ts';
import {accountListener, accountLoadBalancer, accountWith, address, registeredVm} from '../helpers/accounts.ts';

const WEB = accountLoadBalancer({backends: [registeredVm('a'), registeredVm('b')]});

/** An account with that load balancer and back-ends of these ports, by their names. */
function accountOf(web: AccountLoadBalancer, ports: Readonly<Record<string, number>> = {a: 1, b: 2}): Account {
	const vms = new Map(
		Object.entries(ports).map(([name, port]): [string, NormalisedBackend] => [name, address(name, port)]),
	);
	return accountWith([web], {vms});
}

/** A load balancer that runs with these back-ends. */
function managed(...backends: readonly NormalisedBackend[]): ManagedLoadBalancer {
	// A step looks at nothing else of what runs.
	return {
		backends: new Map(backends.map(backend => [backend, {}])),
		log: undefined,
	} as unknown as ManagedLoadBalancer;
}

test('a back-end that equals one that runs is that very one, and goes on running', t => {
	const [a, b] = [address('a', 1), address('b', 9)];

	const {registered} = stepOf(WEB, {account: accountOf(WEB), managed: managed(a, b), before: WEB, own: []});

	t.is(registered[0], a);
	t.not(registered[1], b, 'another port: another back-end');
	t.deepEqual(registered[1], address('b', 2));
});

test('a back-end that equals one of those that were given is that very one', t => {
	const [other, given] = [address('a', 9), address('a', 1)];

	const {registered} = stepOf(WEB, {
		account: accountOf(WEB),
		managed: undefined,
		before: undefined,
		own: [other, given],
	});

	t.is(registered[0], given);
});

test('what runs comes before what was given', t => {
	const [runs, given] = [address('a', 1), address('a', 1)];

	const {registered} = stepOf(WEB, {account: accountOf(WEB), managed: managed(runs), before: WEB, own: [given]});

	t.is(registered[0], runs);
});

test('a step begins with nothing acquired, and with the access log that is written already', t => {
	// Only that it is the same is asked.
	const log = {} as ManagedLoadBalancer['log'];
	const runs = Object.assign(managed(), {log});

	t.like(stepOf(WEB, {account: accountOf(WEB), managed: runs, before: WEB, own: []}), {
		next: WEB,
		managed: runs,
		before: WEB,
		acquired: new Map(),
		log,
		data: undefined,
	});
	t.is(stepOf(WEB, {account: accountOf(WEB), managed: undefined, before: undefined, own: []}).log, undefined);
});

const ALIKE: readonly (readonly [what: string, more: Partial<AccountLoadBalancer>])[] = [
	['tags', {tags: new Map([['team', 'shop']])}],
	['what was written', {source: {idleTimeout: '1m'}}],
	['whether the configuration describes it', {isConfigured: true}],
	['the phase of its life', {life: {phase: 'changing', sinceMs: 5}}],
	[
		'a policy that is not enabled',
		{policies: [{name: 'p', kind: 'stickiness', stickiness: {kind: 'application', cookie: 'c', ownCookie: 'd'}}]},
	],
];
for (const [what, more] of ALIKE) {
	test(`load balancers that differ in ${what} run alike`, t => {
		const other = {...WEB, ...more};

		t.true(runsAlike([WEB, accountOf(WEB)], [other, accountOf(other)]));
	});
}

const UNLIKE: readonly (readonly [what: string, more: Partial<AccountLoadBalancer>])[] = [
	['a listener', {listeners: [accountListener(81)]}],
	['the address', {address: '127.0.0.2'}],
	['a setting', {retry: 'never'}],
	['the health check', {healthCheck: {...WEB.healthCheck, intervalMs: 5001}}],
	['the order of back-ends', {backends: WEB.backends.toReversed()}],
	['how a back-end starts', {backends: [registeredVm('a', true), registeredVm('b')]}],
	['the access log', {logTarget: {kind: 'file', file: '/logs/web.log'}}],
];
for (const [what, more] of UNLIKE) {
	test(`load balancers that differ in ${what} do not run alike`, t => {
		const other = {...WEB, ...more};

		t.false(runsAlike([WEB, accountOf(WEB)], [other, accountOf(other)]));
	});
}

test('what a VM is declared as counts, unless the back-ends are given', t => {
	const [one, other] = [accountOf(WEB), accountOf(WEB, {a: 1, b: 3})];
	const given = [address('a', 1), address('b', 2)];

	t.false(runsAlike([WEB, one], [WEB, other]));
	t.true(runsAlike([WEB, one], [WEB, other, given]));
	t.true(runsAlike([WEB, one], [WEB, accountOf(WEB, {a: 1, b: 2, c: 3})]), 'one that is not registered');
});
