import test from 'ava';
import {InMemoryOutscaleApi} from '../../helpers/in-memory-outscale.ts';
import type {Answered} from '../../helpers/outscale-api.ts';
import {pem} from '../../helpers/project-certs.ts';

/** Terraform's provider waits through these: terraform-provider-outscale, resource_load_balancer.go. */
const PENDING = ['starting', 'provisioning', 'reloading', 'reconfiguring'];
const DELETE_PENDING = ['deleting', ...PENDING];

const NAMES = {Filters: {LoadBalancerNames: ['web']}};

/** Reads until the load balancer is active, as the provider does; time passes between two reads. */
async function waitForActive(api: InMemoryOutscaleApi): Promise<Answered> {
	for (let attempt = 0; attempt < 20; attempt++) {
		const [shown] = (await api.ok('ReadLoadBalancers', NAMES))['LoadBalancers'];
		if (shown?.State === 'active') return shown;
		if (!PENDING.includes(shown?.State)) throw new Error(`unexpected state ${shown?.State}`);
		await api.clock.advance(300);
	}
	throw new Error('it never became active');
}

async function waitUntilGone(api: InMemoryOutscaleApi): Promise<void> {
	for (let attempt = 0; attempt < 20; attempt++) {
		const [shown] = (await api.ok('ReadLoadBalancers', NAMES))['LoadBalancers'];
		if (shown === undefined) return;
		if (!DELETE_PENDING.includes(shown.State)) throw new Error(`unexpected state ${shown.State}`);
		await api.clock.advance(300);
	}
	throw new Error('it never went away');
}

/** The provider tries again while a load balancer is not ready for an update. */
async function update(api: InMemoryOutscaleApi, body: object): Promise<void> {
	for (let attempt = 0; attempt < 20; attempt++) {
		const refusal = await api.refusal('UpdateLoadBalancer', {LoadBalancerName: 'web', ...body});
		if (refusal === '200') return;
		if (!refusal.startsWith('409 6031')) throw new Error(refusal);
		await api.clock.advance(300);
	}
}

for (const lifecycleMs of [0, 1000]) {
	test(`the calls of Terraform's provider, in its order, converge when a change takes ${lifecycleMs} ms`, async t => {
		const api = new InMemoryOutscaleApi({lifecycleMs});
		const web = {LoadBalancerName: 'web'};
		const {ServerCertificate: uploaded} = await api.ok('CreateServerCertificate', {
			Name: 'web',
			Body: pem('rsa.web.test.crt'),
			PrivateKey: pem('rsa.web.test.key'),
			Chain: pem('rsa.web.test.crt'),
		});
		const {ServerCertificates: all} = await api.ok('ReadServerCertificates');
		t.is(all.find((each: Answered) => each['Id'] === uploaded.Id)?.Orn, uploaded.Orn);

		// load_balancer
		const http = {BackendPort: 80, BackendProtocol: 'HTTP', LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP'};
		const https = {...http, LoadBalancerPort: 443, LoadBalancerProtocol: 'HTTPS', ServerCertificateId: uploaded.Orn};
		await api.ok('CreateLoadBalancer', {
			...web,
			Listeners: [http, https],
			SubregionNames: ['eu-west-2a'],
			Tags: [{Key: 'project', Value: 'a'}],
		});
		await update(api, {SecuredCookies: true});
		await waitForActive(api);

		// load_balancer_vms
		await api.ok('LinkLoadBalancerBackendMachines', {...web, BackendVmIds: ['i-00000001', 'i-00000002']});
		t.deepEqual((await waitForActive(api))['BackendVmIds'], ['i-00000001', 'i-00000002']);

		// load_balancer_policy, load_balancer_attributes
		const policy = {...web, PolicyName: 'sticky', PolicyType: 'load_balancer'};
		const {LoadBalancer: withPolicy} = await api.ok('CreateLoadBalancerPolicy', policy);
		t.deepEqual(withPolicy.LoadBalancerStickyCookiePolicies, [{CookieExpirationPeriod: 1, PolicyName: 'sticky'}]);
		const check = {
			CheckInterval: 30,
			HealthyThreshold: 2,
			Path: '/',
			Port: 80,
			Protocol: 'HTTP',
			Timeout: 5,
			UnhealthyThreshold: 2,
		};
		await update(api, {LoadBalancerPort: 443, PolicyNames: ['sticky'], HealthCheck: check});
		t.like(await waitForActive(api), {HealthCheck: check});

		// load_balancer_listener_rule
		await api.ok('CreateListenerRule', {
			Listener: {...web, LoadBalancerPort: 443},
			ListenerRule: {
				Action: 'forward',
				ListenerRuleName: 'docs',
				Priority: 10,
				PathPattern: '/docs/*',
				HostNamePattern: '',
			},
			VmIds: ['i-00000001'],
		});
		const filter = {Filters: {ListenerRuleNames: ['docs']}};
		t.is((await api.ok('ReadListenerRules', filter))['ListenerRules'][0].PathPattern, '/docs/*');

		// An update of the load balancer: tags, then listeners, deleted and then created.
		await api.ok('DeleteLoadBalancerTags', {LoadBalancerNames: ['web'], Tags: [{Key: 'project'}]});
		await api.ok('CreateLoadBalancerTags', {LoadBalancerNames: ['web'], Tags: [{Key: 'project', Value: 'b'}]});
		await api.ok('DeleteLoadBalancerListeners', {...web, LoadBalancerPorts: [80]});
		await api.ok('CreateLoadBalancerListeners', {...web, Listeners: [{...http, LoadBalancerPort: 8080}]});
		const shown = await waitForActive(api);
		t.deepEqual(
			shown['Listeners'].map((each: Answered) => each['LoadBalancerPort']),
			[443, 8080],
		);
		t.deepEqual(shown['Tags'], [{Key: 'project', Value: 'b'}]);

		// Everything goes, in the other order.
		await api.ok('DeleteListenerRule', {ListenerRuleName: 'docs'});
		await update(api, {LoadBalancerPort: 443, PolicyNames: []});
		await api.ok('DeleteLoadBalancerPolicy', {...web, PolicyName: 'sticky'});
		await api.ok('UnlinkLoadBalancerBackendMachines', {...web, BackendVmIds: ['i-00000001', 'i-00000002']});
		await api.ok('DeleteLoadBalancer', web);
		await waitUntilGone(api);
		await api.ok('DeleteServerCertificate', {Name: 'web'});
		t.deepEqual(await api.ok('ReadServerCertificates').then(answer => answer['ServerCertificates']), []);
		t.is(api.store.running.size, 0);
	});
}
