import test from 'ava';
import {describeLoadBalancer} from '../../src/configuration/describe.ts';
import {describeConfig} from '../../src/configuration/describe-config.ts';
import {usable} from '../../src/emulator/certificates.ts';
import {NOTHING_CONFIGURED} from '../../src/emulator/configured.ts';
import {emptyAccount, listedRules, type UsableCertificate} from '../../src/model/account.ts';
import type {NormalisedLoadBalancer} from '../../src/model/normalised.ts';
import type {PemPair} from '../../src/model/resolved.ts';
import {configure} from '../../src/operations/configure.ts';
import {declareVm} from '../../src/operations/declare-vm.ts';
import {setBackendPolicies, setListenerPolicies} from '../../src/operations/enabled-policies.ts';
import {putConfiguredCertificate} from '../../src/operations/kept-certificates.ts';
import {createPolicy} from '../../src/operations/policies.ts';
import {putLoadBalancer, removeLoadBalancer} from '../../src/operations/put-load-balancer.ts';
import {InMemoryOutscaleApi} from '../helpers/in-memory-outscale.ts';
import {newLoadBalancer} from '../helpers/outscale-api.ts';
import {pem} from '../helpers/project-certs.ts';

const WEB: PemPair = {cert: pem('web.test.crt'), key: pem('web.test.key')};
const SHOP: PemPair = {cert: pem('shop.test.crt'), key: pem('shop.test.key')};

function certificate(pair: PemPair): UsableCertificate {
	const found = usable(pair, [], []);
	if (found === undefined) throw new Error('the certificate of the project cannot be used');
	return found;
}

/** `create()` or `update()` of the library. */
function put(
	api: InMemoryOutscaleApi,
	normalised: NormalisedLoadBalancer,
	shown: ReadonlyMap<number, PemPair> = new Map(),
) {
	const certificates = new Map([...shown].map(([port, pair]) => [port, certificate(pair)]));
	api.store.apply(putLoadBalancer({normalised, certificates}));
}

/** A certificate of the configuration, read or read again. */
function configureCertificate(api: InMemoryOutscaleApi, name: string, pair: PemPair) {
	api.store.apply((account, context) => ({
		account: putConfiguredCertificate(account, name, certificate(pair), context),
		result: undefined,
	}));
}

function described(spec: object): NormalisedLoadBalancer {
	const result = describeLoadBalancer(spec, {certificateNames: ['web']});
	if ('violations' in result) throw new Error(JSON.stringify(result.violations));
	return result.described;
}

const SPEC = {
	name: 'web',
	listeners: [
		{listen: 'https:443 -> http:80', certificate: 'web', stickiness: {seconds: 300}, tls: {minVersion: 'TLSv1.3'}},
		{listen: 'http:80', stickiness: {cookie: 'session', name: 'OWN'}, proxyProtocol: true},
	],
	backends: [{kind: 'echo', name: 'fake'}, '127.0.0.5', '127.0.0.1:3000'],
	rules: [{priority: 5, path: '/docs/*', to: ['fake']}],
	healthCheck: {target: 'HTTP:80/health', interval: '200ms', timeout: '100ms', healthy: 2, unhealthy: 2},
	idleTimeout: '7s',
	draining: '3s',
	retry: 'never',
	accessLog: {folder: '/var/logs/bucket', prefix: 'a', interval: '5m'},
};

/** An account in which the library has started a load balancer. */
async function adopted(spec: object = SPEC) {
	const api = new InMemoryOutscaleApi();
	const before = described(spec);
	put(
		api,
		before,
		new Map(before.listeners.flatMap(({ports, certificate}) => (certificate ? [[ports.port, WEB] as const] : []))),
	);
	const [shown] = (await api.ok('ReadLoadBalancers'))['LoadBalancers'];
	return {api, before, shown};
}

