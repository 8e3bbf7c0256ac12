import test, {type ExecutionContext} from 'ava';
import {EmulatorError} from '../../src/base/errors.ts';
import {type AccountLoadBalancer, type Placement, subregionsOf} from '../../src/model/account-load-balancer.ts';
import {EMPTY_INVENTORY, type Inventory} from '../../src/model/inventory.ts';
import type {RefusalCode} from '../../src/model/refusal.ts';
import type {Operate} from '../../src/operations/context.ts';
import {createLoadBalancer} from '../../src/operations/load-balancers.ts';
import {ONE_PLACE, type PlaceRules, SEVERAL_PLACES} from '../../src/operations/placement.ts';
import {
	applySecurityGroups,
	attachSubnets,
	detachSubnets,
	disableSubregions,
	enableSubregions,
} from '../../src/operations/places.ts';
import {ELB_TAGS} from '../../src/operations/tags.ts';
import {accountLoadBalancer, accountWith, CONTEXT} from '../helpers/accounts.ts';

const PUBLIC = publicIn('eu-west-2a');
const IN_NET: Placement = {
	kind: 'net',
	netId: 'vpc-00000001',
	subnets: [{id: 'subnet-0000000a', subregion: 'eu-west-2a'}],
	securityGroups: ['sg-00000001'],
	privateIp: '10.0.0.4',
};
const INVENTORY: Inventory = {
	...EMPTY_INVENTORY,
	subregions: ['eu-west-2a', 'eu-west-2b'],
	subnets: [
		{id: 'subnet-0000000a', netId: 'vpc-00000001', subregion: 'eu-west-2a'},
		{id: 'subnet-000000aa', netId: 'vpc-00000001', subregion: 'eu-west-2a'},
		{id: 'subnet-0000000b', netId: 'vpc-00000001', subregion: 'eu-west-2b'},
		{id: 'subnet-000000ff', netId: 'vpc-00000002', subregion: 'eu-west-2b'},
	],
	securityGroups: [
		{id: 'sg-00000001', name: 'one', netId: 'vpc-00000001'},
		{id: 'sg-00000002', name: 'two', netId: 'vpc-00000001'},
		{id: 'sg-0000000f', name: 'default', netId: 'vpc-00000001'},
		{id: 'sg-000000cc', name: 'nowhere'},
	],
};

function publicIn(...subregions: string[]): Placement {
	return {kind: 'public', subregions, securityGroups: []};
}

/** Where a load balancer stands after this. */
function placed(placement: Placement, operation: Operate<AccountLoadBalancer>, inventory = EMPTY_INVENTORY): Placement {
	const account = accountWith([accountLoadBalancer({placement})], {inventory});
	const {account: after, result} = operation(account, CONTEXT);
	if (after.loadBalancers.get('web') !== result) throw new Error('the account has another one than the result');
	return result.placement;
}

function refused(t: ExecutionContext, code: RefusalCode, run: () => unknown): void {
	const error = t.throws<EmulatorError>(run, {instanceOf: EmulatorError}, code);
	t.is(error?.code, code);
}

const zones = (...subregions: string[]) => ({loadBalancer: 'web', subregions, placeRules: SEVERAL_PLACES});
const subnets = (...ids: string[]) => ({loadBalancer: 'web', subnets: ids, placeRules: SEVERAL_PLACES});

test('a subregion is enabled once, beside those that there are', t => {
	t.deepEqual(placed(PUBLIC, enableSubregions(zones('eu-west-2b', 'eu-west-2a', 'eu-west-2b'))), {
		...PUBLIC,
		subregions: ['eu-west-2a', 'eu-west-2b'],
	});
});

