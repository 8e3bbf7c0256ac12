import type {TLSSocket} from 'node:tls';
import test from 'ava';
import {startLoadBalancer} from '../../src/index.ts';

test('a fake with an international name is reached by it, through a listener that passes TLS on', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:443'],
		backends: [{kind: 'echo', tls: {names: ['münchen.test']}}],
	});

	const response = await lb.fetch('https://münchen.test/');
	const stream = (await lb.connect(443, {tls: true, servername: 'münchen.test'})) as TLSSocket; // TLS was asked for.

	t.like(await response.json(), {tls: {sni: 'xn--mnchen-3ya.test'}});
	t.is(stream.getPeerCertificate().subjectaltname, 'DNS:xn--mnchen-3ya.test');
	stream.destroy();
});
