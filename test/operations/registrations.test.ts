import test from 'ava';
import {describeLoadBalancer} from '../../src/configuration/describe.ts';
import type {NormalisedAddress, NormalisedBackend, NormalisedLoadBalancer} from '../../src/model/normalised.ts';
import {registrationsOf, vmsWithout} from '../../src/operations/registrations.ts';
import {accountLoadBalancer, accountWith, address, CONTEXT, registeredVm} from '../helpers/accounts.ts';

const EMPTY = accountWith([]);
const idOf = (name: string) => CONTEXT.identifiers.resourceId('i', name);

const plain = (host: string): NormalisedAddress => ({
	kind: 'address',
	name: host,
	host,
	port: undefined,
	ports: new Map(),
});
const command: NormalisedBackend = {kind: 'command', name: 'a', run: 'serve', port: undefined};
const fake: NormalisedBackend = {
	kind: 'fake',
	name: 'a',
	behaviour: {kind: 'echo'},
	tls: undefined,
	proxyProtocol: 'off',
};

function described(
	backends: readonly NormalisedBackend[],
	more: Partial<NormalisedLoadBalancer> = {},
): NormalisedLoadBalancer {
	const result = describeLoadBalancer({name: 'web', listeners: ['http:80'], backends: 0}, {certificateNames: []});
	if ('violations' in result) throw new Error(JSON.stringify(result.violations));
	return {...result.described, backends, ...more};
}

const ruleTo = (...to: readonly string[]) => ({name: 'r', priority: 1, host: '', path: '/', to, listener: undefined});

for (const host of ['10.0.0.9', '127.0.0.5', '::1']) {
	test(`an address without a port is registered as an address: ${host}`, t => {
		const made = registrationsOf(described([plain(host)]), EMPTY, CONTEXT);

		t.deepEqual(made.backends, [{kind: 'address', ip: host, isPending: false}]);
		t.is(made.vms, EMPTY.vms);
		t.is(made.idOf.size, 0);
	});
}

const VMS: readonly (readonly [what: string, backend: NormalisedBackend])[] = [
	['an address with a port', {...plain('10.0.0.9'), port: 3000}],
	['an address with ports for some back-end ports', {...plain('10.0.0.9'), ports: new Map([[80, 3000]])}],
	['an address with a name of its own', {...plain('10.0.0.9'), name: 'app'}],
	['a host name', plain('app.test')],
	['a fake back-end', fake],
	['a fake back-end with an address for a name', {...fake, name: '10.0.0.9'}],
	['a command', command],
];

for (const [what, backend] of VMS) {
	test(`${what} is registered as a VM, with an id that follows from its name`, t => {
		const made = registrationsOf(described([backend]), EMPTY, CONTEXT);

		t.deepEqual(made.backends, [{kind: 'vm', id: idOf(backend.name), isPending: false}]);
		t.deepEqual([...made.vms], [[idOf(backend.name), backend]]);
		t.deepEqual([...made.idOf], [[backend.name, idOf(backend.name)]]);
		t.is(EMPTY.vms.size, 0, 'the account stays as it is');
	});
}

test('an address that a rule names is registered as a VM, because rules name VMs', t => {
	const [one, other] = [plain('10.0.0.8'), plain('10.0.0.9')];

	const made = registrationsOf(described([one, other], {rules: [ruleTo('10.0.0.9')]}), EMPTY, CONTEXT);

	t.deepEqual(made.backends, [
		{kind: 'address', ip: '10.0.0.8', isPending: false},
		{kind: 'vm', id: idOf('10.0.0.9'), isPending: false},
	]);
});

test('registrations keep the order of the back-ends, and what is pending stays pending', t => {
	const backends = [fake, plain('10.0.0.9'), address('b', 1), plain('10.0.0.8')];
	const pendingBackends = new Set(['b', '10.0.0.8']);

	const made = registrationsOf(described(backends, {pendingBackends}), EMPTY, CONTEXT);

	t.deepEqual(made.backends, [
		{kind: 'vm', id: idOf('a'), isPending: false},
		{kind: 'address', ip: '10.0.0.9', isPending: false},
		{kind: 'vm', id: idOf('b'), isPending: true},
		{kind: 'address', ip: '10.0.0.8', isPending: true},
	]);
});

test('a VM that nobody has declared keeps its id, and is not declared by that', t => {
	const made = registrationsOf(described([{kind: 'undeclared', name: 'i-0000000a'}]), EMPTY, CONTEXT);

	t.deepEqual(made.backends, [registeredVm('i-0000000a')]);
	t.deepEqual([...made.idOf], [['i-0000000a', 'i-0000000a']]);
	t.is(made.vms, EMPTY.vms);
});

