import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {formatYaml, readWritten} from '../../src/configuration/format-config.ts';
import {type Config, type Emulator, type LoadBalancer, startEmulator} from '../../src/index.ts';
import {authority, CONFIG, startFromFile, startWithApi} from '../helpers/emulator-scene.ts';
import {type Answered, ControlPortApi, httpListener, newLoadBalancer} from '../helpers/outscale-api.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

/** What is described, as the control port writes it; nothing secret is in it. */
async function written(
	t: ExecutionContext,
	{endpoint}: Emulator,
): Promise<{config: Config; notWritten: readonly string[]}> {
	const answer = await fetch(`${endpoint}/_lb/config`);
	const text = await answer.text();
	t.is(answer.status, 200, text);
	t.notRegex(text, /PRIVATE|SECRET/);
	const config: Config = JSON.parse(text);
	return {config, notWritten: readWritten(config).notWritten};
}

/** Another emulator, from what one of them writes, in a folder of its own. */
async function startAgain(t: ExecutionContext, emulator: Emulator): Promise<Emulator> {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'again.yaml');
	await writeFile(file, await formatYaml((await written(t, emulator)).config, 'written'));
	const again = await startEmulator({port: 0, authority, config: file});
	t.teardown(() => again.stop());
	return again;
}

/** What `/_lb/state` says without what is another one in each process. */
async function stateOf(emulator: Emulator): Promise<unknown> {
	const {
		pid: _,
		endpoint: __,
		clock: ___,
		loadBalancers,
		vms,
		...rest
	} = await new ControlPortApi(emulator).own('GET', 'state');
	return {
		...rest,
		vms: vms.map(({id}: Answered) => id),
		loadBalancers: loadBalancers.map(({backends, listeners, ...each}: Answered) => ({
			...each,
			// Fakes listen on any free port.
			backends: backends.map(({name, kind, state, operator}: Answered) => ({name, kind, state, operator})),
			listeners: listeners.map(({boundPort: _port, certificate, ...listener}: Answered) => ({
				...listener,
				names: certificate?.names,
			})),
		})),
	};
}

/** Who answers these paths, one after the other. */
async function answerers(lb: LoadBalancer, paths: readonly string[]): Promise<string[]> {
	const before = lb.traffic.length;
	for (const each of paths) await lb.fetch(each);
	return lb.traffic.order().slice(before);
}

const PATHS = ['/', '/docs/a', '/', '/docs/b', '/', '/'];

test('what a file describes starts the same again, from any folder', async t => {
	const {cert, key} = authority.issue({names: ['file.test']});
	const config = {
		control: {names: ['lb.test']},
		account: {region: 'cloudgouv-eu-west-1', id: '012345678901'},
		certificates: {site: {names: ['site.test'], key: 'rsa'}, file: {cert: './f/web.crt', key: 'f/web.key'}},
		backends: {
			app: {kind: 'echo', count: 2},
			docs: {kind: 'reply', body: '$$'.concat('{HOME}'), headers: {'X-A': 'yes'}},
			shop: {kind: 'echo', tls: {names: ['shop.test']}},
			dead: '127.0.0.1:9',
		},
		vms: {'i-0000000a': 'docs', 'i-0000000b': '127.0.0.1:9'},
		loadBalancers: {
			web: {
				listeners: [
					{listen: 'https:443 -> http:80', certificate: 'file'},
					{listen: 'https:8443 -> http:80', certificate: 'site', tls: {minVersion: 'TLSv1.3'}},
				],
				backends: ['app', 'docs'],
				rules: [{priority: 1, path: '/docs/*', to: ['docs']}],
				healthCheck: {interval: '7s'},
				accessLog: 'f/web.log',
				idleTimeout: '9s',
			},
			shop: {listeners: ['tcp:443'], backends: ['shop'], address: '127.0.0.2'},
		},
	} as const satisfies Config;
	const scene = await startFromFile(t, {backends: {a: {kind: 'echo'}}});
	await scene.emulator.stop();
	await mkdir(path.join(scene.folder, 'f'));
	await writeFile(path.join(scene.folder, 'f', 'web.crt'), cert);
	await writeFile(path.join(scene.folder, 'f', 'web.key'), key);
	await scene.write(config);
	const {emulator} = await startWithApi(t, {config: scene.file});

	const {config: first, notWritten} = await written(t, emulator);
	const again = await startAgain(t, emulator);

	t.deepEqual(notWritten, []);
	t.deepEqual(first.certificates?.['file'], {
		cert: path.join(scene.folder, 'f', 'web.crt'),
		key: path.join(scene.folder, 'f', 'web.key'),
	});
	t.is(first.loadBalancers?.['web']?.accessLog, path.join(scene.folder, 'f', 'web.log'));
	t.deepEqual(await written(t, again), {config: first, notWritten: []});
	t.deepEqual(await stateOf(again), await stateOf(emulator));
	const [web, webAgain] = [emulator.get('web'), again.get('web')];
	t.is(webAgain.listeners[0]?.certificate?.fingerprint256, web.listeners[0]?.certificate?.fingerprint256);
	const order = await answerers(web, PATHS);
	t.deepEqual(order, ['app-1', 'docs', 'app-2', 'docs', 'docs', 'app-1']);
	t.deepEqual(await answerers(webAgain, PATHS), order);
	t.is(await (await webAgain.fetch('/docs/')).text(), config.backends.docs.body.slice(1));
});

