import {connect, type TLSSocket} from 'node:tls';
import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import {runProgram, testWith} from '../../helpers/programs.ts';
import {handshaken} from '../../helpers/raw-connection.ts';
import {authority, trusting} from '../../helpers/stream-pairs.ts';

const start = () => startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 1, authority});

/** Offers these protocols, in this order; the stream, or the code of what the client was refused with. */
async function offer(port: number, protocols: readonly string[]): Promise<TLSSocket | string> {
	const stream = connect({...trusting, port, ALPNProtocols: [...protocols]});
	try {
		return await handshaken(stream);
	} catch (error) {
		return error instanceof Error && 'code' in error ? String(error.code) : String(error);
	}
}

const AGREED = [
	{offered: ['http/1.1'], agreed: 'http/1.1'},
	{offered: ['h2', 'http/1.1'], agreed: 'http/1.1'},
	{offered: ['http/1.0', 'http/1.1'], agreed: 'http/1.1'},
	{offered: ['http/1.0'], agreed: 'http/1.0'},
	{offered: ['h2', 'http/1.0'], agreed: 'http/1.0'},
] as const;

for (const {offered, agreed} of AGREED) {
	test(`an HTTPS listener agrees on ${agreed} with a client that offers ${offered.join(' and ')}`, async t => {
		await using lb = await start();

		const stream = await offer(lb.port(443), offered);

		if (typeof stream === 'string') return void t.fail(stream);
		const ended = lb.traffic.next();
		stream.end(`GET / HTTP/1.0\r\nHost: ${lb.dnsName}\r\n\r\n`);
		const answer = (await stream.setEncoding('utf8').toArray()).join('');
		t.is(stream.alpnProtocol, agreed);
		t.regex(answer, /^HTTP\/1\.[01] 200 /);
		t.is((await ended).client.tls?.alpn, agreed);
	});
}

for (const offered of [['h2'], ['http/0.9'], ['http/1'], ['spdy/3.1', 'h3']]) {
	test(`an HTTPS listener refuses a client that offers ${offered.join(' and ')} alone`, async t => {
		await using lb = await start();
		const ended = lb.traffic.next();

		t.is(await offer(lb.port(443), offered), 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');

		t.is((await ended).cause, 'the client insists on an application protocol that this listener does not speak');
	});
}

for (const version of ['--http1.0', '--http1.1', '--http2']) {
	testWith('curl')(`curl ${version} is served by an HTTPS listener`, async t => {
		await using lb = await start();

		const curl = await runProgram(t, 'curl', [
			...['--silent', '--show-error', '--max-time', '60', '--cacert', lb.ca.file, version],
			...['--connect-to', `${lb.dnsName}:443:127.0.0.1:${lb.port(443)}`, `https://${lb.dnsName}/by-curl`],
		]);

		t.is(curl?.code, 0, curl?.stderr);
		t.is(JSON.parse(curl?.stdout ?? '').target, '/by-curl');
		t.is(lb.traffic.last().client.tls?.alpn, version === '--http1.0' ? 'http/1.0' : 'http/1.1');
	});
}