test('a back-end that an id was declared to be has that id: the very one first, else one that equals it', t => {
	const account = accountWith([], {
		vms: new Map<string, NormalisedBackend>([
			['i-0000000a', address('a', 1)],
			['i-0000000b', address('b', 1)],
			['i-0000000c', {...address('b', 1)}],
		]),
	});
	const same = account.vms.get('i-0000000c');
	if (same === undefined) return t.fail();

	const alike = registrationsOf(described([address('a', 1), address('b', 1)]), account, CONTEXT);
	t.deepEqual(alike.backends, [registeredVm('i-0000000a'), registeredVm('i-0000000b')]);
	t.is(alike.vms, account.vms, 'nothing is declared');
	t.deepEqual(registrationsOf(described([same]), account, CONTEXT).backends, [registeredVm('i-0000000c')]);
});

test('a back-end of the same name that is another one has an id of its own, from both names', t => {
	const others = new Map<string, NormalisedBackend>([[idOf('a'), address('a', 1)]]);
	const account = accountWith([], {vms: others});

	const made = registrationsOf(described([address('a', 2)]), account, CONTEXT);

	t.deepEqual(made.backends, [registeredVm(idOf('web/a'))]);
	t.deepEqual([...made.vms], [...others, [idOf('web/a'), address('a', 2)]]);
});

test('the id from both names goes over to the back-end that the load balancer has in place of the one before', t => {
	const vms = new Map([
		[idOf('a'), address('a', 1)],
		[idOf('web/a'), address('a', 2)],
	]);

	const made = registrationsOf(described([address('a', 3)]), accountWith([], {vms}), CONTEXT);

	t.deepEqual(made.backends, [registeredVm(idOf('web/a'))]);
	t.deepEqual(made.vms.get(idOf('web/a')), address('a', 3));
	t.is(made.vms.get(idOf('a')), vms.get(idOf('a')));
});

test('the VMs of a load balancer that is gone leave, under either kind of id', t => {
	const vms = new Map<string, NormalisedBackend>([
		[idOf('a'), address('a', 1)],
		[idOf('web/b'), address('b', 1)],
	]);
	const gone = accountLoadBalancer({backends: [...vms.keys()].map(id => registeredVm(id))});

	t.deepEqual([...vmsWithout(gone, accountWith([], {vms}), CONTEXT)], []);
});

test('a VM that another load balancer has registered stays', t => {
	const vms = new Map<string, NormalisedBackend>([
		[idOf('a'), address('a', 1)],
		[idOf('b'), address('b', 1)],
	]);
	const gone = accountLoadBalancer({backends: [...vms.keys()].map(id => registeredVm(id))});
	const other = accountLoadBalancer({name: 'other', backends: [registeredVm(idOf('b'))]});

	t.deepEqual([...vmsWithout(gone, accountWith([other], {vms}), CONTEXT).keys()], [idOf('b')]);
});

test('a VM that a rule names stays', t => {
	const vms = new Map([[idOf('a'), address('a', 1)]]);
	const scope = {kind: 'all', shown: new Map()} as const;
	const rule = {loadBalancer: 'web', scope, name: 'r', priority: 1, host: undefined, path: '/', vmIds: [idOf('a')]};
	const before = accountLoadBalancer({backends: [registeredVm(idOf('a'))]});
	const rest = accountWith([accountLoadBalancer()], {vms, rules: [rule]});

	t.is(vmsWithout(before, rest, CONTEXT), rest.vms);
});

const STAYING: readonly (readonly [what: string, id: string, name: string])[] = [
	['with an id that somebody has declared', 'i-0000000a', 'a'],
	['with an id that was made for another back-end', idOf('b'), 'a'],
	['with an id that was made for a back-end of another load balancer', idOf('other/a'), 'a'],
];

for (const [what, id, name] of STAYING) {
	test(`a VM ${what} stays when the load balancer is gone`, t => {
		const vms = new Map([[id, address(name, 1)]]);
		const gone = accountLoadBalancer({backends: [registeredVm(id)]});
		const rest = accountWith([], {vms});

		t.is(vmsWithout(gone, rest, CONTEXT), rest.vms);
	});
}

test('a VM that the load balancer had not registered stays, and addresses are no VMs', t => {
	const rest = accountWith([], {vms: new Map([[idOf('a'), address('a', 1)]])});
	const gone = accountLoadBalancer({backends: [{kind: 'address', ip: idOf('a'), isPending: false}]});

	t.is(vmsWithout(gone, rest, CONTEXT), rest.vms);
});
