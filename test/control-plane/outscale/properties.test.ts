import test from 'ava';
import fc from 'fast-check';
import {EmulatorError} from '../../../src/base/errors.ts';
import {stickinessOn} from '../../../src/model/policy.ts';
import {runs} from '../../helpers/depth.ts';
import {InMemoryOutscaleApi} from '../../helpers/in-memory-outscale.ts';
import {httpListener, newLoadBalancer} from '../../helpers/outscale-api.ts';
import {pem} from '../../helpers/project-certs.ts';

const name = fc.constantFrom('a', 'a', 'a', 'a', 'a', 'b', 'b', 'c', 'no_name');
const port = fc.constantFrom(80, 80, 81, 443, 8080, 8443, 0);
const vm = fc.constantFrom('i-00000001', 'i-00000001', 'i-00000001', 'i-00000002', 'i-00000003', 'toto');
const certificate = fc.constantFrom('one', 'one', 'two', 'three');
const orn = certificate.map(each => `orn:ows:idauth::123456789012:server-certificate/${each}`);
const policy = fc.constantFrom('p', 'q', 'r');
const rule = fc.constantFrom('r1', 'r2', 'r3');

const listener = fc.oneof(
	fc.record({LoadBalancerPort: port, BackendPort: port, LoadBalancerProtocol: fc.constantFrom('HTTP', 'TCP')}),
	fc.record({
		LoadBalancerPort: port,
		BackendPort: port,
		LoadBalancerProtocol: fc.constantFrom('HTTPS', 'SSL'),
		ServerCertificateId: orn,
	}),
);
const of = (action: string, body: Record<string, fc.Arbitrary<unknown>>) =>
	fc.record({action: fc.constant(action), body: fc.record(body)});

/** Requests of which about half can be carried out, whatever came before. */
const request = fc.oneof(
	of('CreateLoadBalancer', {
		LoadBalancerName: name,
		Listeners: fc.array(listener, {minLength: 1, maxLength: 2}),
		SubregionNames: fc.constant(['eu-west-2a']),
	}),
	of('CreateLoadBalancerListeners', {
		LoadBalancerName: name,
		Listeners: fc.array(listener, {minLength: 1, maxLength: 2}),
	}),
	of('DeleteLoadBalancerListeners', {
		LoadBalancerName: name,
		LoadBalancerPorts: fc.array(port, {minLength: 1, maxLength: 2}),
	}),
	of('DeleteLoadBalancer', {LoadBalancerName: name}),
	of('LinkLoadBalancerBackendMachines', {
		LoadBalancerName: name,
		BackendVmIds: fc.array(vm, {minLength: 1, maxLength: 3}),
	}),
	of('UnlinkLoadBalancerBackendMachines', {
		LoadBalancerName: name,
		BackendVmIds: fc.array(vm, {minLength: 1, maxLength: 2}),
	}),
	of('UpdateLoadBalancer', {LoadBalancerName: name, LoadBalancerPort: port, ServerCertificateId: orn}),
	of('UpdateLoadBalancer', {
		LoadBalancerName: name,
		LoadBalancerPort: port,
		PolicyNames: fc.array(policy, {maxLength: 2}),
	}),
	of('CreateLoadBalancerPolicy', {
		LoadBalancerName: name,
		PolicyName: policy,
		PolicyType: fc.constantFrom('load_balancer', 'load_balancer', 'app'),
	}),
	of('DeleteLoadBalancerPolicy', {LoadBalancerName: name, PolicyName: policy}),
	of('CreateListenerRule', {
		Listener: fc.record({LoadBalancerName: name, LoadBalancerPort: port}),
		ListenerRule: fc.record({
			ListenerRuleName: rule,
			Priority: fc.integer({min: 0, max: 3}),
			PathPattern: fc.constantFrom('/a', ''),
		}),
		VmIds: fc.array(vm, {minLength: 1, maxLength: 2}),
	}),
	of('DeleteListenerRule', {ListenerRuleName: rule}),
	of('CreateServerCertificate', {
		Name: certificate,
		Body: fc.constant(pem('web.test.crt')),
		PrivateKey: fc.constantFrom(pem('web.test.key'), 'toto'),
	}),
	of('UpdateServerCertificate', {Name: certificate, NewName: certificate}),
	of('DeleteServerCertificate', {Name: certificate}),
	of('CreateLoadBalancerTags', {
		LoadBalancerNames: fc.array(name, {minLength: 1, maxLength: 2}),
		Tags: fc.constant([{Key: 'k', Value: 'v'}]),
	}),
);

/** One load balancer with a listener of each kind, a certificate, a policy and a back-end. */
async function someAccount(): Promise<InMemoryOutscaleApi> {
	const api = new InMemoryOutscaleApi();
	await api.ok('CreateServerCertificate', {Name: 'one', Body: pem('web.test.crt'), PrivateKey: pem('web.test.key')});
	const ServerCertificateId = 'orn:ows:idauth::123456789012:server-certificate/one';
	const http = httpListener(80);
	const https = {...http, LoadBalancerPort: 443, LoadBalancerProtocol: 'HTTPS', ServerCertificateId};
	const a = {LoadBalancerName: 'a'};
	await api.ok('CreateLoadBalancer', newLoadBalancer('a', [http, https]));
	await api.ok('CreateLoadBalancerPolicy', {...a, PolicyName: 'p', PolicyType: 'load_balancer'});
	await api.ok('LinkLoadBalancerBackendMachines', {...a, BackendVmIds: ['i-00000001']});
	return api;
}