test('a subregion that is unknown, no name or one too many is not enabled', t => {
	refused(t, 'BAD_SUBREGION', () => placed(PUBLIC, enableSubregions(zones('toto'))));
	refused(t, 'BAD_SUBREGION', () => placed(PUBLIC, enableSubregions(zones('eu-west-2c')), INVENTORY));
	refused(t, 'INSIDE_NET', () => placed(IN_NET, enableSubregions(zones('eu-west-2b'))));
	const one = {...zones('eu-west-2b'), placeRules: ONE_PLACE};
	refused(t, 'SEVERAL_PLACES', () => placed(PUBLIC, enableSubregions(one)));
	t.deepEqual(placed(PUBLIC, enableSubregions({...one, subregions: ['eu-west-2a']})), PUBLIC);
});

test('subregions are disabled down to the last one', t => {
	const three = publicIn('eu-west-2a', 'eu-west-2b', 'eu-west-2c');

	t.deepEqual(
		placed(three, disableSubregions(zones('eu-west-2a', 'eu-west-2d', 'eu-west-2c'))),
		publicIn('eu-west-2b'),
	);
	refused(t, 'LAST_SUBREGION', () => placed(PUBLIC, disableSubregions(zones('eu-west-2a'))));
	refused(t, 'INSIDE_NET', () => placed(IN_NET, disableSubregions(zones('eu-west-2a'))));
});

test('a Subnet is attached in its subregion, or in the first that is free where nobody has told of it', t => {
	const known = placed(IN_NET, attachSubnets(subnets('subnet-0000000b', 'subnet-0000000a')), INVENTORY);
	const unknown = placed(IN_NET, attachSubnets(subnets('subnet-00000001', 'subnet-00000002')));

	t.deepEqual(known, {
		...IN_NET,
		subnets: [
			{id: 'subnet-0000000a', subregion: 'eu-west-2a'},
			{id: 'subnet-0000000b', subregion: 'eu-west-2b'},
		],
	});
	t.deepEqual(subregionsOf(unknown), ['eu-west-2a', 'eu-west-2b', 'eu-west-2c']);
});

test('a Subnet that cannot be attached changes nothing', t => {
	const attach = (...ids: string[]) => placed(IN_NET, attachSubnets(subnets(...ids)), INVENTORY);

	refused(t, 'BAD_ID_PREFIX', () => attach('toto'));
	refused(t, 'NO_SUCH_SUBNET', () => attach('subnet-0000000b', 'subnet-00000000'));
	refused(t, 'SUBREGION_TAKEN', () => attach('subnet-000000aa'));
	refused(t, 'SUBNETS_OF_SEVERAL_NETS', () => attach('subnet-000000ff'));
	refused(t, 'OUTSIDE_NET', () => placed(PUBLIC, attachSubnets(subnets('subnet-0000000a'))));
	refused(t, 'SEVERAL_PLACES', () =>
		placed(IN_NET, attachSubnets({...subnets('subnet-0000000b'), placeRules: ONE_PLACE})),
	);
});

test('Subnets are detached, the last one too, and another of the same subregion takes its place', t => {
	const bare = placed(IN_NET, detachSubnets(subnets('subnet-0000000a', 'subnet-00000000')), INVENTORY);

	t.deepEqual(bare, {...IN_NET, subnets: []});
	t.deepEqual(subregionsOf(placed(bare, attachSubnets(subnets('subnet-000000aa')), INVENTORY)), ['eu-west-2a']);
	refused(t, 'OUTSIDE_NET', () => placed(PUBLIC, detachSubnets(subnets('subnet-0000000a'))));
});

test('security groups take the place of those that there are', t => {
	const apply = (...securityGroups: string[]) =>
		applySecurityGroups({loadBalancer: 'web', securityGroups, placeRules: SEVERAL_PLACES});

	t.deepEqual(placed(IN_NET, apply('sg-00000002', 'sg-00000002'), INVENTORY), {
		...IN_NET,
		securityGroups: ['sg-00000002'],
	});
	t.deepEqual(placed(IN_NET, apply(), INVENTORY), {...IN_NET, securityGroups: ['sg-0000000f']});
	t.deepEqual(placed(PUBLIC, apply('sg-000000cc'), INVENTORY), {...PUBLIC, securityGroups: ['sg-000000cc']});
	refused(t, 'NO_SUCH_SECURITY_GROUP', () => placed(IN_NET, apply('sg-000000cc'), INVENTORY));
	refused(t, 'NO_SUCH_SECURITY_GROUP', () => placed(PUBLIC, apply('sg-00000001'), INVENTORY));
	refused(t, 'BAD_ID_PREFIX', () => placed(IN_NET, apply('toto')));
	const strict = applySecurityGroups({loadBalancer: 'web', securityGroups: ['sg-000000cc'], placeRules: ONE_PLACE});
	refused(t, 'GROUPS_OUTSIDE_NET', () => placed(PUBLIC, strict));
});