test('what the library started reads like any other load balancer', async t => {
	const {api, shown} = await adopted();
	const fake = shown.BackendVmIds[0];

	t.like(shown, {
		AccessLog: {IsEnabled: true, OsuBucketName: 'bucket', OsuBucketPrefix: 'a', PublicationInterval: 5},
		ApplicationStickyCookiePolicies: [{CookieName: 'session', PolicyName: 'stickiness-80'}],
		LoadBalancerStickyCookiePolicies: [{CookieExpirationPeriod: 300, PolicyName: 'stickiness-443'}],
		BackendIps: ['127.0.0.5'],
		HealthCheck: {
			CheckInterval: 1,
			HealthyThreshold: 2,
			Path: '/health',
			Port: 80,
			Protocol: 'HTTP',
			Timeout: 1,
			UnhealthyThreshold: 2,
		},
		LoadBalancerType: 'internet-facing',
		State: 'active',
	});
	t.is(shown.BackendVmIds.length, 2);
	t.regex(fake, /^i-[0-9a-f]{8}$/);
	t.deepEqual(shown.Listeners, [
		{
			BackendPort: 80,
			BackendProtocol: 'HTTP',
			LoadBalancerPort: 80,
			LoadBalancerProtocol: 'HTTP',
			PolicyNames: ['stickiness-80'],
		},
		{
			BackendPort: 80,
			BackendProtocol: 'HTTP',
			LoadBalancerPort: 443,
			LoadBalancerProtocol: 'HTTPS',
			PolicyNames: ['stickiness-443'],
			ServerCertificateId: 'orn:ows:idauth::123456789012:server-certificate/web',
		},
	]);
	const {ListenerRules: rules} = await api.ok('ReadListenerRules');
	t.deepEqual(
		rules.map((rule: Record<string, unknown>) => [rule['ListenerRuleName'], rule['Priority'], rule['VmIds']]),
		[
			['web-5', 5, [fake]],
			['web-5-80', 5, [fake]],
		],
	);
});

test('a change through the API keeps everything that the cloud has no word for', async t => {
	const {api, before} = await adopted();

	await api.ok('CreateLoadBalancerListeners', {
		LoadBalancerName: 'web',
		Listeners: [{BackendPort: 80, LoadBalancerPort: 6379, LoadBalancerProtocol: 'TCP'}],
	});

	const after = api.store.running.get('web');
	const {listeners, ...rest} = before;
	t.like(after, {...rest, source: {}});
	t.is(after?.backends[0], before.backends[0], 'a fake back-end is known by its identity');
	t.deepEqual(
		after?.listeners.slice(0, 2),
		listeners,
		'listeners that did not change are the same, certificates by name',
	);
	t.is(after?.listeners.length, 3);
	t.deepEqual(after?.pendingBackends, new Set());
});

test('a back-end that the API takes away and brings back has to prove itself', async t => {
	const {api, shown} = await adopted();
	const fake = {LoadBalancerName: 'web', BackendVmIds: [shown.BackendVmIds[0]]};

	await api.ok('UnlinkLoadBalancerBackendMachines', fake);
	t.deepEqual(
		api.store.running.get('web')?.backends.map(({name}) => name),
		['127.0.0.5', '127.0.0.1:3000'],
	);
	t.deepEqual(
		api.store.running.get('web')?.rules.map(({to}) => to),
		[[]],
		'a rule without back-ends stays',
	);
	await api.ok('LinkLoadBalancerBackendMachines', fake);

	t.deepEqual(api.store.running.get('web')?.pendingBackends, new Set(['fake']));
	const {BackendVmHealth: health} = await api.ok('ReadVmsHealth', fake);
	t.is(health[0].State, 'DOWN');
});

test('a certificate that the API swaps is the one that runs, and the other listener keeps its own', async t => {
	const {api, before} = await adopted();
	const {ServerCertificate: shop} = await api.ok('CreateServerCertificate', {
		Name: 'shop',
		Body: SHOP.cert,
		PrivateKey: SHOP.key,
	});

	await api.ok('UpdateLoadBalancer', {LoadBalancerName: 'web', LoadBalancerPort: 443, ServerCertificateId: shop.Orn});

	const [https, http] = api.store.running.get('web')?.listeners ?? [];
	t.is(https?.certificate?.kind === 'pem' ? https.certificate.pair.cert.trim() : '', SHOP.cert.trim());
	t.deepEqual(https?.tls, before.listeners[0]?.tls);
	t.deepEqual(http, before.listeners[1]);
});