/** What runs is what is described: names, listeners, certificates, stickiness, back-ends and rules. */
function isConsistent({store}: InMemoryOutscaleApi): boolean {
	const {loadBalancers, certificates, rules} = store.account;
	if ([...loadBalancers.keys()].toSorted().join() !== [...store.running.keys()].toSorted().join()) return false;
	return [...loadBalancers.values()].every(({name: each, listeners, backends, policies}) => {
		const described = store.running.get(each);
		return (
			described !== undefined &&
			described.listeners.length === listeners.length &&
			described.backends.map(backend => backend.name).join() ===
				backends.map(backend => (backend.kind === 'vm' ? backend.id : backend.ip)).join() &&
			listeners.every((listener, index) => {
				const {port: logical, certificateId = ''} = listener;
				const running = described.listeners[index];
				const shown = running?.certificate?.kind === 'pem' ? running.certificate.pair : undefined;
				return (
					running?.ports.port === logical &&
					shown?.cert === certificates.get(certificateId)?.pair.cert &&
					running.stickiness === stickinessOn(listener, {policies})?.stickiness
				);
			}) &&
			described.rules.every(running => rules.some(rule => rule.name === running.name && rule.loadBalancer === each))
		);
	});
}

test('whatever is asked, what runs is what is described, and a refused call changes neither', async t => {
	const counts = {done: 0, refused: 0};
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.tuple(request, fc.boolean(), fc.boolean()), {minLength: 10, maxLength: 40}),
			async steps => {
				const api = await someAccount();
				for (const [{action, body}, one, other] of steps) {
					// One in four of the steps finds a data plane that cannot follow.
					const failure = new EmulatorError('PORT_UNAVAILABLE', 'somebody holds the port');
					if (one && other) for (const each of ['a', 'b', 'c']) api.store.failures.set(each, failure);
					else api.store.failures.clear();
					const account = api.store.account;
					const running = new Map(api.store.running);
					const {answer} = await api.call(action, body);
					counts[answer.status === 200 ? 'done' : 'refused']++;
					if (answer.status >= 500) throw new Error(answer.body);
					if (answer.status !== 200) {
						t.deepEqual(api.store.account, account);
						t.deepEqual(api.store.running, running);
					}
					if (!isConsistent(api)) throw new Error(`after ${action} ${JSON.stringify(body)}`);
				}
			},
		),
		{numRuns: runs(150, 37)},
	);
	t.true(counts.done > runs(200, 40) && counts.refused > runs(200, 40), JSON.stringify(counts));
});

test('200 calls at once on one load balancer are carried out one by one', async t => {
	const api = new InMemoryOutscaleApi();
	const web = {LoadBalancerName: 'web'};
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	const id = (index: number) => `i-${(index + 1).toString(16).padStart(8, '0')}`;
	const calls = Array.from({length: 200}, (_, index) => {
		if (index % 4 === 0) return api.call('RegisterVmsInLoadBalancer', {...web, BackendVmIds: [id(index)]});
		const Listeners = [{BackendPort: 80, LoadBalancerPort: 1000 + index, LoadBalancerProtocol: 'TCP'}];
		if (index % 4 === 1) return api.call('CreateLoadBalancerListeners', {...web, Listeners});
		const Tags = [{Key: `k${index}`, Value: ''}];
		if (index % 4 === 2) return api.call('CreateLoadBalancerTags', {LoadBalancerNames: ['web'], Tags});
		// Every one of them asks for the same port, so one alone can have it.
		return api.call('CreateLoadBalancerListeners', {...web, Listeners: [{...Listeners[0], LoadBalancerPort: 999}]});
	});

	const statuses = (await Promise.all(calls)).map(({answer}) => answer.status);

	t.is(statuses.filter(status => status === 200).length, 151);
	t.is(statuses.filter(status => status === 409).length, 49);
	const loadBalancer = api.store.account.loadBalancers.get('web');
	t.deepEqual([loadBalancer?.backends.length, loadBalancer?.listeners.length, loadBalancer?.tags.size], [50, 52, 50]);
	t.true(isConsistent(api));
});

test('500 load balancers are created, read and deleted without a call that costs more for each of the others', async t => {
	const api = new InMemoryOutscaleApi();
	const names = Array.from({length: 500}, (_, index) => `lb-${index}`);
	for (const name of names) await api.ok('CreateLoadBalancer', newLoadBalancer(name));
	t.is((await api.ok('ReadLoadBalancers'))['LoadBalancers'].length, 500);
	for (const LoadBalancerName of names) await api.ok('DeleteLoadBalancer', {LoadBalancerName});
	t.is(api.store.calls.length, 1000);
	t.is(api.store.running.size, 0);
});
