import test from 'ava';
import fc from 'fast-check';
import type {Account, ServerCertificate} from '../../src/model/account.ts';
import type {AccountLoadBalancer, Rule} from '../../src/model/account-load-balancer.ts';
import {touchedBetween} from '../../src/operations/touched.ts';
import {accountListener, accountLoadBalancer, accountWith, address, registeredVm} from '../helpers/accounts.ts';
import {runs} from '../helpers/depth.ts';

function certificate(id: string): ServerCertificate {
	return {
		id,
		name: id,
		path: '/',
		body: 'cert',
		chain: undefined,
		tags: new Map(),
		uploadedMs: 0,
		configuredAs: undefined,
		broughtBy: undefined,
		pair: {cert: 'cert', key: 'key'},
		facts: {names: [], notAfter: new Date(0), fingerprint256: '', keyType: 'ec'},
		warnings: [],
		issued: true,
	};
}

function rule(loadBalancer: string, path: string): Rule {
	const scope = {kind: 'all', shown: new Map()} as const;
	return {loadBalancer, scope, name: undefined, priority: 1, host: undefined, path, vmIds: []};
}

const [ONE, OTHER] = [rule('web', '/one'), rule('other', '/other')];
const WEB = accountLoadBalancer({
	name: 'web',
	listeners: [accountListener(80), accountListener(443, {protocol: 'https', certificateId: 'SHOWN'})],
	backends: [registeredVm('i-0000000a'), registeredVm('i-0000000b')],
});
/** An address that reads like a VM id is no VM. */
const APART = accountLoadBalancer({name: 'other', backends: [{kind: 'address', ip: 'i-0000000a', isPending: false}]});
const BEFORE = accountWith([WEB, APART], {
	certificates: new Map([
		['SHOWN', certificate('SHOWN')],
		['SPARE', certificate('SPARE')],
	]),
	rules: [ONE, OTHER],
	vms: new Map([['i-0000000a', address('a', 1)]]),
});

function withOne<Value>(map: ReadonlyMap<string, Value>, key: string, value: Value): ReadonlyMap<string, Value> {
	return new Map(map).set(key, value);
}

function without<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
	return new Map([...map].filter(([each]) => each !== key));
}

const CASES: readonly (readonly [change: string, made: Partial<Account>, touched: readonly string[]])[] = [
	['a load balancer that comes', {loadBalancers: withOne(BEFORE.loadBalancers, 'new', {...WEB, name: 'new'})}, ['new']],
	['a load balancer that goes', {loadBalancers: without(BEFORE.loadBalancers, 'web')}, ['web']],
	['a load balancer that is another value', {loadBalancers: withOne(BEFORE.loadBalancers, 'web', {...WEB})}, ['web']],
	['a rule that comes', {rules: [...BEFORE.rules, rule('web', '/two')]}, ['web']],
	['a rule that goes', {rules: [OTHER]}, ['web']],
	['a rule that is another value', {rules: [ONE, {...OTHER}]}, ['other']],
	[
		'a rule that goes over to another load balancer',
		{rules: [{...ONE, loadBalancer: 'other'}, OTHER]},
		['web', 'other'],
	],
	[
		'a certificate that a listener shows',
		{certificates: withOne(BEFORE.certificates, 'SHOWN', certificate('SHOWN'))},
		['web'],
	],
	[
		'a certificate that a listener shows, and that goes',
		{certificates: without(BEFORE.certificates, 'SHOWN')},
		['web'],
	],
	['a certificate that no listener shows', {certificates: without(BEFORE.certificates, 'SPARE')}, []],
	['a VM that is declared', {vms: withOne(BEFORE.vms, 'i-0000000b', address('b', 2))}, ['web']],
	['a VM that is declared otherwise', {vms: withOne(BEFORE.vms, 'i-0000000a', address('a', 2))}, ['web']],
	['a VM that means nothing any more', {vms: without(BEFORE.vms, 'i-0000000a')}, ['web']],
	['a VM that nobody has registered', {vms: withOne(BEFORE.vms, 'i-0000000c', address('c', 3))}, []],
	['a serial number', {serial: 7}, []],
	['the inventory', {inventory: {...BEFORE.inventory}}, []],
	[
		'a copy of every map and list',
		{
			loadBalancers: new Map(BEFORE.loadBalancers),
			rules: [...BEFORE.rules],
			certificates: new Map(BEFORE.certificates),
			vms: new Map(BEFORE.vms),
		},
		[],
	],
];

for (const [change, made, touched] of CASES) {
	test(`${change} touches ${touched.join(' and ') || 'no load balancer'}`, t => {
		t.deepEqual([...touchedBetween(BEFORE, {...BEFORE, ...made})].toSorted(), [...touched].toSorted());
	});
}

test('an account touches nothing of itself', t => {
	t.is(touchedBetween(BEFORE, BEFORE).size, 0);
});

/** All that shows of a load balancer. */
function partsOf({loadBalancers, rules, certificates, vms}: Account, name: string): readonly unknown[] {
	const loadBalancer = loadBalancers.get(name);
	return [
		loadBalancer,
		...rules.filter(each => each.loadBalancer === name),
		...(loadBalancer?.listeners ?? []).map(({certificateId}) => certificates.get(certificateId ?? '')),
		...(loadBalancer?.backends ?? []).map(each => (each.kind === 'vm' ? vms.get(each.id) : undefined)),
	];
}

const NAMES = ['one', 'two', 'three'];
/** Few values, the same in every account, so that many of them stay from one account to the other. */
const LOAD_BALANCERS: readonly AccountLoadBalancer[] = NAMES.flatMap(name =>
	['A', 'B'].map((certificateId, index) =>
		accountLoadBalancer({
			name,
			listeners: [accountListener(443, {certificateId})],
			backends: [registeredVm(`i-0000000${index}`), registeredVm('i-00000002')],
		}),
	),
);
const RULES = NAMES.flatMap(name => [rule(name, '/a'), rule(name, '/b')]);
const CERTIFICATES = ['A', 'A', 'B', 'B'].map(certificate);
const VMS = ['i-00000000', 'i-00000000', 'i-00000001', 'i-00000002', 'i-00000002'].map(
	(id, index) => [id, address(id, index + 1)] as const,
);
const anAccount = fc
	.tuple(...[LOAD_BALANCERS, RULES, CERTIFICATES, VMS].map(pool => fc.subarray(pool.map((_, index) => index))))
	.map(([one = [], two = [], three = [], four = []]) =>
		accountWith(pick(LOAD_BALANCERS, one), {
			rules: pick(RULES, two),
			certificates: new Map(pick(CERTIFICATES, three).map(each => [each.id, each])),
			vms: new Map(pick(VMS, four)),
		}),
	);

function pick<Value>(pool: readonly Value[], indexes: readonly number[]): Value[] {
	return pool.filter((_, index) => indexes.includes(index));
}

test('those are touched of which a part is another value, and no others', t => {
	fc.assert(
		fc.property(anAccount, anAccount, (before, after) => {
			const expected = NAMES.filter(name => {
				const [old, now] = [partsOf(before, name), partsOf(after, name)];
				return old.length !== now.length || old.some((part, index) => part !== now[index]);
			});
			t.deepEqual([...touchedBetween(before, after)].toSorted(), expected.toSorted());
		}),
		{numRuns: runs(5000, 500)},
	);
});
