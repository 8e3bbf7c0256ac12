import {once} from 'node:events';
import {createServer, get, type RequestOptions} from 'node:https';
import type {AddressInfo} from 'node:net';
import test from 'ava';
import {createAuthority, type Emulator, startEmulator} from '../../src/index.ts';
import {authority} from '../helpers/emulator-scene.ts';
import {within} from '../helpers/patience.ts';

/** The body of `GET url` through the emulator's agent. */
async function ask(emulator: Emulator, url: string, options: RequestOptions = {}): Promise<string> {
	const request = get(url, {agent: emulator.agent(), ...options});
	// The events of requests are typed as unknown.
	const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
	let body = '';
	for await (const chunk of response.setEncoding('utf8')) body += chunk;
	return body;
}

async function started(t: {teardown(task: () => Promise<void>): void}, options = {}): Promise<Emulator> {
	const emulator = await startEmulator({
		authority,
		config: {
			certificates: {shop: {names: ['shop.test', '192.0.2.7']}},
			backends: {a: {kind: 'echo'}},
			loadBalancers: {
				web: {listeners: ['https:443 -> http:80', 'http:80'], backends: ['a']},
				shop: {listeners: [{listen: 'https:8443 -> http:80', certificate: 'shop'}], backends: ['a']},
			},
		},
		...options,
	});
	t.teardown(() => emulator.stop());
	return emulator;
}

test('the agent reaches DNS names and names in certificates, and verifies them', async t => {
	const emulator = await started(t);
	const web = emulator.get('web');

	t.is(JSON.parse(await ask(emulator, `https://${web.dnsName}/`)).headers.host, web.dnsName);
	t.is(JSON.parse(await ask(emulator, 'https://SHOP.test:8443/')).backend, 'a');
	t.is(JSON.parse(await ask(emulator, 'https://192.0.2.7:8443/')).backend, 'a');
	await t.throwsAsync(ask(emulator, 'https://shop.test:8443/', {servername: 'other.test'}), {
		code: 'ERR_TLS_CERT_ALTNAME_INVALID',
	});
	await t.throwsAsync(ask(emulator, 'https://shop.test:8443/', {ca: createAuthority().pem}), {
		message: /^unable to /,
	});
	t.is(emulator.agent(), emulator.agent());
});

test('it trusts what a listener shows, whoever signed it', async t => {
	const emulator = await started(t);
	const {cert, key} = createAuthority().issue({names: ['given.test']});

	await emulator.get('shop').setCertificate(8443, {cert, key});

	t.is(JSON.parse(await ask(emulator, 'https://given.test:8443/')).backend, 'a');
});

test('other names fail with what is there', async t => {
	const emulator = await started(t);
	const {dnsName} = emulator.get('web');

	await t.throwsAsync(ask(emulator, 'https://evil.test/'), {
		code: 'NO_SUCH_LOAD_BALANCER',
		message: /^emulator\.agent\(\): "evil\.test:443" is neither a load balancer's DNS name/,
	});
	await t.throwsAsync(ask(emulator, `https://${dnsName}:9443/`), {
		code: 'NO_SUCH_LISTENER',
		message: `emulator.agent(): load balancer "web" (${dnsName}) has no listener with port 9443; it has 443, 80`,
	});
});

test('with proxyUnknown: tunnel they lead to the real host, whose certificate is verified as usual', async t => {
	const emulator = await started(t, {proxyUnknown: 'tunnel'});
	const {cert, key} = authority.issue({names: ['localhost']});
	const server = createServer({cert, key}, (_, response) => response.end('the real one')).listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	// A TCP server's address is an object.
	const url = `https://localhost:${(server.address() as AddressInfo).port}/`;

	t.is(await ask(emulator, url, {ca: authority.pem}), 'the real one');
	await t.throwsAsync(ask(emulator, url), {message: /^unable to /});
});

test('stop() ends its connections, and it fails from then on', async t => {
	const emulator = await started(t);
	const url = `https://${emulator.get('web').dnsName}/`;
	const agent = emulator.agent();
	await ask(emulator, url);
	const [kept] = Object.values(agent.freeSockets).flat();

	await within('end of the emulator', emulator.stop());

	t.true(kept?.destroyed);
	await t.throwsAsync(ask(emulator, url), {code: 'STOPPED'});
});
