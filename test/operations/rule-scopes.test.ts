import test from 'ava';
import {describeLoadBalancer} from '../../src/configuration/describe.ts';
import {putLoadBalancer} from '../../src/operations/put-load-balancer.ts';
import {InMemoryOutscaleApi} from '../helpers/in-memory-outscale.ts';
import {httpListener} from '../helpers/outscale-api.ts';

const WEB = {LoadBalancerName: 'web'};

/** A load balancer of the library with two HTTP listeners, and a rule that holds at both. */
function scene(rule: object = {name: 'docs'}) {
	const api = new InMemoryOutscaleApi();
	const spec = {
		name: 'web',
		listeners: ['http:80', 'http:81', 'tcp:25'],
		backends: [
			{kind: 'echo', name: 'a'},
			{kind: 'echo', name: 'b'},
		],
		rules: [{priority: 1, path: '/docs/*', to: ['a'], ...rule}],
	};
	const result = describeLoadBalancer(spec, {certificateNames: []});
	if ('violations' in result) throw new Error(JSON.stringify(result.violations));
	api.store.apply(putLoadBalancer({normalised: result.described, certificates: new Map()}));
	/** What runs, and what the cloud lists: `docs at 80`. */
	const rules = async () => {
		const {ListenerRules: listed} = await api.ok('ReadListenerRules');
		return {
			run: api.store.running.get('web')?.rules.map(({listener, path}) => `${path} at ${listener ?? 'all'}`),
			listed: listed.map((each: Record<string, unknown>) => `${each['ListenerRuleName']} ${each['PathPattern']}`),
		};
	};
	return {api, rules};
}

const ALL = {run: ['/docs/* at all'], listed: ['docs /docs/*', 'docs-81 /docs/*']};

test('a rule without a port is one rule, which the cloud lists for each HTTP listener', async t => {
	t.deepEqual(await scene().rules(), ALL);
	t.deepEqual((await scene({}).rules()).listed, ['web-1 /docs/*', 'web-1-81 /docs/*']);
});

test('an update of one listing makes separate rules, of which that one is another', async t => {
	const {api, rules} = scene();

	await api.ok('UpdateListenerRule', {ListenerRuleName: 'docs-81', PathPattern: '/help/*'});

	t.deepEqual(await rules(), {
		run: ['/docs/* at 80', '/help/* at 81'],
		listed: ['docs /docs/*', 'docs-81 /help/*'],
	});
});

test('a deletion of one listing leaves the others as separate rules', async t => {
	const {api, rules} = scene();

	await api.ok('DeleteListenerRule', {ListenerRuleName: 'docs'});

	t.deepEqual(await rules(), {run: ['/docs/* at 81'], listed: ['docs-81 /docs/*']});
});

test('a listener that an API adds is not one of those the rule held at', async t => {
	const {api, rules} = scene();

	await api.ok('CreateLoadBalancerListeners', {
		...WEB,
		Listeners: [httpListener(82, 80)],
	});

	t.deepEqual(await rules(), {run: ['/docs/* at 80', '/docs/* at 81'], listed: ALL.listed});
});

test('a listener that an API removes takes its listing along', async t => {
	const {api, rules} = scene();

	await api.ok('DeleteLoadBalancerListeners', {...WEB, LoadBalancerPorts: [80]});

	t.deepEqual(await rules(), {run: ['/docs/* at 81'], listed: ['docs-81 /docs/*']});
});

test('a TCP listener that comes or goes is nothing to the rule', async t => {
	const {api, rules} = scene();

	await api.ok('DeleteLoadBalancerListeners', {...WEB, LoadBalancerPorts: [25]});
	t.deepEqual(await rules(), ALL);
	await api.ok('CreateLoadBalancerListeners', {
		...WEB,
		Listeners: [{LoadBalancerPort: 26, LoadBalancerProtocol: 'TCP', BackendPort: 80}],
	});

	t.deepEqual(await rules(), ALL);
});

test('registering, deregistering and another rule separate nothing', async t => {
	const {api, rules} = scene();
	const [shown] = (await api.ok('ReadLoadBalancers'))['LoadBalancers'];
	const [, b] = shown.BackendVmIds;

	await api.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: ['i-00000001']});
	await api.ok('UnlinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: [b]});
	t.deepEqual(await rules(), ALL);
	await api.ok('CreateListenerRule', {
		Listener: {...WEB, LoadBalancerPort: 80},
		ListenerRule: {ListenerRuleName: 'other', Priority: 2, PathPattern: '/other'},
		VmIds: ['i-00000001'],
	});

	t.deepEqual((await rules()).run, ['/docs/* at all', '/other at 80']);
});
