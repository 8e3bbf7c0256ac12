import type {ConnectionOptions, TLSSocket} from 'node:tls';
import test from 'ava';
import {codeOf} from '../../../src/base/errors.ts';
import {type Negotiation, SECURITY_POLICIES} from '../../../src/model/security-policies.ts';
import {startWithPolicies} from '../../helpers/policy-scene.ts';
import {pem} from '../../helpers/project-certs.ts';
import {startStreamBackend} from '../../helpers/raw-backend.ts';
import {open} from '../../helpers/raw-connection.ts';

const RSA = {cert: pem('rsa.web.test.crt'), key: pem('rsa.web.test.key')};
const SSL = {protocol: 'ssl', backendProtocol: 'tcp', certificate: RSA} as const;
const OLD = ['TLSv1', 'TLSv1.1', 'TLSv1.2'] as const;

/** What a client that offers this agrees on: the version and the cipher, or `refused`. */
async function agreed(port: number, offer: ConnectionOptions): Promise<string> {
	try {
		const client = await open({port, tls: {ciphers: 'ALL:@SECLEVEL=0', ...offer, rejectUnauthorized: false}});
		// It was opened with TLS.
		const stream = client.stream as TLSSocket;
		const {name} = stream.getCipher();
		const version = stream.getProtocol();
		stream.destroy();
		return `${version} ${name}`;
	} catch (error) {
		return /^ERR_SSL|^ECONNRESET/.test(codeOf(error) ?? '') ? 'refused' : String(error);
	}
}

/** Which versions a listener speaks, each offered alone. */
async function versions(port: number): Promise<string[]> {
	const spoken: string[] = [];
	for (const version of [...OLD, 'TLSv1.3'] as const) {
		const answer = await agreed(port, {minVersion: version, maxVersion: version});
		if (answer.startsWith(`${version} `)) spoken.push(version);
	}
	return spoken;
}

const PLAIN: Negotiation = {protocols: ['TLSv1.2'], ciphers: ['AES128-SHA'], serverOrder: true};

const SETS: readonly Negotiation['protocols'][] = [
	['TLSv1'],
	['TLSv1.1'],
	['TLSv1.2'],
	['TLSv1', 'TLSv1.2'],
	['TLSv1', 'TLSv1.1'],
	['TLSv1', 'SSLv3', 'TLSv1.1', 'TLSv1.2'],
];
for (const protocols of SETS) {
	test(`a policy of ${protocols.join(', ')} speaks exactly these, as far as OpenSSL has them`, async t => {
		const {port} = await startWithPolicies(t, {...SSL, negotiation: {...PLAIN, protocols}});

		t.deepEqual(
			await versions(port),
			protocols.filter(protocol => protocol !== 'SSLv3'),
		);
	});
}

test('in the order of the server its first cipher wins, in that of the client the client’s', async t => {
	const ciphers = ['AES256-SHA', 'AES128-SHA'];
	const offer = {maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA:AES256-SHA:@SECLEVEL=0'} as const;
	const scene = await startWithPolicies(t, {...SSL, negotiation: {...PLAIN, ciphers, serverOrder: true}});

	t.is(await agreed(scene.port, offer), 'TLSv1.2 AES256-SHA');
	await scene.change({negotiation: {...PLAIN, ciphers, serverOrder: false}});
	t.is(await agreed(scene.port, offer), 'TLSv1.2 AES128-SHA');
});

test('a cipher that the policy does not name is refused, and the record says why', async t => {
	const scene = await startWithPolicies(t, {...SSL, negotiation: PLAIN});
	const ended = scene.next();

	t.is(await agreed(scene.port, {maxVersion: 'TLSv1.2', ciphers: 'AES256-SHA'}), 'refused');

	t.like(await ended, {outcome: 'tls-handshake', cause: 'the client and this listener share no cipher'});
});

test('a policy concerns new handshakes alone, and what was there before it comes back without it', async t => {
	await using backend = await startStreamBackend({serve: ({stream}) => void stream.pipe(stream)});
	const scene = await startWithPolicies(t, SSL, backend.port);
	t.deepEqual(await versions(scene.port), ['TLSv1.2', 'TLSv1.3']);
	const before = await open({port: scene.port, tls: {rejectUnauthorized: false}});

	await scene.change({negotiation: {...PLAIN, protocols: ['TLSv1.1']}});

	t.deepEqual(await versions(scene.port), ['TLSv1.1']);
	before.stream.end('still here');
	t.is((await before.readAll()).toString(), 'still here');
	await scene.change({negotiation: undefined});
	t.deepEqual(await versions(scene.port), ['TLSv1.2', 'TLSv1.3']);
});

for (const [name, negotiation] of SECURITY_POLICIES) {
	test(`${name} speaks its versions, and the first of its ciphers that the client has`, async t => {
		const {port} = await startWithPolicies(t, {...SSL, negotiation});

		t.deepEqual(
			await versions(port),
			OLD.filter(version => negotiation.protocols.includes(version)),
		);
		const [first = ''] = negotiation.ciphers.filter(cipher => !cipher.includes('ECDSA') && !cipher.includes('DSS'));
		const best = await agreed(port, {
			minVersion: 'TLSv1',
			maxVersion: 'TLSv1.2',
			ciphers: [...negotiation.ciphers, '@SECLEVEL=0'].join(':'),
		});
		t.is(best.split(' ')[1], first);
	});
}
