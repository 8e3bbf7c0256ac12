import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import type {AdminState} from '../../src/control-plane/admin/state.ts';
import type {Emulator} from '../../src/index.ts';
import {startWithApi} from '../helpers/emulator-scene.ts';
import {eventually} from '../helpers/patience.ts';

const certs = (file: string) => fileURLToPath(new URL(`../../certs/${file}`, import.meta.url));
const pemOf = async (name: string) => ({
	cert: await readFile(certs(`${name}.crt`), 'utf8'),
	key: await readFile(certs(`${name}.key`), 'utf8'),
});

async function stateOf({endpoint}: Emulator): Promise<AdminState> {
	const response = await fetch(`${endpoint}/_lb/state`);
	// The route answers in the shape that its type says.
	return (await response.json()) as AdminState;
}

test('the state says where each certificate comes from', async t => {
	const [uploaded, text] = await Promise.all([pemOf('shop.test'), pemOf('rsa.web.test')]);
	const {emulator, api} = await startWithApi(t, {
		config: {
			certificates: {filed: {cert: certs('web.test.crt'), key: certs('web.test.key')}, named: {names: ['named.test']}},
			loadBalancers: {
				web: {
					listeners: [
						{listen: 'https:443 -> http:80'},
						{listen: 'https:444 -> http:80', certificate: 'named'},
						{listen: 'https:445 -> http:80', certificate: 'filed'},
						'http:80',
					],
				},
			},
		},
	});
	await emulator.create({
		name: 'shop',
		listeners: [{listen: 'ssl:443 -> tcp:80', certificate: text}, 'https:444 -> http:80'],
	});
	const {ServerCertificate} = await api.ok('CreateServerCertificate', {
		Name: 'mine',
		Body: uploaded.cert,
		PrivateKey: uploaded.key,
	});
	await api.ok('UpdateLoadBalancer', {
		LoadBalancerName: 'shop',
		LoadBalancerPort: 444,
		ServerCertificateId: ServerCertificate.Orn,
	});

	const {loadBalancers} = await stateOf(emulator);

	t.deepEqual(
		loadBalancers.flatMap(({name, listeners}) =>
			listeners.map(({port, certificateOrigin}) => `${name}:${port} ${certificateOrigin}`),
		),
		['web:443 issued', 'web:444 issued', 'web:445 file', 'web:80 undefined', 'shop:443 text', 'shop:444 account'],
	);
});

test("the state says until when a back-end drains, by the emulator's clock", async t => {
	const {emulator} = await startWithApi(t, {
		clock: 'manual',
		config: {
			backends: {slow: {kind: 'reply', delay: '1h'}},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['slow'], draining: '30s'}},
		},
	});
	const web = emulator.get('web');
	const waiting = web.fetch('/');
	await eventually(() => [...web.traffic][0]?.backend?.name === 'slow', 'a request at its back-end');
	const until = new Date(emulator.clock.now() + 30_000).toISOString();
	const drained = web.drain('slow');

	const [shown] = (await stateOf(emulator)).loadBalancers;
	t.deepEqual(shown?.draining, [{name: 'slow', inFlight: 1, until}]);
	t.is(shown?.drainingMs, 30_000);

	await emulator.clock.advance('20s');
	t.deepEqual((await stateOf(emulator)).loadBalancers[0]?.draining, [{name: 'slow', inFlight: 1, until}]);
	await emulator.clock.advance('10s');
	await drained;
	t.is((await waiting).status, 502);
	t.is((await stateOf(emulator)).loadBalancers[0]?.draining, undefined);
});

test('the state says of each back-end that lb-local runs whether it is stopped', async t => {
	const {emulator} = await startWithApi(t, {
		config: {
			backends: {fake: {kind: 'echo'}, other: {kind: 'echo'}, own: '127.0.0.1:9'},
			loadBalancers: {
				web: {listeners: ['http:80'], backends: ['fake', 'other', 'own']},
				shop: {listeners: ['http:81'], backends: ['fake']},
			},
		},
	});
	const web = emulator.get('web');
	const running = async () => {
		const {loadBalancers} = await stateOf(emulator);
		return loadBalancers.flatMap(({name, backends}) => backends.map(each => `${name}/${each.name} ${each.running}`));
	};

	await web.backend('fake').stop();

	t.deepEqual(await running(), ['web/fake false', 'web/other true', 'web/own undefined', 'shop/fake false']);
	await web.backend('fake').start();
	t.is((await running())[0], 'web/fake true');
	using _ = web.backend('fake').fail({refuse: true});
	t.is((await running())[0], 'web/fake true', 'start() would not help');
});

test('a listener says whether its connections to back-ends begin with a PROXY line', async t => {
	const {emulator} = await startWithApi(t);
	await emulator.create({name: 'own', listeners: [{listen: 'tcp:25', proxyProtocol: true}, 'http:80'], backends: 1});
	await emulator.create({name: 'plain', listeners: ['tcp:25'], backends: 1});

	const state = await stateOf(emulator);
	t.deepEqual(
		state.loadBalancers.flatMap(({name, listeners}) => listeners.map(each => [name, each.port, each.proxyProtocol])),
		[
			['own', 25, true],
			['own', 80, undefined],
			['plain', 25, undefined],
		],
	);
});
