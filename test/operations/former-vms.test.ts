import test from 'ava';
import {describeLoadBalancer} from '../../src/configuration/describe.ts';
import {type AccountLoadBalancer, MAX_FORMER_VMS} from '../../src/model/account-load-balancer.ts';
import {deregisterBackends, registerBackends} from '../../src/operations/backends.ts';
import type {Operate} from '../../src/operations/context.ts';
import {drainBackend} from '../../src/operations/drain-backend.ts';
import {putLoadBalancer} from '../../src/operations/put-load-balancer.ts';
import {accountLoadBalancer, accountWith, address, CONTEXT, registeredVm} from '../helpers/accounts.ts';

const [A, B, C] = ['i-0000000a', 'i-0000000b', 'i-0000000c'] as const;

function formerAfter(loadBalancer: Partial<AccountLoadBalancer>, ...operations: Operate<unknown>[]): readonly string[] {
	const vms = new Map([[A, address('app', 1)]]);
	let account = accountWith([accountLoadBalancer(loadBalancer)], {vms});
	for (const operation of operations) account = operation(account, CONTEXT).account;
	return account.loadBalancers.get('web')?.formerVms ?? [];
}

const registered = (...ids: string[]) => ({backends: ids.map(id => registeredVm(id))});
const register = (...vmIds: string[]) => registerBackends({loadBalancer: 'web', vmIds, ips: []});
const deregister = (...vmIds: string[]) => deregisterBackends({loadBalancer: 'web', vmIds, ips: []});

test('a VM that is deregistered, or drained, is remembered, the latest last', t => {
	t.deepEqual(formerAfter(registered(A, B, C)), []);
	t.deepEqual(formerAfter(registered(A, B, C), deregister(C), deregister(A)), [C, A]);
	t.deepEqual(formerAfter(registered(A, B), drainBackend({loadBalancer: 'web', backend: 'app'})), [A]);
});

test('a VM that an update of the library leaves out is remembered', t => {
	const update = (...backends: string[]): Operate<unknown> => {
		const result = describeLoadBalancer({name: 'web', listeners: ['http:80'], backends}, {certificateNames: []});
		if ('violations' in result) throw new Error(JSON.stringify(result.violations));
		return putLoadBalancer({normalised: result.described, certificates: new Map()});
	};
	const id = CONTEXT.identifiers.resourceId('i', '127.0.0.1:3000');

	t.deepEqual(formerAfter({}, update('127.0.0.1:3000'), update('127.0.0.1:3001')), [id]);
	t.deepEqual(formerAfter({}, update('127.0.0.1:3000'), update('127.0.0.1:3001', '127.0.0.1:3000')), []);
});

test('a VM that is registered again is forgotten', t => {
	t.deepEqual(formerAfter(registered(A, B), deregister(A, B), register(A)), [B]);
});

test('an address that is deregistered is not remembered', t => {
	const backends = [{kind: 'address', ip: '127.0.0.9', isPending: false}] as const;
	const gone = deregisterBackends({loadBalancer: 'web', vmIds: [], ips: ['127.0.0.9']});

	t.deepEqual(formerAfter({backends}, gone), []);
});

test('as many are remembered as there is room for, the latest of them', t => {
	const id = (index: number) => `i-${String(index).padStart(8, '0')}`;
	const former = Array.from({length: MAX_FORMER_VMS}, (_, index) => id(index));

	const after = formerAfter({...registered(A), formerVms: former}, deregister(A));

	t.is(after.length, MAX_FORMER_VMS);
	t.deepEqual([after[0], after.at(-1)], [id(1), A]);
});