test('what the library describes becomes a configuration: names of its own, no keys, no code', async t => {
	const pair = authority.issue({names: ['pem.test', '*.pem.test']});
	const {emulator} = await startWithApi(t, {config: {backends: {app: {kind: 'echo', count: 2}}}});
	await emulator.create({
		name: 'one',
		listeners: ['http:80', {listen: 'https:443 -> https', certificate: pair}],
		backends: 2,
	});
	await emulator.create({
		name: 'two',
		listeners: [{listen: 'https:443 -> http:80', certificate: {names: ['two.test']}}],
		backends: ['app', {kind: 'handler', name: 'a', handler: (_, response) => response.end('mine')}, '127.0.0.1:9'],
	});

	const {config, notWritten} = await written(t, emulator);
	const again = await startAgain(t, emulator);

	t.deepEqual(config.backends, {
		app: {kind: 'echo', count: 2},
		a: {kind: 'echo', tls: 'detect'},
		b: {kind: 'echo', tls: 'detect'},
		'two-a': {kind: 'echo'},
		'127.0.0.1:9': '127.0.0.1:9',
	});
	t.deepEqual(config.loadBalancers?.['one']?.listeners, [
		'http:80',
		{listen: 'https:443', certificate: {names: ['pem.test', '*.pem.test']}},
	]);
	t.deepEqual(config.loadBalancers?.['two'], {
		listeners: [{listen: 'https:443 -> http:80', certificate: {names: ['two.test']}}],
		backends: ['app', 'two-a', '127.0.0.1:9'],
	});
	t.deepEqual(notWritten, [
		'loadBalancers.one.listeners[1].certificate: its private key is not written: a certificate for the same names is issued',
		'loadBalancers.two.backends: "a" is written as "two-a": another back-end has this name',
		'backends.two-a: a handler is code, which cannot be written: an echo back-end takes its place',
	]);
	// The cloud's ids of back-ends are the same, also of one with another name.
	t.deepEqual(
		(await new ControlPortApi(again).read('two'))?.['BackendVmIds'],
		(await new ControlPortApi(emulator).read('two'))?.['BackendVmIds'],
	);
	// To HTTP and to HTTPS on one port of a fake.
	const one = again.get('one');
	const urls = ['http://pem.test/', 'https://pem.test/'];
	t.deepEqual(await answerers(one, [...urls, ...urls]), ['a', 'a', 'b', 'b']);
});

test('what an update and a new certificate changed is written, and what was stopped is not', async t => {
	const {emulator} = await startFromFile(t);
	const lb = emulator.get('web');
	await lb.update({idleTimeout: '5s', listeners: ['http:80', 'https:443 -> http:80'], draining: '1s'});
	await lb.setCertificate(443, {names: ['other.test']});
	await (await emulator.create({name: 'gone', listeners: ['http:80']})).stop();

	const {config, notWritten} = await written(t, emulator);

	t.deepEqual(config.loadBalancers, {
		web: {
			listeners: ['http:80', {listen: 'https:443 -> http:80', certificate: {names: ['other.test']}}],
			backends: ['a'],
			draining: '1s',
			idleTimeout: '5s',
		},
	});
	t.deepEqual(notWritten, []);
});

