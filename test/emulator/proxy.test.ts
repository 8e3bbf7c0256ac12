import {once} from 'node:events';
import {createServer, type Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {type Emulator, type EmulatorOptions, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {authority} from '../helpers/emulator-scene.ts';
import {listening} from '../helpers/own-servers.ts';
import {within} from '../helpers/patience.ts';
import {deadPort} from '../helpers/ports.ts';
import {RawConnection} from '../helpers/raw-connection.ts';
import {askForTunnel, tlsThrough} from '../helpers/tunnels.ts';

const OPEN = 'HTTP/1.1 200 Connection established';

async function started(t: ExecutionContext, options: EmulatorOptions = {}): Promise<Emulator> {
	const emulator = await startEmulator({
		authority,
		config: {
			certificates: {
				shop: {names: ['shop.test', 'a.both.test', '192.0.2.7']},
				any: {names: ['*.any.test', '*.both.test']},
			},
			backends: {app: {kind: 'echo'}, own: {kind: 'echo', tls: {names: ['own.test']}}},
			loadBalancers: {
				web: {listeners: ['https:443 -> http:80', 'http:80'], backends: ['app']},
				any: {listeners: [{listen: 'https:443 -> http:80', certificate: 'any'}], backends: ['app']},
				shop: {
					listeners: [
						{listen: 'https:443 -> http:80', certificate: 'shop'},
						{listen: 'https:8443 -> http:80', certificate: 'any'},
					],
					backends: ['app'],
				},
				own: {listeners: ['tcp:443'], backends: ['own']},
			},
		},
		...options,
	});
	t.teardown(() => emulator.stop());
	return emulator;
}

/** Which load balancer answers `https://<host>:<port>/` through the proxy, or the first line of a refusal. */
async function whoAnswers(emulator: Emulator, host: string, port = 443): Promise<string> {
	const tunnel = await askForTunnel(emulator.proxyUrl, `${host}:${port}`);
	if (tunnel.line !== OPEN) return tunnel.line;
	for (const {traffic} of emulator.loadBalancers) traffic.clear();
	const arrival = Promise.race(emulator.loadBalancers.map(each => each.traffic.next().then(() => each.name)));
	const client = await tlsThrough(tunnel, {host, ca: emulator.ca.pem});
	client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
	await client.until('HTTP/1.1 200 OK');
	client.end();
	return arrival;
}

test('CONNECT leads DNS names and names in certificates to the bound port of their listener', async t => {
	const emulator = await started(t);

	t.is(emulator.proxyUrl, emulator.endpoint);
	for (const name of ['web', 'any', 'shop']) {
		const {dnsName} = emulator.get(name);
		// The certificates of the other two do not carry it; they are led there nevertheless.
		t.is((await askForTunnel(emulator.proxyUrl, `${dnsName}:443`)).line, OPEN);
	}
	t.is(await whoAnswers(emulator, emulator.get('web').dnsName), 'web');
	t.is(await whoAnswers(emulator, emulator.get('web').dnsName.toUpperCase()), 'web');
	t.is(await whoAnswers(emulator, 'shop.test'), 'shop');
	t.is(await whoAnswers(emulator, '192.0.2.7'), 'shop');
	t.is(await whoAnswers(emulator, 'x.any.test'), 'any');
	t.is(await whoAnswers(emulator, 'x.any.test', 8443), 'shop');
	t.is(await whoAnswers(emulator, 'own.test'), 'own');
});

test('an exact name comes before a wildcard, and a wildcard stands for one label', async t => {
	const emulator = await started(t);

	t.is(await whoAnswers(emulator, 'a.both.test'), 'shop');
	t.is(await whoAnswers(emulator, 'b.both.test'), 'any');
	t.regex(await whoAnswers(emulator, 'a.b.any.test'), /^HTTP\/1\.1 403 "a\.b\.any\.test:443" is neither /);
	t.regex(await whoAnswers(emulator, 'any.test'), /^HTTP\/1\.1 403 /);
	t.regex(await whoAnswers(emulator, '192.0.2.8'), /^HTTP\/1\.1 403 /);
});

test('other names, and ports without a listener, are refused with the reason', async t => {
	const emulator = await started(t, {config: {loadBalancers: {web: {listeners: ['https:443 -> http:80', 'http:80']}}}});
	const {dnsName} = emulator.get('web');

	t.is(
		await whoAnswers(emulator, 'evil.test'),
		`HTTP/1.1 403 "evil.test:443" is neither a load balancer's DNS name nor a name in a certificate at that port; there is "${dnsName}"; \`--proxy-unknown tunnel\` leads others to the real host`,
	);
	t.is(
		await whoAnswers(emulator, dnsName, 8443),
		`HTTP/1.1 404 load balancer "web" (${dnsName}) has no listener with port 8443; it has 443, 80`,
	);
});

test('without a load balancer that is said', async t => {
	const emulator = await started(t, {config: {}});

	t.regex(await whoAnswers(emulator, 'web.test'), /^HTTP\/1\.1 403 .* at that port; there is no load balancer; /);
});

test('a certificate that is swapped counts at once, and a load balancer that is stopped no more', async t => {
	const emulator = await started(t);
	const shop = emulator.get('shop');

	await shop.setCertificate(443, {names: ['new.test']});
	t.is(await whoAnswers(emulator, 'new.test'), 'shop');
	t.regex(await whoAnswers(emulator, 'shop.test'), /^HTTP\/1\.1 403 /);
	await shop.stop();

	t.regex(await whoAnswers(emulator, 'new.test'), /^HTTP\/1\.1 403 /);
});

test('with proxyUnknown: tunnel other names lead to the real host, and load balancers stay where they are', async t => {
	const emulator = await started(t, {proxyUnknown: 'tunnel'});
	const port = await listening(
		t,
		createServer({allowHalfOpen: true}, socket => socket.pipe(socket)),
	);

	const tunnel = await askForTunnel(emulator.proxyUrl, `127.0.0.1:${port}`);
	const client = new RawConnection(tunnel.socket);
	client.end('to the real host');

	t.is(tunnel.line, OPEN);
	t.is(await client.untilEnd(), 'to the real host');
	t.is(await whoAnswers(emulator, 'shop.test'), 'shop');
	t.regex(await whoAnswers(emulator, emulator.get('web').dnsName, 8443), /^HTTP\/1\.1 404 /);
	const dead = await deadPort(t);
	t.is(
		await whoAnswers(emulator, '127.0.0.1', dead),
		`HTTP/1.1 502 "127.0.0.1:${dead}" (127.0.0.1:${dead}) cannot be reached: ECONNREFUSED`,
	);
	t.regex(await whoAnswers(emulator, 'nobody.invalid'), /^HTTP\/1\.1 502 .* cannot be reached: E/);
});

test('stop() ends tunnels to load balancers and to real hosts, and leaves nothing', async t => {
	const far: Socket[] = [];
	const port = await listening(
		t,
		createServer(socket => far.push(socket.on('error', () => {}))),
	);
	const emulator = await started(t, {proxyUnknown: 'tunnel'});
	const tunnels = [
		await askForTunnel(emulator.proxyUrl, `127.0.0.1:${port}`),
		await askForTunnel(emulator.proxyUrl, 'shop.test:443'),
		await askForTunnel(emulator.proxyUrl, `${emulator.get('web').dnsName}:80`),
	];
	const clients = tunnels.map(({socket}) => new RawConnection(socket));

	await within('end of the emulator', emulator.stop());

	for (const client of clients) t.truthy(await client.untilOver());
	t.is(far.length, 1);
	for (const socket of far) if (!socket.closed) await once(socket.resume(), 'close');
	t.true(far.every(({closed}) => closed));
});

test('a tunnel is refused once a stop has begun', async t => {
	const emulator = await started(t, {
		config: {
			loadBalancers: {web: {listeners: ['http:80'], backends: ['slow']}},
			backends: {slow: {kind: 'tcp', mode: 'sink'}},
		},
	});
	const lb = emulator.get('web');
	const client = new RawConnection((await lb.connect(80)) as Socket);
	client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
	await lb.traffic.arrival();

	const stopped = emulator.stop({drainMs: 3_600_000});
	t.is((await askForTunnel(emulator.endpoint, `${lb.dnsName}:80`)).line, 'HTTP/1.1 503 lb-local is being stopped');
	client.reset();

	await within('end of the emulator', stopped);
});

test('where there is no control port there is no proxy; a listener on every address is reached', async t => {
	await using lb = await startLoadBalancer({authority, port: 0, host: '0.0.0.0', listeners: ['http:80']});

	const {line, socket} = await askForTunnel(lb.endpoint, `${lb.dnsName}:80`);
	socket.destroy();

	t.is(line, OPEN);
});

test('an option that is none is told', async t => {
	// What JavaScript may pass.
	const error = await t.throwsAsync(startEmulator({proxyUnknown: 'tunel' as 'tunnel'}));

	t.regex(error?.message ?? '', /proxyUnknown: must be "refuse" or "tunnel" \(did you mean "tunnel"\?\)/);
});
