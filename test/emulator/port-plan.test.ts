import test from 'ava';
import type {BoundPort} from '../../src/data-plane/sockets/listener.ts';
import type {ManagedLoadBalancer} from '../../src/emulator/managed-load-balancer.ts';
import {PortPlan} from '../../src/emulator/port-plan.ts';
import type {AccountLoadBalancer} from '../../src/model/account-load-balancer.ts';
import {accountListener, accountLoadBalancer} from '../helpers/accounts.ts';
import {HTTP_LISTENER} from '../helpers/running-pieces.ts';

const HOST = '127.0.0.1';

/** A load balancer that runs with listeners of these ports, each bound to a port that is 1,000 more. */
function managed(ports: readonly number[], host = HOST): ManagedLoadBalancer {
	const listeners = ports.map(port => ({
		description: {...HTTP_LISTENER, port, bind: {...HTTP_LISTENER.bind, host}},
		bound: {host, port: port + 1000},
	}));
	// A plan looks at nothing else of what runs.
	return {running: {listeners}} as unknown as ManagedLoadBalancer;
}

const described = (ports: readonly number[], address?: string): AccountLoadBalancer =>
	accountLoadBalancer({listeners: ports.map(port => accountListener(port)), address});

function planOf(
	all: readonly ManagedLoadBalancer[],
	next: readonly (readonly [ManagedLoadBalancer, AccountLoadBalancer])[] = [],
	removed: readonly ManagedLoadBalancer[] = [],
): PortPlan {
	return new PortPlan(all, {next: new Map(next), removed: new Set(removed), host: HOST});
}

const adoptable = (plan: PortPlan) => plan.adoptable.map(({host, port}) => `${host}:${port}`);

test('what does not change keeps its ports', t => {
	const plan = planOf([managed([80, 81])]);

	t.deepEqual(adoptable(plan), []);
	t.true(plan.isTaken(HOST, 1080));
	t.true(plan.isTaken(HOST, 1081));
	t.false(plan.isTaken(HOST, 80), 'the logical port is not bound');
	t.false(plan.isTaken('127.0.0.2', 1080));
});

test('a listener that is described no more gives up its port, the others keep theirs', t => {
	const web = managed([80, 81]);

	const plan = planOf([web], [[web, described([81, 82])]]);

	t.deepEqual(adoptable(plan), ['127.0.0.1:1080']);
	t.false(plan.isTaken(HOST, 1080));
	t.true(plan.isTaken(HOST, 1081));
});

test('a load balancer that goes gives up all its ports, whatever it was to become', t => {
	const [web, api] = [managed([80, 81]), managed([82])];

	const plan = planOf([web, api], [[web, described([80])]], [web]);

	t.deepEqual(adoptable(plan), ['127.0.0.1:1080', '127.0.0.1:1081']);
	t.true(plan.isTaken(HOST, 1082));
});

test('a load balancer that gets another address gives up all its ports', t => {
	const web = managed([80]);

	t.deepEqual(adoptable(planOf([web], [[web, described([80], '127.0.0.2')]])), ['127.0.0.1:1080']);
});

test('an address that is written and the one of the emulator are the same address', t => {
	const [web, own] = [managed([80]), managed([80], '127.0.0.2')];

	t.deepEqual(adoptable(planOf([web], [[web, described([80], HOST)]])), []);
	t.deepEqual(adoptable(planOf([own], [[own, described([80], '127.0.0.2')]])), []);
	t.deepEqual(adoptable(planOf([own], [[own, described([80])]])), ['127.0.0.2:1080']);
});

test('a port that was given up is taken once, and so is one that was bound anew', t => {
	const web = managed([80]);
	const plan = planOf([web], [], [web]);
	// As it was bound: of this only host and port are asked.
	const anew = {host: HOST, port: 9000} as BoundPort;

	plan.take([...plan.adoptable, anew]);

	t.deepEqual(adoptable(plan), []);
	t.true(plan.isTaken(HOST, 1080));
	t.true(plan.isTaken(HOST, 9000));
});