test('what the API has made is written as far as a configuration has words for it, and the rest is told', async t => {
	const {cert, key} = authority.issue({names: ['up.test'], key: 'rsa'});
	const {emulator, api} = await startFromFile(t);
	const {ServerCertificate: uploaded} = await api.ok('CreateServerCertificate', {
		...{Name: 'up', Path: '/a/', Body: cert, PrivateKey: key},
	});
	const https = {...httpListener(443, 80), LoadBalancerProtocol: 'HTTPS', ServerCertificateId: uploaded.Orn};
	const tcp = {...httpListener(25), LoadBalancerProtocol: 'TCP', BackendProtocol: 'TCP'};
	await api.ok('CreateLoadBalancer', newLoadBalancer('api', [httpListener(80), https, tcp]));
	const API = {LoadBalancerName: 'api'};
	await api.ok('LinkLoadBalancerBackendMachines', {...API, BackendVmIds: ['i-0000000b', 'i-00000009']});
	await api.ok('LinkLoadBalancerBackendMachines', {...API, BackendIps: ['127.0.0.7']});
	const rule = (name: string, priority: number, port: number, vm: string) =>
		api.ok('CreateListenerRule', {
			Listener: {...API, LoadBalancerPort: port},
			ListenerRule: {ListenerRuleName: name, Priority: priority, PathPattern: '/docs/*'},
			VmIds: [vm],
		});
	await rule('docs', 3, 80, 'i-0000000b');
	await rule('lost', 2, 80, 'i-00000009');
	await rule('idle', 1, 25, 'i-0000000b');
	await api.ok('CreateLoadBalancerTags', {LoadBalancerNames: ['api'], Tags: [{Key: 'team', Value: 'x'}]});
	for (const name of ['mine', 'spare']) {
		await api.ok('CreateLoadBalancerPolicy', {
			...API,
			PolicyName: name,
			PolicyType: 'load_balancer',
			CookieExpirationPeriod: 60,
		});
	}
	await api.ok('UpdateLoadBalancer', {...API, LoadBalancerPort: 80, PolicyNames: ['mine']});
	await api.own('POST', 'vms', {id: 'i-0000000c', address: '127.0.0.1:9'});
	await api.untilUp('api', 'i-0000000b');

	const {config, notWritten} = await written(t, emulator);
	const again = await startAgain(t, emulator);

	t.deepEqual(config.certificates, {up: {names: ['up.test'], key: 'rsa'}});
	t.deepEqual(config.vms, {'i-0000000b': 'b', 'i-0000000c': '127.0.0.1:9'});
	t.deepEqual(config.backends, {a: {kind: 'echo'}, b: {kind: 'echo'}, '127.0.0.7': '127.0.0.7'});
	t.deepEqual(config.loadBalancers?.['api'], {
		listeners: [
			{listen: 'http:80', stickiness: {seconds: 60}},
			{listen: 'https:443 -> http:80', certificate: 'up'},
			'tcp:25',
		],
		backends: ['b', '127.0.0.7'],
		rules: [{priority: 3, path: '/docs/*', to: ['b'], name: 'docs', listener: 80}],
	});
	t.deepEqual(notWritten, [
		'certificates.up: its path "/a/" is not written',
		'certificates.up: its private key is not written: a certificate for the same names is issued',
		'loadBalancers.api: the policy "mine" is called "stickiness-80" then',
		'loadBalancers.api: the policy "spare" is not written: no listener has it enabled',
		'loadBalancers.api: its tags are not written ("team")',
		'loadBalancers.api.backends: the VM i-00000009 is not written: nobody has said what it means',
		'loadBalancers.api.backends: "b" starts in service, and not pending as an API registers it',
		'loadBalancers.api.backends: "127.0.0.7" starts in service, and not pending as an API registers it',
		'loadBalancers.api.rules: the rule of priority 2 is not written: none of its back-ends is registered',
		'loadBalancers.api.rules: the rule of priority 1 is not written: the listener of port 25 reads no requests',
	]);
	t.deepEqual((await new ControlPortApi(again).read('api'))?.['BackendVmIds'], ['i-0000000b']);
	t.deepEqual((await new ControlPortApi(again).read('api'))?.['BackendIps'], ['127.0.0.7']);
	t.is(again.get('api').listeners[1]?.certificate?.names[0], 'up.test');
});

test('a load balancer without listeners is not written, and neither is one that is being deleted', async t => {
	const {emulator, api} = await startWithApi(t);
	await emulator.create({name: 'bare', listeners: ['http:80']});
	await api.ok('DeleteLoadBalancerListeners', {LoadBalancerName: 'bare', LoadBalancerPorts: [80]});
	const slow = await startWithApi(t, {config: {control: {lifecycle: '1h'}}, clock: 'manual'});
	await slow.emulator.create({name: 'leaving', listeners: ['http:80']});
	await slow.api.ok('DeleteLoadBalancer', {LoadBalancerName: 'leaving'});
	t.is((await slow.api.read('leaving'))?.['State'], 'deleting');

	t.deepEqual(await written(t, emulator), {
		config: {'x-not-written': [BARE]},
		notWritten: [BARE],
	});
	t.deepEqual(await written(t, slow.emulator), {config: {control: {lifecycle: '3600s'}}, notWritten: []});
});

