import test from 'ava';
import {type Config, type LoadBalancer, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {startFromFile, startWithApi} from '../helpers/emulator-scene.ts';
import {type Answered, ControlPortApi, httpListener, newLoadBalancer} from '../helpers/outscale-api.ts';
import {refusalAt} from '../helpers/ports.ts';
import {pem} from '../helpers/project-certs.ts';

const UPLOAD = {Name: 'uploaded', Body: pem('rsa.web.test.crt'), PrivateKey: pem('rsa.web.test.key')};
const WEB = {LoadBalancerName: 'web'};

const CONFIG = {
	backends: {app: {kind: 'echo', count: 2}, spare: {kind: 'echo'}},
	vms: {'i-0000000c': 'spare'},
	loadBalancers: {
		web: {listeners: ['https:443 -> http:80', 'http:80'], backends: ['app']},
		other: {listeners: ['http:80'], backends: ['spare']},
	},
} as const satisfies Config;

/** Who answers the next requests, each once. */
async function answerers(lb: LoadBalancer, count: number): Promise<readonly string[]> {
	const names = new Set<string>();
	for (let i = 0; i < count; i++) {
		// An echo back-end's answer is JSON.
		const {backend} = (await (await lb.fetch('/')).json()) as {backend: string};
		names.add(backend);
	}
	return [...names].sort();
}

const portsOf = (shown: Answered | undefined): number[] =>
	(shown?.['Listeners'] ?? []).map((each: Answered) => each['LoadBalancerPort']);

test('what the library changes is what the API reads', async t => {
	const {emulator, api} = await startFromFile(t, CONFIG);
	const web = emulator.get('web');
	const [a, b] = (await api.read('web'))?.['BackendVmIds'] ?? [];

	await web.update({
		listeners: ['https:443 -> http:80', 'tcp:90'],
		healthCheck: {target: 'HTTP:80/up', interval: '7s'},
	});
	await web.setCertificate(443, {cert: pem('web.test.crt'), key: pem('web.test.key')});
	await web.drain('app-2');

	const shown = await api.read('web');
	t.deepEqual(portsOf(shown), [90, 443]);
	t.like(shown?.['HealthCheck'], {Protocol: 'HTTP', Port: 80, Path: '/up', CheckInterval: 7});
	t.deepEqual(shown?.['BackendVmIds'], [a]);
	const {ServerCertificates: certificates} = await api.ok('ReadServerCertificates');
	t.deepEqual(
		certificates.map(({Orn}: Answered) => Orn),
		[shown?.['Listeners'][1].ServerCertificateId],
		'the one that was issued has gone with its use',
	);
	t.regex(await api.refusal('UnlinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: [b]}), /^400 5063: /);
	await web.stop();
	t.is(await api.read('web'), undefined);
});

test('what the API changes is what the library shows and runs', async t => {
	const {emulator, api} = await startFromFile(t, CONFIG);
	const web = emulator.get('web');
	const before = {https: web.port(443), http: web.port(80)};
	const {ServerCertificate: uploaded} = await api.ok('CreateServerCertificate', UPLOAD);
	const [a, b] = (await api.read('web'))?.['BackendVmIds'] ?? [];

	await api.ok('UpdateLoadBalancer', {...WEB, LoadBalancerPort: 443, ServerCertificateId: uploaded.Orn});
	await api.ok('CreateLoadBalancerListeners', {...WEB, Listeners: [httpListener(8080)]});
	await api.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: ['i-0000000c']});
	await api.ok('UnlinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: [b]});
	await api.untilUp('web', 'i-0000000c');

	t.deepEqual({https: web.port(443), http: web.port(80)}, before, 'what did not change keeps its ports');
	t.deepEqual(web.listeners[0]?.certificate?.names, ['rsa.web.test', 'localhost', '127.0.0.1', '::1']);
	t.deepEqual(Object.keys(web.health), ['app-1', 'spare']);
	t.deepEqual(await answerers(web, 4), ['app-1', 'spare']);
	t.is((await fetch(`http://127.0.0.1:${web.port(8080)}/`)).status, 200);
	t.deepEqual(await api.health('web'), {[a]: 'UP', 'i-0000000c': 'UP'});
	await api.ok('DeleteLoadBalancer', WEB);
	t.throws(() => emulator.get('web'), {code: 'NO_SUCH_LOAD_BALANCER'});
	t.deepEqual(await Promise.all([before.https, before.http].map(refusalAt)), ['ECONNREFUSED', 'ECONNREFUSED']);
});

test("the API's changes of a configured load balancer survive a reload that is about others", async t => {
	const {emulator, api, write} = await startFromFile(t, CONFIG);
	const web = emulator.get('web');
	const {ServerCertificate: uploaded} = await api.ok('CreateServerCertificate', UPLOAD);
	const [, b] = (await api.read('web'))?.['BackendVmIds'] ?? [];
	await api.ok('UpdateLoadBalancer', {...WEB, LoadBalancerPort: 443, ServerCertificateId: uploaded.Orn});
	await api.ok('CreateLoadBalancerListeners', {...WEB, Listeners: [httpListener(8080)]});
	await api.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: ['i-0000000c']});
	await api.ok('UnlinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: [b]});
	await api.ok('CreateLoadBalancerTags', {LoadBalancerNames: ['web'], Tags: [{Key: 'k', Value: 'v'}]});
	await api.untilUp('web', 'i-0000000c');
	const shown = await api.read('web');
	const port = web.port(8080);

	const {loadBalancers} = CONFIG;
	await write({
		...CONFIG,
		loadBalancers: {...loadBalancers, other: {listeners: ['http:81'], backends: ['spare']}},
	});
	const {loadBalancers: changed} = await emulator.reload();

	t.deepEqual(changed, {added: [], changed: ['other'], removed: []});
	t.deepEqual(await api.read('web'), shown);
	t.is(web.port(8080), port);
	t.deepEqual(await answerers(web, 4), ['app-1', 'spare']);

	await write({...CONFIG, loadBalancers: {...loadBalancers, web: {...loadBalancers.web, draining: '1s'}}});
	await emulator.reload();

	t.deepEqual(await api.read('web'), shown, 'one part of it changes, the others stay');
	await api.ok('DeleteLoadBalancer', WEB);
	await write(CONFIG);
	await emulator.reload();
	t.not(await api.read('web'), undefined, 'its description has changed, so it is wanted again');
	t.deepEqual(portsOf(await api.read('web')), [80, 443]);
});

test("a load balancer of the API is the library's too: it is changed, drained and stopped there", async t => {
	const {emulator, api} = await startFromFile(t, CONFIG);
	await api.ok('CreateLoadBalancer', newLoadBalancer('api', [httpListener(80), httpListener(81, 80)]));
	await api.ok('LinkLoadBalancerBackendMachines', {
		LoadBalancerName: 'api',
		BackendVmIds: ['i-0000000c', 'i-00000009'],
	});
	await api.ok('CreateListenerRule', {
		Listener: {LoadBalancerName: 'api', LoadBalancerPort: 80},
		ListenerRule: {ListenerRuleName: 'docs', Priority: 1, PathPattern: '/docs/*'},
		VmIds: ['i-0000000c'],
	});
	await api.untilUp('api', 'i-0000000c');
	const lb = emulator.get('api');
	const before = await api.read('api');

	await lb.update({securedCookies: true, idleTimeout: '10s'});

	t.deepEqual(await api.read('api'), {...before, SecuredCookies: true});
	t.deepEqual(await answerers(lb, 2), ['spare']);
	await lb.update({rules: [{priority: 5, path: '/help/*', to: ['spare']}]});
	t.deepEqual(
		(await api.ok('ReadListenerRules'))['ListenerRules'].map((rule: Answered) => [rule['PathPattern'], rule['VmIds']]),
		[
			['/help/*', ['i-0000000c']],
			['/help/*', ['i-0000000c']],
		],
	);
	await lb.drain('spare');
	t.deepEqual((await api.read('api'))?.['BackendVmIds'], ['i-00000009']);
	await api.ok('DeleteLoadBalancerListeners', {LoadBalancerName: 'api', LoadBalancerPorts: [80, 81]});
	await lb.update({draining: '1s'});
	t.deepEqual(portsOf(await api.read('api')), []);
	await lb.stop();
	t.is(await api.read('api'), undefined);
});

test('changes of both sides at the same time all come about', async t => {
	const {emulator, api} = await startFromFile(t, CONFIG);
	const web = emulator.get('web');

	await Promise.all([
		web.update({securedCookies: true}),
		api.ok('CreateLoadBalancerListeners', {...WEB, Listeners: [httpListener(8080)]}),
		web.setCertificate(443, {cert: pem('web.test.crt'), key: pem('web.test.key')}),
		api.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: ['i-0000000c']}),
		web.update({draining: '1s'}),
		api.ok('CreateLoadBalancerListeners', {...WEB, Listeners: [httpListener(8081)]}),
		web.drain('app-2'),
	]);

	const shown = await api.read('web');
	t.deepEqual(portsOf(shown), [80, 443, 8080, 8081]);
	t.true(shown?.['SecuredCookies']);
	t.deepEqual(Object.keys(web.health), ['app-1', 'spare']);
	t.is(shown?.['BackendVmIds'].length, 2);
	t.true(web.listeners.find(({port}) => port === 443)?.certificate?.names.includes('web.test'));
});