test('a change by the library keeps tags, ids and policies that no listener uses', async t => {
	const {api} = await adopted();
	const web = {LoadBalancerName: 'web'};
	await api.ok('CreateLoadBalancerTags', {LoadBalancerNames: ['web'], Tags: [{Key: 'a', Value: 'b'}]});
	await api.ok('CreateLoadBalancerPolicy', {...web, PolicyName: 'spare', PolicyType: 'load_balancer'});
	const rules = (await api.ok('ReadListenerRules'))['ListenerRules'];
	const [before] = (await api.ok('ReadLoadBalancers'))['LoadBalancers'];

	put(api, described({...SPEC, idleTimeout: '9s'}), new Map([[443, WEB]]));

	t.deepEqual((await api.ok('ReadListenerRules'))['ListenerRules'], rules);
	t.deepEqual((await api.ok('ReadLoadBalancers'))['LoadBalancers'], [before]);
	t.deepEqual(before.Tags, [{Key: 'a', Value: 'b'}]);
	t.true(before.LoadBalancerStickyCookiePolicies.some(({PolicyName}: {PolicyName: string}) => PolicyName === 'spare'));
	await api.ok('UpdateLoadBalancer', {...web, SecuredCookies: true});
	t.is(api.store.running.get('web')?.timeouts.idleMs, 9000);
});

test('a change of listeners by the library keeps the policies of the ELB API where they have an effect', async t => {
	const {api} = await adopted();
	const policies = () => {
		const web = api.store.account.loadBalancers.get('web');
		return [web?.listeners.map(listener => listener.policies), [...(web?.backendPolicies ?? [])]];
	};
	api.store.apply(
		createPolicy({
			loadBalancer: 'web',
			name: 'proxy',
			maxNameLength: 32,
			repetition: 'refused',
			type: 'ProxyProtocolPolicyType',
			types: ['ProxyProtocolPolicyType'],
			attributes: [{name: 'ProxyProtocol', value: 'true'}],
			proxyProtocol: 'required',
		}),
	);
	api.store.apply(setBackendPolicies({loadBalancer: 'web', backendPort: 80, names: ['proxy']}));
	const [aws, sticky] = ['ELBSecurityPolicy-2016-08', 'stickiness-443'];
	api.store.apply(setListenerPolicies({loadBalancer: 'web', port: 443, names: [aws, sticky]}));
	const [https, http] = SPEC.listeners;

	put(api, described({...SPEC, listeners: [https, {...http, listen: 'http:81'}]}), new Map([[443, WEB]]));
	t.deepEqual(policies(), [[[sticky, aws], ['stickiness-81']], [[80, ['proxy']]]]);

	put(api, described({...SPEC, listeners: [{listen: 'http:443 -> http:81', stickiness: {seconds: 300}}]}));
	t.deepEqual(policies(), [[[sticky]], []]);
});

test('a certificate that was issued gets a name of its own, and leaves with its load balancer', async t => {
	const {api, shown} = await adopted({name: 'plain', listeners: ['https:443 -> http:80', 'http:80'], backends: 1});
	const names = async () =>
		(await api.ok('ReadServerCertificates'))['ServerCertificates'].map(({Name}: {Name: string}) => Name);

	t.is(shown.Listeners[1].ServerCertificateId, 'orn:ows:idauth::123456789012:server-certificate/plain-443');
	t.deepEqual(await names(), ['plain-443']);
	put(api, described({name: 'plain', listeners: ['https:443 -> http:80'], backends: 1}), new Map([[443, SHOP]]));
	t.deepEqual(await names(), ['plain-443'], 'another one in its place is the same to the cloud');

	api.store.apply(removeLoadBalancer({name: 'plain'}));
	t.deepEqual(await names(), []);
	t.deepEqual((await api.ok('ReadLoadBalancers'))['LoadBalancers'], []);
});