test('a load balancer that is not there has no place to change', t => {
	for (const operation of [enableSubregions, disableSubregions]) {
		refused(t, 'NO_SUCH_LOAD_BALANCER', () =>
			operation({...zones('eu-west-2a'), loadBalancer: 'x'})(accountWith([]), CONTEXT),
		);
	}
	for (const operation of [attachSubnets, detachSubnets]) {
		refused(t, 'NO_SUCH_LOAD_BALANCER', () =>
			operation({...subnets('subnet-0000000a'), loadBalancer: 'x'})(accountWith([]), CONTEXT),
		);
	}
});

interface Creation {
	readonly subregions?: readonly string[];
	readonly subnets?: readonly string[];
	readonly securityGroups?: readonly string[];
	readonly scheme?: 'internal';
	readonly placeRules?: PlaceRules;
}

function created({
	subregions = [],
	subnets: ids = [],
	securityGroups = [],
	scheme,
	placeRules = SEVERAL_PLACES,
}: Creation) {
	const listener = {
		protocol: 'http',
		port: 80,
		backendProtocol: 'http',
		backendPort: 80,
		certificate: undefined,
	} as const;
	const asked = {subregions, subnets: ids, securityGroups, scheme, placeRules};
	const input = {name: 'web', listeners: [listener], publicIp: undefined, tags: [], tagRules: ELB_TAGS, ...asked};
	return createLoadBalancer(input)(accountWith([], {inventory: INVENTORY}), CONTEXT).result;
}

test('a load balancer is made in several subregions, with security groups, or internal, where the cloud allows that', t => {
	const wide = {subregions: ['eu-west-2b', 'eu-west-2a', 'eu-west-2b'], securityGroups: ['sg-000000cc']};

	t.deepEqual(created(wide).placement, {
		kind: 'public',
		subregions: ['eu-west-2b', 'eu-west-2a'],
		securityGroups: ['sg-000000cc'],
	});
	t.is(created({subregions: ['eu-west-2a'], scheme: 'internal'}).scheme, 'internal');
	refused(t, 'SEVERAL_PLACES', () => created({subregions: ['eu-west-2a', 'eu-west-2b'], placeRules: ONE_PLACE}));
	const strict = {subregions: ['eu-west-2a'], placeRules: ONE_PLACE};
	refused(t, 'GROUPS_OUTSIDE_NET', () => created({...strict, securityGroups: ['sg-000000cc']}));
	refused(t, 'ILLEGAL_COMBINATION', () => created({...strict, scheme: 'internal'}));
	refused(t, 'PLACE_MISSING', () => created({}));
});

test('a load balancer is made in Subnets of one Net and as many subregions', t => {
	const {placement} = created({subnets: ['subnet-0000000b', 'subnet-0000000a']});

	t.like(placement, {kind: 'net', netId: 'vpc-00000001', securityGroups: ['sg-0000000f']});
	t.deepEqual(placement.kind === 'net' && placement.subnets.map(({id}) => id), ['subnet-0000000b', 'subnet-0000000a']);
	t.deepEqual(subregionsOf(placement), ['eu-west-2a', 'eu-west-2b']);
	refused(t, 'SUBREGION_TAKEN', () => created({subnets: ['subnet-0000000a', 'subnet-000000aa']}));
	refused(t, 'SUBNETS_OF_SEVERAL_NETS', () => created({subnets: ['subnet-0000000a', 'subnet-000000ff']}));
});
