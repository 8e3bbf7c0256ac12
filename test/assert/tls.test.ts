import {X509Certificate} from 'node:crypto';
import {TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {assertPassthrough, assertTermination} from '../../src/assert.ts';
import {createAuthority, type LoadBalancer} from '../../src/index.ts';
import {failureOf, startAsserted, visit} from '../helpers/assertion-failures.ts';
import {eventually} from '../helpers/patience.ts';

const TERMINATING = {listeners: ['https:443 -> http:80', 'http:80']} as const;
const PASSING = {
	listeners: ['tcp:443'],
	backends: [
		{kind: 'echo', name: 'shop', tls: {names: ['shop.test']}},
		{kind: 'echo', name: 'cart', tls: {names: ['cart.test']}},
	],
} as const;

/** A TLS connection whose exchange is in the record. */
async function connected(t: ExecutionContext, lb: LoadBalancer, name: string): Promise<TLSSocket> {
	const client = await lb.connect(443, {
		tls: true,
		servername: name,
		tlsOptions: {rejectUnauthorized: false},
	});
	t.teardown(() => client.destroy());
	if (!(client instanceof TLSSocket)) throw new Error('connect() gives a TLSSocket here');
	client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	await eventually(() => [...lb.traffic].some(({client: peer}) => peer.port === client.localPort));
	return client;
}

test('termination holds where TLS ended at the load balancer, and gives the type of its TLS', async t => {
	const lb = await startAsserted(t, TERMINATING);
	await visit(lb, '/');
	const exchange = lb.traffic.last();

	assertTermination(exchange, {sni: lb.dnsName});
	t.regex(exchange.client.tls.version, /^TLSv1/);
	t.notThrows(() => assertTermination(lb));
	t.notThrows(() => assertTermination([...lb.traffic]));
	const {message} = failureOf(t, () => assertTermination(lb, {sni: 'web.test'}));
	t.regex(message, /^The client asked for another name\n {2}expected: web\.test\n/);
	t.regex(failureOf(t, () => assertPassthrough(lb)).message, /^The TLS bytes of the client did not pass unread\n/);

	await (await lb.fetch(`http://${lb.dnsName}/plain`)).text();
	const plain = failureOf(t, () => assertTermination(lb));
	t.regex(
		plain.message,
		/^TLS did not end at the load balancer\n {2}expected: termination\n {2}actual: {3}http without TLS/,
	);
	t.regex(plain.message, /\n> web:80 #2 GET \/plain /);
});

test('passthrough holds where the bytes of the client passed unread, and gives the type of what it offered', async t => {
	const lb = await startAsserted(t, PASSING);
	await visit(lb, 'https://shop.test/');
	const exchange = lb.traffic.last();

	assertPassthrough(exchange, {sni: 'shop.test'});
	t.is(exchange.clientHello.sni, 'shop.test');
	t.notThrows(() => assertPassthrough(lb));
	failureOf(t, () => assertPassthrough(lb, {sni: 'cart.test'}));
	failureOf(t, () => assertTermination(lb));
});

test('neither holds without an exchange, or of a client that never came', async t => {
	const lb = await startAsserted(t, PASSING);
	t.regex(failureOf(t, () => assertPassthrough(lb)).message, /^There was no exchange\n/);
	t.regex(failureOf(t, () => assertTermination(lb)).message, /^There was no exchange\n/);
	const other = await startAsserted(t, PASSING);
	const client = await connected(t, lb, 'shop.test');

	t.regex(
		failureOf(t, () => assertPassthrough(other, {seen: client})).message,
		/^There was no exchange of the client with port \d+\n/,
	);
});

test('a handshake that failed is no termination', async t => {
	const lb = await startAsserted(t, TERMINATING);
	const ended = lb.traffic.next();
	const refused = lb.connect(443, {
		tlsOptions: {maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-CAMELLIA128-SHA256:NULL-SHA256:@SECLEVEL=0'},
	});
	await t.throwsAsync(refused);
	await ended;

	t.regex(failureOf(t, () => assertTermination(lb)).message, /tls-handshake/);
});

test('whose certificate the client saw: by its connection, its certificate, PEM', async t => {
	const lb = await startAsserted(t, PASSING);
	const first = await connected(t, lb, 'shop.test');
	const second = await connected(t, lb, 'cart.test');

	t.notThrows(() => assertPassthrough(lb, {seen: first}));
	t.notThrows(() => assertPassthrough(lb, {seen: second}));
	const shop = lb.backend('shop').certificate?.pem ?? '';
	const cart = lb.backend('cart').certificate?.pem ?? '';
	const wrong = failureOf(t, () => assertPassthrough(lb, {seen: first.getPeerCertificate()}));
	t.regex(
		wrong.message,
		/^The client saw another certificate\n {2}expected: that of back-end cart\n {2}actual: {3}that of back-end shop\n/,
	);
	t.notThrows(() => assertPassthrough(lb, {seen: first, certificate: shop}));
	t.notThrows(() => assertPassthrough(lb, {seen: first, certificate: new X509Certificate(shop)}));
	t.regex(
		failureOf(t, () => assertPassthrough(lb, {seen: first, certificate: cart})).message,
		/expected: the one given, [\dA-F:]+\n/,
	);
});

test('whose certificate the client saw, where the load balancer terminates', async t => {
	const lb = await startAsserted(t, TERMINATING);
	const client = await connected(t, lb, lb.dnsName);
	const {pem} = lb.ca;

	t.notThrows(() => assertTermination(lb, {seen: client}));
	const stranger = failureOf(t, () => assertTermination(lb, {seen: pem}));
	t.regex(stranger.message, /expected: that of listener 443\n {2}actual: {3}that of somebody else, [\dA-F:]+\n/);
});

test('a connection that is closed shows no certificate, and one of your own server is not known', async t => {
	const lb = await startAsserted(t, PASSING);
	const client = await connected(t, lb, 'shop.test');
	const address = new URL(lb.backend('shop').url).host;
	const own = await startAsserted(t, {listeners: ['tcp:443'], backends: [address]});
	const {cert} = createAuthority().issue({names: ['other.test']});
	const atOwn = await connected(t, own, 'shop.test');

	t.throws(() => assertPassthrough(own, {seen: atOwn}), {
		code: 'INVALID_EXPECTATION',
		message: /certificate of back-end .* is not known here$/,
	});
	t.notThrows(() => assertPassthrough(own, {seen: atOwn, certificate: client}));
	failureOf(t, () => assertPassthrough(own, {seen: atOwn, certificate: cert}));
	client.destroy();
	await eventually(() => client.closed);
	t.throws(() => assertPassthrough(lb, {seen: client}), {code: 'INVALID_EXPECTATION', message: /shows no certificate/});
});
