import {once} from 'node:events';
import {connect} from 'node:tls';
import test from 'ava';
import {type Authority, createAuthority, startLoadBalancer} from '../../src/index.ts';

/** An authority, and the names that it was asked to issue certificates for. */
function listening(): {authority: Authority; asked: (readonly string[])[]} {
	const inner = createAuthority();
	const asked: (readonly string[])[] = [];
	const authority: Authority = {
		pem: inner.pem,
		keyPem: inner.keyPem,
		issue(options) {
			asked.push(options.names);
			return inner.issue(options);
		},
	};
	return {authority, asked};
}

async function fingerprintAt(url: string, ca: string): Promise<string> {
	const client = connect({port: Number(new URL(url).port), host: '127.0.0.1', ca});
	await once(client, 'secureConnect');
	const {fingerprint256} = client.getPeerCertificate();
	client.destroy();
	return fingerprint256;
}

test("a fake back-end's certificate is issued when somebody asks for TLS, once", async t => {
	const {authority, asked} = listening();
	await using lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 2, authority});
	await (await lb.fetch('/')).text();
	t.is(asked.length, 1, "the listener's alone");

	const backend = lb.backend('a');
	const first = await fingerprintAt(backend.url, authority.pem);
	t.is(asked.length, 2);
	t.true(asked[1]?.includes('localhost'));
	t.is(await fingerprintAt(backend.url, authority.pem), first);
	t.is(backend.certificate?.fingerprint, first);
	t.is(asked.length, 2);

	t.not(lb.backend('b').certificate?.fingerprint, first);
	t.is(asked.length, 3);
});

test('a name that no certificate can have is told at the start', async t => {
	const backends = [{kind: 'echo', tls: {names: ['no name']}}] as const;

	await t.throwsAsync(startLoadBalancer({listeners: ['tcp:443'], backends}), {code: 'INVALID_DESCRIPTION'});
});

test('where no certificate can be issued for a client, it is let go, and others are served', async t => {
	const {authority} = listening();
	const refusing: Authority = {
		...authority,
		issue() {
			throw new RangeError('has expired');
		},
	};
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: 1, authority: refusing});
	const client = connect({port: Number(new URL(lb.backend('a').url).port), host: '127.0.0.1'});

	const [error] = await once(client, 'error');

	t.is(error.code, 'ECONNRESET');
	t.is((await lb.fetch('/')).status, 200);
});
