import {once} from 'node:events';
import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import type {Config} from '../../src/index.ts';
import {authority, startFromFile, startWithApi} from '../helpers/emulator-scene.ts';
import {type Answered, type ControlPortApi, httpListener, newLoadBalancer} from '../helpers/outscale-api.ts';

const HINT = ' (name it in the configuration that the emulator is started with)';
const NOTHING = {added: [], changed: [], removed: []};
const SAME = {loadBalancers: NOTHING, certificates: NOTHING, backends: NOTHING};

/** Puts a configuration, and answers what came of it. */
async function put(
	{endpoint}: {readonly endpoint: string},
	config: unknown,
): Promise<{status: number; body: Answered}> {
	const response = await fetch(`${endpoint}/_lb/config`, {method: 'PUT', body: JSON.stringify(config)});
	return {status: response.status, body: JSON.parse(await response.text())};
}

/** Puts one that must be refused, and answers the message. */
async function refused(
	scene: {readonly endpoint: string; readonly api: ControlPortApi},
	config: unknown,
): Promise<string> {
	const before = await scene.api.own('GET', 'config');
	const {status, body} = await put(scene, config);
	if (status !== 400) throw new Error(`answered ${status}`);
	const after = await scene.api.own('GET', 'config');
	if (JSON.stringify(after) !== JSON.stringify(before)) throw new Error('something was applied');
	return body['error'].message;
}

test('what GET tells changes nothing when it is put, whoever has described it', async t => {
	const {emulator, api} = await startWithApi(t, {
		config: {
			backends: {app: {kind: 'echo', count: 2}, own: '127.0.0.1:9'},
			certificates: {site: {names: ['site.test']}},
			vms: {'i-0000000b': 'own'},
			loadBalancers: {
				web: {listeners: [{listen: 'https:443 -> http:80', certificate: 'site'}, 'http:80'], backends: ['app']},
			},
		},
	});
	const {cert, key} = authority.issue({names: ['uploaded.test']});
	await api.send('CreateServerCertificate', {Name: 'uploaded', Body: cert, PrivateKey: key});
	await api.send('CreateLoadBalancer', newLoadBalancer('api', [httpListener(80), httpListener(81)]));
	await api.send('RegisterVmsInLoadBalancer', {LoadBalancerName: 'api', BackendVmIds: ['i-0000000b']});
	const handled = await emulator.create({
		name: 'handled',
		listeners: ['http:80'],
		backends: [{kind: 'handler', name: 'mine', handler: (_, response) => void response.end('mine')}],
	});
	const open = await handled.connect(80);
	const ports = emulator.loadBalancers.map(({listeners}) => listeners.map(({boundPort}) => boundPort));

	const {status, body} = await put(emulator, await api.own('GET', 'config'));

	t.deepEqual({status, body}, {status: 200, body: SAME});
	t.deepEqual(
		emulator.loadBalancers.map(({listeners}) => listeners.map(({boundPort}) => boundPort)),
		ports,
	);
	open.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
	const [answer] = await once(open, 'data');
	t.regex(String(answer), /mine/);
});

test('a snapshot is restored: what was made is gone, what was deleted is back, what was changed is as it was', async t => {
	const {emulator, api} = await startWithApi(t, {
		config: {
			backends: {a: {kind: 'echo'}, b: {kind: 'echo'}},
			loadBalancers: {
				web: {listeners: ['http:80'], backends: ['a', 'b'], idleTimeout: '9s'},
				doomed: {listeners: ['http:80'], backends: ['a']},
				same: {listeners: ['http:80'], backends: ['b']},
			},
		},
	});
	const same = emulator.get('same').port(80);
	const snapshot = await api.own('GET', 'config');
	await api.send('DeleteLoadBalancer', {LoadBalancerName: 'doomed'});
	await api.send('CreateLoadBalancer', newLoadBalancer('made'));
	const {cert, key} = authority.issue({names: ['late.test']});
	await api.send('CreateServerCertificate', {Name: 'late', Body: cert, PrivateKey: key});
	await emulator.get('web').update({listeners: ['http:80', 'http:81'], idleTimeout: '3s'});
	await emulator.get('web').drain('b');

	const {status, body} = await put(emulator, snapshot);

	t.is(status, 200);
	t.deepEqual(body, {
		loadBalancers: {added: ['doomed'], changed: ['web'], removed: ['made']},
		certificates: {...NOTHING, removed: ['late']},
		backends: NOTHING,
	});
	t.deepEqual(await api.own('GET', 'config'), snapshot);
	t.deepEqual(emulator.loadBalancers.map(({name}) => name).sort(), ['doomed', 'same', 'web']);
	t.is(emulator.get('same').port(80), same);
	t.is((await emulator.get('doomed').fetch('/')).status, 200);
	const {ServerCertificates} = JSON.parse((await api.send('ReadServerCertificates')).body);
	t.deepEqual(ServerCertificates, []);
});

