import test from 'ava';
import {NOTHING_CONFIGURED} from '../../src/emulator/configured.ts';
import type {AccountLoadBalancer} from '../../src/model/account-load-balancer.ts';
import {snapshotOf} from '../../src/operations/snapshot.ts';
import {accountListener, accountLoadBalancer, accountWith, CONTEXT} from '../helpers/accounts.ts';

const IN_NET = {
	kind: 'net',
	netId: 'vpc-00000001',
	securityGroups: ['sg-00000001'],
	privateIp: '10.0.0.4',
} as const;
const [A, B] = [
	{id: 'subnet-0000000a', subregion: 'eu-west-2a'},
	{id: 'subnet-0000000b', subregion: 'eu-west-2b'},
] as const;

const tells = test.macro({
	exec(t, more: Partial<AccountLoadBalancer>, ...remarks: string[]) {
		const account = accountWith([accountLoadBalancer(more)]);
		const {notWritten} = snapshotOf(account, {configured: NOTHING_CONFIGURED, identifiers: CONTEXT.identifiers});
		t.deepEqual(
			notWritten,
			remarks.map(remark => `loadBalancers.web: ${remark}`),
		);
	},
	title: (_, more, ...remarks) => `a snapshot of ${JSON.stringify(more)} tells ${remarks.join('; ') || 'nothing'}`,
});

test(tells, {});
test(tells, {crossZone: true}, 'cross-zone load balancing, which is without effect, is not written');
test(tells, {desyncMode: 'monitor'}, 'its desync mode "monitor", which is without effect, is not written');
test(tells, {drainingTimeoutMs: 7000}, 'the time of its draining (7000 ms), which is off, is not written');
test(tells, {drainingTimeoutMs: 7000, drainingMs: 7000});
test(
	tells,
	{policies: [{name: 'proxy', kind: 'proxy-protocol', sendsLine: true}]},
	'the policy "proxy" is not written: a configuration has no policies',
);
test(
	tells,
	{policies: [{name: 'key', kind: 'public-key', text: 'a', spki: 'a'}]},
	'the policy "key" is not written: a configuration has no policies',
);
test(
	tells,
	{placement: {kind: 'public', subregions: ['eu-west-2a', 'eu-west-2b'], securityGroups: []}},
	'its place is not written (eu-west-2a, eu-west-2b)',
);
test(
	tells,
	{placement: {kind: 'public', subregions: ['eu-west-2a'], securityGroups: ['sg-0000000a']}},
	'its security groups are not written (sg-0000000a)',
);
test(
	tells,
	{placement: {...IN_NET, subnets: [A, B]}},
	'its place is not written (Subnet subnet-0000000a, Subnet subnet-0000000b)',
);
test(tells, {placement: {...IN_NET, subnets: []}}, 'its place is not written (vpc-00000001)');

test('a policy of the PROXY protocol is written as what the listeners of its port do', t => {
	const web = accountLoadBalancer({
		listeners: [accountListener(80, {backendPort: 8080}), accountListener(81)],
		policies: [{name: 'proxy', kind: 'proxy-protocol', sendsLine: true}],
		backendPolicies: new Map([[8080, ['proxy']]]),
	});

	const {config, notWritten} = snapshotOf(accountWith([web]), {
		configured: NOTHING_CONFIGURED,
		identifiers: CONTEXT.identifiers,
	});

	t.deepEqual(
		config.loadBalancers.get('web')?.listeners.map(({proxyProtocol}) => proxyProtocol),
		[true, false],
	);
	t.deepEqual(notWritten, [
		'loadBalancers.web: the policy "proxy" is written as what its listeners do, without its name',
	]);
});