test('a reset undoes what came through the API, and leaves the rest as it was described', async t => {
	const api = new InMemoryOutscaleApi();
	const read = describeConfig({
		certificates: {web: {cert: 'web.test.crt', key: 'web.test.key'}},
		backends: {app: {kind: 'echo'}},
		loadBalancers: {
			web: {listeners: [{listen: 'https:443 -> http:80', certificate: 'web'}], backends: ['app']},
			untouched: {listeners: ['tcp:1'], backends: ['app']},
		},
	});
	if ('violations' in read) return t.fail(JSON.stringify(read.violations));
	const after = {described: read.config, certificates: new Map([['web', certificate(WEB)]])};
	const operation = configure({before: NOTHING_CONFIGURED, after, certificates: new Map()});
	api.store.apply(operation);
	const shown = (await api.ok('ReadLoadBalancers'))['LoadBalancers'];
	const running = new Map(api.store.running);
	const web = {LoadBalancerName: 'web'};
	await api.ok('UpdateLoadBalancer', {...web, SecuredCookies: true});
	await api.ok('CreateLoadBalancerTags', {LoadBalancerNames: ['web'], Tags: [{Key: 'a', Value: 'b'}]});
	await api.ok('CreateLoadBalancer', newLoadBalancer('own'));
	await api.ok('CreateServerCertificate', {Name: 'shop', Body: SHOP.cert, PrivateKey: SHOP.key});
	api.store.apply(declareVm({id: 'i-0000000a', backend: read.config.backends.get('app')?.[0]}));
	api.store.calls.length = 0;

	api.store.apply((_, context) => operation(emptyAccount(), context));

	t.deepEqual(api.store.calls.toSorted(), ['apply web', 'remove own'], 'what is as it was is not touched');
	t.deepEqual(api.store.running, running);
	t.deepEqual((await api.ok('ReadLoadBalancers'))['LoadBalancers'], shown);
	t.is((await api.ok('ReadServerCertificates'))['ServerCertificates'].length, 1);
	t.false(api.store.account.vms.has('i-0000000a'));
});

test('a certificate that one brought and another one shows leaves with the last of them', async t => {
	for (const end of ['library', 'api'] as const) {
		const api = new InMemoryOutscaleApi();
		const names = async () =>
			(await api.ok('ReadServerCertificates'))['ServerCertificates'].map(({Name}: {Name: string}) => Name);
		const remove = async (name: string) => {
			if (end === 'api') await api.ok('DeleteLoadBalancer', {LoadBalancerName: name});
			else api.store.apply(removeLoadBalancer({name}));
		};
		for (const name of ['one', 'two']) {
			put(api, described({name, listeners: ['https:443 -> http:80'], backends: 1}), new Map([[443, SHOP]]));
		}
		t.deepEqual(await names(), ['one-443']);

		await remove('one');
		t.deepEqual(await names(), ['one-443'], end);
		await remove('two');
		t.deepEqual(await names(), [], end);
	}
});

test('a VM id that was made for a back-end leaves with it, and one that was declared stays', async t => {
	const {api, before} = await adopted();
	api.store.apply(declareVm({id: 'i-0000000a', backend: before.backends[0]}));
	t.is(api.store.account.vms.size, 3);

	api.store.apply(removeLoadBalancer({name: 'web'}));

	t.deepEqual([...api.store.account.vms.keys()], ['i-0000000a']);
});

test('a VM id that was made for a back-end leaves when an update registers another one in its place', async t => {
	const api = new InMemoryOutscaleApi();
	const shown = (...backends: readonly string[]) => {
		put(api, described({name: 'web', listeners: ['http:80'], backends}));
		return [...api.store.account.vms.values()].map(({name}) => name);
	};
	shown('127.0.0.1:3001', '127.0.0.1:3002');
	api.store.apply(
		declareVm({
			id: 'i-0000000a',
			backend: described({name: 'x', listeners: ['http:80'], backends: ['127.0.0.1:3001']}).backends[0],
		}),
	);

	t.deepEqual(shown('127.0.0.1:3003'), ['127.0.0.1:3001', '127.0.0.1:3003'], 'what somebody has declared stays');
	api.store.apply(removeLoadBalancer({name: 'web'}));
	t.deepEqual([...api.store.account.vms.keys()], ['i-0000000a']);
});