test('a load balancer of the configuration that is restored is one of the configuration again', async t => {
	const {emulator, api, write} = await startFromFile(t);
	const snapshot = await api.own('GET', 'config');
	await api.send('DeleteLoadBalancer', {LoadBalancerName: 'web'});
	await put(emulator, snapshot);

	await write({
		backends: {a: {kind: 'echo'}, b: {kind: 'echo'}},
		loadBalancers: {web: {listeners: ['http:81'], backends: ['a']}},
	});
	const reloaded = await emulator.reload();

	t.deepEqual(reloaded.loadBalancers.changed, ['web']);
	t.deepEqual(
		emulator.get('web').listeners.map(({port}) => port),
		[81],
	);
});

test('a reset goes back to the configuration, and not to what was put', async t => {
	const {emulator} = await startWithApi(t, {
		config: {backends: {a: {kind: 'echo'}}, loadBalancers: {web: {listeners: ['http:80'], backends: ['a']}}},
	});
	await put(emulator, {
		backends: {z: {kind: 'echo'}},
		loadBalancers: {other: {listeners: ['http:80'], backends: ['z']}},
	});
	t.deepEqual(
		emulator.loadBalancers.map(({name}) => name),
		['other'],
	);

	await emulator.reset();

	t.deepEqual(
		emulator.loadBalancers.map(({name}) => name),
		['web'],
	);
	t.is((await emulator.get('web').fetch('/')).status, 200);
});

test('a part that is put in other words is that part alone: a handler beside it stays', async t => {
	const {emulator, api} = await startWithApi(t);
	const lb = await emulator.create({
		name: 'handled',
		listeners: ['http:80'],
		backends: [{kind: 'handler', name: 'mine', handler: (_, response) => void response.end('mine')}],
	});
	const snapshot: Config = await api.own('GET', 'config');
	const handled = {...Object(snapshot.loadBalancers?.['handled']), idleTimeout: '7s'};

	const {body} = await put(emulator, {...snapshot, loadBalancers: {handled}});

	t.deepEqual(body, {...SAME, loadBalancers: {...NOTHING, changed: ['handled']}});
	t.is(await (await lb.fetch('/')).text(), 'mine');
	t.is((await api.own('GET', 'config'))['loadBalancers'].handled.idleTimeout, '7s');
});

test('a back-end may be described by it, and a certificate', async t => {
	const {emulator} = await startWithApi(t);

	const {status, body} = await put(emulator, {
		backends: {fresh: {kind: 'reply', body: 'fresh'}},
		certificates: {site: {names: ['site.test']}},
		loadBalancers: {web: {listeners: [{listen: 'https:443 -> http:80', certificate: 'site'}], backends: ['fresh']}},
	});

	t.is(status, 200);
	t.deepEqual(body['loadBalancers'].added, ['web']);
	t.is(await (await emulator.get('web').fetch('/')).text(), 'fresh');
	t.deepEqual(emulator.get('web').listeners[0]?.certificate?.names, ['site.test']);
});

test('files and commands that the configuration did not name are refused, and not looked at', async t => {
	const scene = await startFromFile(t, {
		backends: {
			cmd: {
				kind: 'command',
				run: 'exec node -e "require(\'http\').createServer((q,s)=>s.end()).listen(process.env.PORT)"',
			},
		},
	});
	const {emulator, api} = scene;
	const at = {endpoint: emulator.endpoint, api};

	t.is(
		await refused(at, {
			certificates: {evil: {cert: '/etc/passwd', key: '/nowhere.key'}},
			backends: {cmd: {kind: 'command', run: 'touch /tmp/evil'}},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['cmd'], accessLog: '/tmp/evil.log'}},
		}),
		[
			'The configuration is not valid:',
			`  certificates.evil.cert: "/etc/passwd" is no path of the configuration that the emulator was started with${HINT}`,
			`  certificates.evil.key: "/nowhere.key" is no path of the configuration that the emulator was started with${HINT}`,
			`  loadBalancers.web.accessLog: "/tmp/evil.log" is no path of the configuration that the emulator was started with${HINT}`,
			`  backends.cmd.run: "touch /tmp/evil" is no command of the configuration that the emulator was started with${HINT}`,
		].join('\n'),
	);
});

