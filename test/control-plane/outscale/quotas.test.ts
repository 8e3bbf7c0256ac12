import test from 'ava';
import {InMemoryOutscaleApi, type InMemoryOutscaleOptions} from '../../helpers/in-memory-outscale.ts';
import {httpListener, newLoadBalancer} from '../../helpers/outscale-api.ts';
import {pem} from '../../helpers/project-certs.ts';

const WEB = newLoadBalancer('web');
const CERTIFICATE = {Name: 'one', Body: pem('web.test.crt'), PrivateKey: pem('web.test.key')};
const RULE = {
	Listener: {LoadBalancerName: 'web', LoadBalancerPort: 80},
	ListenerRule: {ListenerRuleName: 'one', Priority: 1, PathPattern: '/'},
	VmIds: ['i-12345678'],
};

async function someAccount(quotas: InMemoryOutscaleOptions['quotas']): Promise<InMemoryOutscaleApi> {
	const api = new InMemoryOutscaleApi({quotas});
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
	['listeners', 'CreateLoadBalancerListeners', {LoadBalancerName: 'web', Listeners: [httpListener(81)]}, '10013'],
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
		const bounded = await someAccount({[quota]: 1});
		const account = bounded.store.account;

		t.regex(await bounded.refusal(action, body), new RegExp(`^400 ${code}: 2 .* are more than the quota of 1$`));
		t.deepEqual(bounded.store.account, account);
		t.is(await (await someAccount(undefined)).refusal(action, body), '200');
	});
}
