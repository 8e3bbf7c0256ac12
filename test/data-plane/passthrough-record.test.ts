import {once} from 'node:events';
import {connect} from 'node:net';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {startLoadBalancer} from '../../src/index.ts';

test('a passthrough record shows what the client asked for, as it is read off the hello', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:443'],
		backends: [{kind: 'echo', tls: {names: ['shop.test']}}],
	});

	const client = await lb.connect(443, {
		tls: true,
		servername: 'shop.test',
		tlsOptions: {ALPNProtocols: ['h2', 'http/1.1']},
	});

	const {kind, clientHello, client: peer} = lb.traffic.last();
	t.is(kind, 'tls-passthrough');
	t.deepEqual(clientHello, {sni: 'shop.test', alpn: ['h2', 'http/1.1'], version: 'TLSv1.3'});
	t.is(peer.tls, undefined, 'nothing was agreed with the load balancer');
	client.destroy();
});

test('a client that is not TLS is served just the same, whatever its first bytes', async t => {
	await using lb = await startLoadBalancer({listeners: ['tcp:5432'], backends: [{kind: 'tcp', mode: 'echo'}]});
	for (const bytes of ['\x16', '\x16\x03', '\x16\x03\x01\x00\x05\x01\x00\x00\x01', 'GET / HTTP/1.1\r\n\r\n', '\0']) {
		const client = connect({port: lb.port(5432), host: '127.0.0.1', allowHalfOpen: true});
		for (const byte of bytes) client.write(byte, 'latin1');
		const [echoed] = await once(client, 'data');
		client.end();

		t.is(echoed.toString('latin1') + (await text(client.setEncoding('latin1'))), bytes, 'no byte waits for the next');
		t.is(lb.traffic.last().clientHello, undefined);
		t.is(lb.traffic.last().kind, 'tcp');
	}
});

test('nothing is read off the bytes of an SSL listener, whose TLS is its own', async t => {
	await using lb = await startLoadBalancer({listeners: ['ssl:6379 -> tcp'], backends: [{kind: 'tcp', mode: 'echo'}]});

	const client = await lb.connect(6379);
	client.end('\x16\x03\x01');
	await text(client);

	t.is(lb.traffic.last().clientHello, undefined);
	t.is(lb.traffic.last().kind, 'tcp');
});
