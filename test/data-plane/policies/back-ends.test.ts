import {X509Certificate} from 'node:crypto';
import test from 'ava';
import {spkiOf} from '../../../src/certificates/public-key.ts';
import type {ListenerSpec} from '../../../src/index.ts';
import {isSecure, readListener} from '../../../src/model/listener.ts';
import {NO_BACKEND_RULES} from '../../../src/model/policy.ts';
import {startWithPolicies} from '../../helpers/policy-scene.ts';
import {checkOf} from '../../helpers/probing.ts';
import {dated, startRawBackend, startStreamBackend} from '../../helpers/raw-backend.ts';
import {open} from '../../helpers/raw-connection.ts';
import {authority, serverPair, trusting} from '../../helpers/stream-pairs.ts';

const keyOf = (cert: string) => spkiOf(new X509Certificate(cert).publicKey);
const RIGHT = keyOf(serverPair.cert);
const OTHER = keyOf(authority.issue({names: ['other.test']}).cert);
const KEY_UNKNOWN = 'the public key of the back-end is not one that the policies of its port allow';

/** Reads, and never answers. */
const silent = () => new Promise<void>(() => {});

/** `Promise.withResolvers()`, which Node 20 lacks. */
function resolver() {
	let resolve = () => {};
	const promise = new Promise<void>(done => {
		resolve = done;
	});
	return {promise, resolve};
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = dated('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');

function listener(listen: ListenerSpec) {
	const read = readListener(listen);
	if (!('listener' in read)) throw new Error(listen);
	return {...read.listener, certificate: isSecure(read.listener.protocol) ? serverPair : undefined};
}

const PROXY = {...NO_BACKEND_RULES, sendsProxyLine: true};
const LISTENERS: readonly ListenerSpec[] = [
	'tcp:5432 -> tcp:5433',
	'tcp:5432 -> ssl:5433',
	'ssl:5432 -> tcp:5433',
	'ssl:5432 -> ssl:5433',
	'http:80 -> http:81',
	'http:80 -> https:81',
	'https:80 -> http:81',
	'https:80 -> https:81',
];
for (const listen of LISTENERS) {
	test(`${listen}: a policy of the back-end port sends one PROXY line before everything else`, async t => {
		const described = listener(listen);
		await using backend = await startRawBackend({scripts: [silent, silent]});
		const scene = await startWithPolicies(t, {...described, backendRules: PROXY}, backend.port);

		const client = await open({port: scene.port, tls: isSecure(described.protocol) ? trusting : undefined});
		client.stream.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
		const accepted = await backend.connection();
		const received = await accepted.until('\r\n');

		const [line, rest = ''] = received.split(/(?<=\n)(.*)/s);
		t.is(line, `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.raw.localPort} ${described.port}\r\n`);
		// A TLS record of a handshake.
		if (isSecure(described.backendProtocol)) {
			await accepted.when('a record', () => accepted.received.length > received.length - rest.length);
			t.is(accepted.received.charCodeAt(received.length - rest.length), 0x16);
		} else t.true((await accepted.until('GET / HTTP/1.1\r\n')).startsWith(`${line}GET / `));
		client.raw.destroy();
	});
}

test('a policy that says no sends no line, and a listener of its own mind sends one all the same', async t => {
	await using backend = await startRawBackend({scripts: [silent, silent]});
	const scene = await startWithPolicies(t, listener('tcp:1 -> tcp:2'), backend.port);
	const send = async (text: string) => {
		const client = await open({port: scene.port});
		client.stream.write(text);
		return client;
	};

	await send('plain;');
	t.is(await (await backend.connection(0)).until(';'), 'plain;');
	await scene.change({proxyProtocol: true});
	await send('told;');

	t.regex(await (await backend.connection(1)).until(';'), /^PROXY TCP4 [^\r]+\r\ntold;$/);
});

test('a connection to a back-end from before the policy is used for no new client, and its own exchange is finished', async t => {
	const release = resolver();
	await using backend = await startRawBackend({
		scripts: [
			async connection => {
				await connection.message();
				await connection.writeAll(OK);
				await connection.message();
				await release.promise;
				await connection.writeAll(OK);
			},
			silent,
		],
	});
	const scene = await startWithPolicies(t, listener('http:80 -> http:81'), backend.port);
	const first = await open({port: scene.port, reading: 'all'});
	first.stream.write(GET);
	await first.message();
	first.stream.write(GET);
	await (await backend.connection(0)).when(
		'the second request',
		() => backend.connections[0]?.received.split('GET').length === 3,
	);

	await scene.change({backendRules: PROXY});
	const second = await open({port: scene.port});
	second.stream.write(GET);
	const received = await (await backend.connection(1)).until('\r\n\r\n');
	release.resolve();

	t.regex(received, /^PROXY TCP4 /);
	t.is((await first.message()).line, 'HTTP/1.1 200 OK');
	second.raw.destroy();
	first.raw.destroy();
});

test('a connection of TCP from before the policy goes on', async t => {
	await using backend = await startStreamBackend({serve: ({stream}) => void stream.pipe(stream)});
	const scene = await startWithPolicies(t, listener('tcp:1 -> tcp:2'), backend.port);
	const client = await open({port: scene.port, reading: 'all'});
	client.stream.write('one;');
	await client.until('one;');

	await scene.change({backendRules: PROXY});
	client.stream.write('two;');

	t.is(await client.until('two;'), 'one;two;');
	client.raw.destroy();
});

const keys = (...publicKeys: string[]) => ({backendRules: {...NO_BACKEND_RULES, publicKeys}});

for (const front of ['tcp', 'ssl'] as const) {
	test(`${front} -> ssl: a back-end with one of the keys is taken, another is left, and the record says why`, async t => {
		await using backend = await startStreamBackend({tls: serverPair, serve: ({stream}) => void stream.pipe(stream)});
		const scene = await startWithPolicies(t, {...listener(`${front}:1 -> ssl:2`), ...keys(OTHER, RIGHT)}, backend.port);
		const connect = () => open({port: scene.port, tls: front === 'ssl' ? trusting : undefined});

		const passed = scene.next();
		const client = await connect();
		client.stream.end('ping');
		t.is((await client.readAll()).toString(), 'ping');
		t.is((await passed).outcome, 'ok');

		await scene.change(keys(OTHER));
		const ended = scene.next();
		const refused = await connect();
		t.is(await refused.untilOver(), 'reset');

		t.like(await ended, {outcome: 'backend-tls', cause: KEY_UNKNOWN, bytes: {up: 0, down: 0}});
	});
}

for (const front of ['http', 'https'] as const) {
	test(`${front} -> https: a back-end with another key is answered for with 502, though a connection rests`, async t => {
		await using backend = await startRawBackend({tls: serverPair});
		const scene = await startWithPolicies(t, {...listener(`${front}:1 -> https:2`), ...keys(RIGHT)}, backend.port);
		const get = async () => {
			const client = await open({port: scene.port, tls: front === 'https' ? trusting : undefined, reading: 'all'});
			client.stream.write(GET);
			const {line} = await client.message();
			client.raw.destroy();
			return line;
		};
		t.is(await get(), 'HTTP/1.1 200 OK');

		await scene.change(keys(OTHER));
		const ended = scene.next();

		t.is(await get(), 'HTTP/1.1 502 Bad Gateway');
		t.like(await ended, {outcome: 'backend-tls', cause: KEY_UNKNOWN});
		t.is(backend.requests.length, 1);
		await scene.change(keys(RIGHT));
		t.is(await get(), 'HTTP/1.1 200 OK');
	});
}

test('a probe asks for no key', async t => {
	await using backend = await startRawBackend({tls: serverPair});
	const scene = await startWithPolicies(
		t,
		{...listener('http:1 -> https:2'), ...keys(OTHER)},
		backend.port,
		checkOf('HTTPS:81/'),
	);

	await scene.settle();

	t.deepEqual(scene.inService(), ['a']);
});
