import test from 'ava';
import {EmulatorError} from '../../../src/base/errors.ts';
import {instanceStates} from '../../../src/control-plane/aws/instance-health.ts';
import type {AccountLoadBalancer} from '../../../src/model/account-load-balancer.ts';
import {initialHealth, observe, type ProbeResult} from '../../../src/model/health.ts';
import {defaultHealthCheck} from '../../../src/model/health-check.ts';
import {EMPTY_INVENTORY, type KnownVm} from '../../../src/model/inventory.ts';
import type {BackendHealth} from '../../../src/operations/context.ts';
import {accountLoadBalancer, accountWith, address, registeredVm} from '../../helpers/accounts.ts';

const [VM, OTHER] = ['i-0000000a', 'i-0000000b'] as const;

/** As CloudStore: what is registered, what its probes say, and what else is known. */
interface Scene {
	readonly loadBalancer?: Partial<AccountLoadBalancer>;
	/** The results of the probes of `VM`; undefined: it does not run. */
	readonly probes?: readonly string[] | undefined;
	readonly draining?: readonly string[];
	readonly vm?: KnownVm['state'];
}

function states({loadBalancer = {}, probes, draining = [], vm}: Scene, asked?: readonly string[]) {
	const inventory = {...EMPTY_INVENTORY, vms: vm === undefined ? [] : [{id: VM, state: vm}]};
	const registered = accountLoadBalancer({backends: [registeredVm(VM, true)], ...loadBalancer});
	const account = accountWith([registered], {inventory, vms: new Map([[VM, address('app', 1)]])});
	return instanceStates(registered, asked, {
		account,
		healthOf: () => (probes === undefined ? [] : [healthAfter(probes)]),
		drainingOf: () => draining,
	});
}

function healthAfter(probes: readonly string[]): BackendHealth {
	const check = {...defaultHealthCheck(80), healthyThreshold: 2, unhealthyThreshold: 2};
	const probe = (result: string): ProbeResult => ({target: 'TCP:80', address: '127.0.0.1:1', result, ms: 1, atMs: 0});
	const health = probes.reduce(
		(before, result) => observe(before, probe(result), {check, firstSuccessSuffices: false}),
		initialHealth('pending'),
	);
	return {name: 'app', state: health.state, reason: health.reason};
}

const [PASS, FAIL] = ['pass', 'connection refused'];

const shows = test.macro({
	exec(t, _what: string, scene: Scene, expected: string) {
		const [found] = states(scene);
		t.is(`${found?.InstanceId}, ${found?.State}, ${found?.ReasonCode}: ${found?.Description}`, `${VM}, ${expected}`);
	},
	title: (_, what, __, expected) => `a VM ${what} is ${expected}`,
});

test(shows, 'that passes', {probes: [PASS, PASS]}, 'InService, N/A: N/A');
test(
	shows,
	'that has just been registered',
	{probes: []},
	'OutOfService, ELB: Instance registration is still in progress.',
);
test(
	shows,
	'that has failed often enough',
	{probes: [FAIL, FAIL]},
	'OutOfService, Instance: Instance has failed at least the UnhealthyThreshold number of health checks consecutively.',
);
test(
	shows,
	'that has not passed often enough',
	{probes: [FAIL, FAIL, PASS]},
	'OutOfService, Instance: Instance has not passed the configured HealthyThreshold number of health checks consecutively.',
);
test(shows, 'that is stopped', {probes: [], vm: 'stopped'}, 'OutOfService, Instance: Instance is in stopped state.');
test(
	shows,
	'that is terminated and fails',
	{probes: [FAIL, FAIL], vm: 'terminated'},
	'OutOfService, Instance: Instance is in terminated state.',
);
test(shows, 'that passes, whatever was said of it,', {probes: [PASS, PASS], vm: 'stopped'}, 'InService, N/A: N/A');
test(
	shows,
	'of a load balancer that does not run',
	{},
	'Unknown, ELB: A transient error occurred. Please try again later.',
);

test('a VM that finishes what is in flight at it is in service until then, and not registered after that', t => {
	const loadBalancer = {backends: [], formerVms: [VM]};

	t.deepEqual(states({loadBalancer, draining: ['app']}, [VM]), [
		{
			InstanceId: VM,
			State: 'InService',
			ReasonCode: 'N/A',
			Description: 'Instance deregistration currently in progress.',
		},
	]);
	t.deepEqual(states({loadBalancer}, [VM]), [
		{
			InstanceId: VM,
			State: 'OutOfService',
			ReasonCode: 'Instance',
			Description: 'Instance is not currently registered with the LoadBalancer.',
		},
	]);
	t.deepEqual(states({loadBalancer, draining: ['app']}), [], 'where none is asked for: those that are registered');
});

test('a VM that is registered again while it drains shows what its probes say', t => {
	t.is(states({probes: [PASS, PASS], draining: ['app']})[0]?.Description, 'N/A');
});

test('VMs come in the order asked for, and all of them in registration order', t => {
	const loadBalancer = {
		backends: [registeredVm(OTHER), registeredVm(VM), {kind: 'address', ip: '127.0.0.9', isPending: false}],
	} as const;
	const ids = (asked?: readonly string[]) => states({loadBalancer, probes: []}, asked).map(each => each.InstanceId);

	t.deepEqual(ids(), [OTHER, VM]);
	t.deepEqual(ids([VM, OTHER, VM]), [VM, OTHER, VM]);
});

test('a VM that never was registered has no state', t => {
	const code = (asked: readonly string[]) =>
		t.throws<EmulatorError>(() => states({probes: []}, asked), {instanceOf: EmulatorError})?.code;

	t.is(code([VM, OTHER]), 'BACKEND_NOT_REGISTERED');
	t.is(code(['toto']), 'BAD_ID_PREFIX');
});