/** A back-end that takes its time to start. */
const SLOW = {
	kind: 'command',
	name: 'slow',
	run: `${process.execPath} -e "require('http').createServer((_, to) => to.end('{}')).listen(process.env.PORT)"`,
} as const;

test('a call that comes while the library changes the same load balancer undoes nothing of it', async t => {
	const {emulator, api} = await startFromFile(t, CONFIG);
	const web = emulator.get('web');
	const changed = web.update({backends: [SLOW], securedCookies: true});

	await api.ok('CreateLoadBalancerListeners', {...WEB, Listeners: [httpListener(8080)]});
	await changed;

	t.deepEqual(Object.keys(web.health), ['slow']);
	t.like(await api.read('web'), {SecuredCookies: true});
	t.deepEqual(portsOf(await api.read('web')), [80, 443, 8080]);
	t.is((await fetch(`http://127.0.0.1:${web.port(8080)}/`)).status, 200);
	t.is((await api.read('web'))?.['BackendVmIds'].length, 1);
});

test('of two that make a load balancer of one name at the same time, the later is refused', async t => {
	const {emulator, api} = await startFromFile(t, {});
	const made = emulator.create({name: 'web', listeners: ['http:80'], backends: [SLOW]});

	const refusal = await api.refusal('CreateLoadBalancer', newLoadBalancer('web', [httpListener(81)]));

	const lb = await made;
	t.regex(refusal, /^409 9013: /);
	t.deepEqual(
		lb.listeners.map(({port}) => port),
		[80],
	);
});