test('a certificate of the configuration can be referred to before anything uses it', async t => {
	const api = new InMemoryOutscaleApi();
	configureCertificate(api, 'web', WEB);
	configureCertificate(api, 'web', SHOP);
	configureCertificate(api, 'my cert', WEB);

	const {ServerCertificates: all} = await api.ok('ReadServerCertificates');
	t.deepEqual(
		all.map(({Name}: {Name: string}) => Name),
		['web', 'my-cert'],
	);
	const Listeners = [
		{
			BackendPort: 80,
			BackendProtocol: 'HTTP',
			LoadBalancerPort: 443,
			LoadBalancerProtocol: 'HTTPS',
			ServerCertificateId: all[0].Orn,
		},
	];
	await api.ok('CreateLoadBalancer', newLoadBalancer('x', Listeners));
	const certificate = api.store.running.get('x')?.listeners[0]?.certificate;
	t.is(certificate?.kind === 'pem' ? certificate.pair.cert : '', SHOP.cert);
});

test('back-ends and names of rules that load balancers of a configuration share are told apart by the cloud', async t => {
	const result = describeConfig({
		backends: {app: {kind: 'echo'}, api: '127.0.0.1:3000'},
		loadBalancers: {
			one: {
				listeners: ['http:80'],
				backends: ['app', 'api'],
				rules: [{name: 'r', priority: 1, path: '/', to: ['app']}],
			},
			two: {listeners: ['http:81'], backends: ['app'], rules: [{name: 'r', priority: 1, path: '/', to: ['app']}]},
		},
	});
	if ('violations' in result) return t.fail(JSON.stringify(result.violations));
	const api = new InMemoryOutscaleApi({vms: {'i-0000000a': '127.0.0.1:3000'}});
	api.store.apply(declareVm({id: 'i-0000000b', backend: result.config.backends.get('api')?.[0]}));
	for (const each of result.config.loadBalancers.values()) put(api, each);

	const [one, two] = (await api.ok('ReadLoadBalancers'))['LoadBalancers'];
	t.is(one.BackendVmIds[0], two.BackendVmIds[0], 'one back-end is one VM');
	t.is(one.BackendVmIds[1], 'i-0000000b', 'an id that was declared for it is its id');
	t.deepEqual(ruleNames(api), ['r', 'r-2']);
});

test('rules without effect stay while the library changes something else', async t => {
	const {api, shown} = await adopted({name: 'web', listeners: ['tcp:443', 'http:80'], backends: 2});
	await api.ok('CreateListenerRule', {
		Listener: {LoadBalancerName: 'web', LoadBalancerPort: 443},
		ListenerRule: {ListenerRuleName: 'tcp', Priority: 1, PathPattern: '/'},
		VmIds: [shown.BackendVmIds[0]],
	});
	t.deepEqual(api.store.calls, ['apply web'], 'what runs does not see it');

	put(api, described({name: 'web', listeners: ['tcp:443', 'http:80'], backends: 2, retry: 'never'}));
	t.deepEqual(ruleNames(api), ['tcp']);
	put(api, described({name: 'web', listeners: ['http:80'], backends: 2}));
	t.deepEqual(ruleNames(api), []);
});

function ruleNames(api: InMemoryOutscaleApi): string[] {
	return listedRules(api.store.account).map(({name}) => name);
}

test('a load balancer that comes or goes leaves what it has no part in as it is, not copied', t => {
	const api = new InMemoryOutscaleApi();
	put(api, described(SPEC), new Map([[443, WEB]]));
	const before = api.store.account;
	const plain = described({name: 'plain', listeners: ['http:80'], backends: ['127.0.0.9']});

	put(api, plain);
	const {rules, certificates, vms} = api.store.account;
	api.store.apply(removeLoadBalancer({name: 'plain'}));
	const after = api.store.account;

	t.is(rules, before.rules);
	t.is(certificates, before.certificates);
	t.is(vms, before.vms);
	t.is(after.rules, before.rules);
	t.is(after.certificates, before.certificates);
	t.is(after.vms, before.vms);
});