test('files and commands of the start may be named, though nothing uses them by now', async t => {
	const {emulator, api, folder, write} = await startFromFile(t);
	const {cert, key} = authority.issue({names: ['file.test']});
	await writeFile(path.join(folder, 'web.crt'), cert);
	await writeFile(path.join(folder, 'web.key'), key);
	const listeners = [{listen: 'https:443 -> http:80', certificate: 'file'}] as const;
	await write({
		certificates: {file: {cert: 'web.crt', key: 'web.key'}},
		loadBalancers: {web: {listeners, accessLog: 'web.log'}},
	});
	await emulator.reload();
	const snapshot = await api.own('GET', 'config');
	await api.send('DeleteLoadBalancer', {LoadBalancerName: 'web'});

	const {status} = await put(emulator, snapshot);

	t.is(status, 200);
	t.deepEqual(emulator.get('web').listeners[0]?.certificate?.names, ['file.test']);
	await emulator.get('web').fetch('/');
	await emulator.stop();
	t.regex(await readFile(path.join(folder, 'web.log'), 'utf8'), / 503 /);
});

test('a recording that the configuration did not name is refused, and not looked at', async t => {
	const {emulator, api} = await startWithApi(t);
	const message = await refused(
		{endpoint: emulator.endpoint, api},
		{
			backends: {rec: {kind: 'har', file: '/nowhere.har'}},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['rec']}},
		},
	);
	t.is(
		message,
		`The configuration is not valid:\n  backends.rec.file: "/nowhere.har" is no path of the configuration that the emulator was started with${HINT}`,
	);
});

test('faults of a description are in the snapshot, and restored', async t => {
	const {emulator, api} = await startWithApi(t);
	const faults = [{on: 'listener:80', do: {status: 503}, times: 1}] as const;
	const lb = await emulator.create({name: 'web', listeners: ['http:80'], backends: 1, faults});
	const snapshot = await api.own('GET', 'config');
	await lb.update({faults: []});
	t.is((await lb.fetch('/')).status, 200);

	t.is((await put(emulator, snapshot)).status, 200);

	t.deepEqual([(await lb.fetch('/')).status, (await lb.fetch('/')).status], [503, 200]);
});

test('what is read at the start alone cannot be put', async t => {
	const {emulator, api} = await startWithApi(t, {config: {control: {strict: true}, account: {region: 'eu-west-2'}}});
	const at = {endpoint: emulator.endpoint, api};

	t.regex(await refused(at, {control: {strict: false}}), /control: it is read at the start alone/);
	t.regex(await refused(at, {account: {region: 'us-east-2'}}), /account: it is read at the start alone/);
	t.is((await put(emulator, await api.own('GET', 'config'))).status, 200);
});

for (const [title, body, message] of [
	['no JSON', '{', /not JSON/],
	['nothing', '', /the body is empty/],
	['a list', '[]', /must be an object|is not/],
	['a section that is not known', '{"loadbalancers":{}}', /loadBalancers/],
	[
		'everything that is wrong',
		'{"loadBalancers":{"web":{"listeners":["htp:80"],"backends":["ghost"]}}}',
		/ghost[\s\S]*htp/,
	],
	[
		'a variable, which is not read',
		JSON.stringify({loadBalancers: {web: {listeners: ['http:80'], idleTimeout: '$'.concat('{HOME}')}}}),
		/idleTimeout/,
	],
] as const) {
	test(`${title}: refused with the reason`, async t => {
		const {emulator} = await startWithApi(t);
		const response = await fetch(`${emulator.endpoint}/_lb/config`, {method: 'PUT', body});
		t.is(response.status, 400);
		t.regex(JSON.parse(await response.text()).error.message, message);
		t.deepEqual(emulator.loadBalancers, []);
	});
}

test('a port that is held refuses the whole, and everything is as it was', async t => {
	const {emulator} = await startWithApi(t, {ports: 'exact', config: {}});
	const holder = await startWithApi(t);
	const held = Number(new URL(holder.emulator.endpoint).port);
	const free = await startWithApi(t);
	const port = Number(new URL(free.emulator.endpoint).port);
	await free.emulator.stop();

	const {status, body} = await put(emulator, {
		loadBalancers: {one: {listeners: [`http:${port}`]}, two: {listeners: [`http:${held}`]}},
	});

	t.is(status, 409);
	t.is(body['error'].code, 'PORT_UNAVAILABLE');
	t.deepEqual(emulator.loadBalancers, []);
});

test('snapshots that are put at once take turns, and one of them holds in the end', async t => {
	const {emulator, api} = await startWithApi(t);
	const of = (name: string) => ({loadBalancers: {[name]: {listeners: ['http:80']}}});

	const answers = await Promise.all(['a', 'b', 'c', 'd'].map(name => put(emulator, of(name))));

	t.deepEqual(
		answers.map(({status}) => status),
		[200, 200, 200, 200],
	);
	t.deepEqual(Object.keys((await api.own('GET', 'config'))['loadBalancers']), ['d']);
	t.deepEqual(
		emulator.loadBalancers.map(({name}) => name),
		['d'],
	);
});