test('a reset puts back what the configuration says, whoever changed it', async t => {
	const {emulator, api} = await startFromFile(t, CONFIG);
	const before = [await api.read('web'), await api.read('other')];
	const web = emulator.get('web');
	const other = emulator.get('other').port(80);
	await api.ok('CreateServerCertificate', UPLOAD);
	await api.ok('CreateLoadBalancer', newLoadBalancer('api'));
	await api.ok('DeleteLoadBalancerListeners', {...WEB, LoadBalancerPorts: [80]});
	await api.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: ['i-0000000c']});
	await api.ok('CreateLoadBalancerTags', {LoadBalancerNames: ['other'], Tags: [{Key: 'k', Value: 'v'}]});
	await api.own('POST', 'vms', {id: 'i-00000009', address: '127.0.0.1:9'});
	await web.update({securedCookies: true});
	web.setHealth('app-1', 'OutOfService');
	await emulator.create({name: 'made', listeners: ['http:80']});

	const {loadBalancers, vms} = await api.own('POST', 'reset');

	t.deepEqual(loadBalancers.map(({name}: Answered) => name).sort(), ['other', 'web']);
	t.deepEqual([await api.read('web'), await api.read('other')], before);
	t.deepEqual(
		vms.map(({id}: Answered) => id).filter((id: string) => /^i-0000000/.test(id)),
		['i-0000000c'],
	);
	t.is(emulator.get('other').port(80), other, 'what is as the configuration has it goes on');
	t.deepEqual(await answerers(emulator.get('web'), 4), ['app-1', 'app-2']);
	t.deepEqual(
		(await api.own('GET', 'calls'))['calls'].map(({action}: Answered) => action),
		['ReadLoadBalancers', 'ReadLoadBalancers'],
	);
});

test('startLoadBalancer() with a port has the API beside it', async t => {
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: 2, port: 0, name: 'alone'});
	t.teardown(() => lb.stop());
	t.is(typeof lb.endpoint, 'string');
	const api = new ControlPortApi(lb);

	await api.ok('CreateLoadBalancerListeners', {LoadBalancerName: 'alone', Listeners: [httpListener(81, 80)]});

	t.is((await fetch(`http://127.0.0.1:${lb.port(81)}/`)).status, 200);
	const port = Number(new URL(lb.endpoint).port);
	await lb.stop();
	t.is(await refusalAt(port), 'ECONNREFUSED');
});

test('two emulators in one process do not see each other, whatever their load balancers are called', async t => {
	const scenes = [await startWithApi(t, {config: CONFIG}), await startWithApi(t, {config: CONFIG})];
	const [one, two] = scenes.map(({api}) => api) as [ControlPortApi, ControlPortApi];

	await one.ok('DeleteLoadBalancer', WEB);
	await one.ok('CreateServerCertificate', UPLOAD);
	await two.ok('CreateLoadBalancer', newLoadBalancer('api'));

	t.deepEqual(
		scenes.map(({emulator}) => emulator.loadBalancers.map(({name}) => name).sort()),
		[['other'], ['api', 'other', 'web']],
	);
	for (const [index, api] of [one, two].entries()) {
		const {ServerCertificates: all} = await api.ok('ReadServerCertificates');
		t.is(all.filter(({Name}: Answered) => Name === 'uploaded').length, 1 - index);
	}
	t.deepEqual(await answerers(scenes[1]?.emulator.get('web') as LoadBalancer, 4), ['app-1', 'app-2']);
});

test('stop() while calls are in flight: each is answered or cut, and nothing is left', async t => {
	const emulator = await startEmulator({port: 0, config: CONFIG});
	const api = new ControlPortApi(emulator);
	const calls = Array.from({length: 20}, (_, index) =>
		api.refusal('CreateLoadBalancer', newLoadBalancer(`n-${index}`)),
	);
	await api.ok('ReadLoadBalancers');

	await emulator.stop();

	const ends = await Promise.allSettled(calls);
	for (const end of ends) {
		if (end.status === 'fulfilled') t.regex(end.value, /^(200$|409 9002: |500 )/);
		else t.regex(String(end.reason), /fetch failed|terminated/);
	}
	t.deepEqual(emulator.loadBalancers, []);
	t.is(await refusalAt(Number(new URL(emulator.endpoint).port)), 'ECONNREFUSED');
});
