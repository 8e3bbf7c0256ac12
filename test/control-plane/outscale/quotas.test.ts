import test from 'ava';
import {type HouseOptions, OutscaleHouse, pem} from '../../helpers/outscale-house.ts';

const LISTENER = {BackendPort: 80, LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP'};
const WEB = {LoadBalancerName: 'web', Listeners: [LISTENER], SubregionNames: ['eu-west-2a']};
const CERTIFICATE = {Name: 'one', Body: pem('web.test.crt'), PrivateKey: pem('web.test.key')};
const RULE = {
	Listener: {LoadBalancerName: 'web', LoadBalancerPort: 80},
	ListenerRule: {ListenerRuleName: 'one', Priority: 1, PathPattern: '/'},
	VmIds: ['i-12345678'],
};

async function house(quotas: HouseOptions['quotas']): Promise<OutscaleHouse> {
	const api = new OutscaleHouse({quotas});
	await api.ok('CreateLoadBalancer', WEB);
	await api.ok('RegisterVmsInLoadBalancer', {LoadBalancerName: 'web', BackendVmIds: ['i-12345678']});
	await api.ok('CreateServerCertificate', CERTIFICATE);
	await api.ok('CreateListenerRule', RULE);
	await api.ok('CreateLoadBalancerTags', {LoadBalancerNames: ['web'], Tags: [{Key: 'a', Value: ''}]});
	return api;
}

/** A quota of one, and the call for a second. */
const SECOND: readonly (readonly [string, string, object, string])[] = [
	['loadBalancers', 'CreateLoadBalancer', {...WEB, LoadBalancerName: 'two'}, '10014'],
	[
		'listeners',
		'CreateLoadBalancerListeners',
		{LoadBalancerName: 'web', Listeners: [{...LISTENER, LoadBalancerPort: 81}]},
		'10013',
	],
	['certificates', 'CreateServerCertificate', {...CERTIFICATE, Name: 'two'}, '10007'],
	[
		'rules',
		'CreateListenerRule',
		{...RULE, ListenerRule: {ListenerRuleName: 'two', Priority: 2, PathPattern: '/'}},
		'10012',
	],
	['tags', 'CreateLoadBalancerTags', {LoadBalancerNames: ['web'], Tags: [{Key: 'b', Value: ''}]}, '10041'],
];

for (const [quota, action, body, code] of SECOND) {
	test(`a quota of one of ${quota} refuses the second, and without a quota it is taken`, async t => {
		const bounded = await house({[quota]: 1});
		const account = bounded.store.account;

		t.regex(await bounded.refusal(action, body), new RegExp(`^400 ${code}: 2 .* are more than the quota of 1$`));
		t.deepEqual(bounded.store.account, account);
		t.is(await (await house(undefined)).refusal(action, body), '200');
	});
}