const BARE =
	'loadBalancers.bare: it has no listener, and is not written: a configuration has load balancers with listeners only';

test('secret keys stay where they are', async t => {
	const {emulator} = await startWithApi(t, {config: {control: {credentials: {AKID: 'SECRET'}}}});

	const {config, notWritten} = await written(t, emulator);

	t.is(config.control, undefined);
	t.regex(notWritten[0] ?? '', /^control: secret keys are not written/);
});

test('control and account are written as they were at the start, for a reload does not read them', async t => {
	const {emulator, write} = await startFromFile(t, {control: {names: ['a.test']}, backends: {a: {kind: 'echo'}}});
	await write({control: {names: ['b.test']}, backends: {b: {kind: 'echo'}}});
	await emulator.reload();

	const {config} = await written(t, emulator);

	t.deepEqual(config, {control: {names: ['a.test']}, backends: {b: {kind: 'echo'}}});
});

test('a certificate of a file is written by its path also where an API has uploaded or renamed it', async t => {
	const {cert, key} = authority.issue({names: ['file.test'], key: 'rsa'});
	const folder = await temporaryFolder(t);
	const [certFile, keyFile] = [path.join(folder, 'a.crt'), path.join(folder, 'a.key')];
	await writeFile(certFile, cert);
	await writeFile(keyFile, key);
	const files = {cert: certFile, key: keyFile};
	const {emulator, api} = await startWithApi(t, {config: {certificates: {site: files}}});
	await emulator.create({name: 'web', listeners: [{listen: 'https:443 -> http:80', certificate: 'site'}]});
	await api.ok('UpdateServerCertificate', {Name: 'site', NewName: 'renamed'});
	await api.ok('CreateServerCertificate', {Name: 'twin', Body: cert, PrivateKey: key});

	const {config, notWritten} = await written(t, emulator);

	t.deepEqual(config.certificates, {renamed: files, twin: files});
	t.deepEqual(config.loadBalancers?.['web']?.listeners, [{listen: 'https:443 -> http:80', certificate: 'renamed'}]);
	t.deepEqual(notWritten, []);
});

test('what only the library can describe is written under other words, or left out where nothing runs', async t => {
	const {emulator} = await startWithApi(t, {config: {certificates: {site: {names: ['site.test']}}}});
	const rules = [{priority: 1, path: '/docs/*', to: ['mine']}] as const;
	const backends = [
		{kind: 'echo', name: '<<'},
		{kind: 'echo', name: 'mine'},
	] as const;
	const lb = await emulator.create({name: 'web', listeners: ['http:80'], backends, rules});
	await lb.drain('mine');

	const {config, notWritten} = await written(t, emulator);
	const again = await startAgain(t, emulator);

	t.deepEqual(config.backends, {'web-<<': {kind: 'echo'}});
	t.deepEqual(config.loadBalancers, {web: {listeners: ['http:80'], backends: ['web-<<']}});
	t.deepEqual(notWritten, [
		'loadBalancers.web.backends: "<<" is written as "web-<<": a configuration has no such key',
		'loadBalancers.web.rules: the rule of priority 1 is not written: none of its back-ends is registered',
	]);
	t.deepEqual(await answerers(again.get('web'), ['/', '/docs/']), ['web-<<', 'web-<<']);
});

test('an id that was declared stays declared, also where it is the one that its back-end would be given', async t => {
	const first = await startWithApi(t, {config: {...CONFIG, vms: {}}});
	const id: string = (await first.api.read('web'))?.['BackendVmIds'][0];
	const {emulator} = await startWithApi(t, {config: {...CONFIG, vms: {[id]: 'a'}}});

	t.is((await written(t, first.emulator)).config.vms, undefined);
	t.deepEqual((await written(t, emulator)).config.vms, {[id]: 'a'});
});

test('a certificate of the configuration that an API has deleted comes with the load balancer that shows it', async t => {
	const {emulator, api} = await startWithApi(t, {config: {certificates: {site: {names: ['site.test']}}}});
	await api.ok('DeleteServerCertificate', {Name: 'site'});
	t.deepEqual((await written(t, emulator)).config, {});
	await emulator.create({name: 'web', listeners: [{listen: 'https:443 -> http:80', certificate: 'site'}]});

	const {config, notWritten} = await written(t, emulator);

	t.deepEqual(config.certificates, {site: {names: ['site.test']}});
	t.deepEqual(config.loadBalancers?.['web']?.listeners, [{listen: 'https:443 -> http:80', certificate: 'site'}]);
	t.deepEqual(notWritten, []);
});
