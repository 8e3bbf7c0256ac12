import {constants} from 'node:crypto';
import test from 'ava';
import {type Listener, type LoadBalancer, startEmulator, startLoadBalancer} from '../../../src/index.ts';
import {authority} from '../../helpers/stream-pairs.ts';
import {type Heard, type Hello, hello} from '../../helpers/tickets.ts';

const backends = [{kind: 'tcp', mode: 'echo'}] as const;
const [first, second] = ['first.test', 'second.test'].map(name => {
	const {cert, key, fingerprint256} = authority.issue({names: [name]});
	return {pair: {cert, key}, fingerprint: fingerprint256};
}) as [Shown, Shown];

interface Shown {
	readonly pair: {readonly cert: string; readonly key: string};
	readonly fingerprint: string;
}

const listener = (port: number, {pair}: Shown, tls?: Listener['tls']): Listener => ({
	listen: `ssl:${port} -> tcp:6380`,
	certificate: pair,
	...(tls === undefined ? {} : {tls}),
});

const start = (...listeners: Listener[]) => startLoadBalancer({authority, backends, listeners});

const at = (lb: LoadBalancer, port: number, more: Omit<Hello, 'port' | 'ca'>): Promise<Heard> =>
	hello({...more, port: lb.port(port), ca: authority.pem});

const SWAPS = [
	{by: 'setCertificate()', swap: (lb: LoadBalancer) => lb.setCertificate(1, second.pair)},
	{by: 'update()', swap: (lb: LoadBalancer) => lb.update({listeners: [listener(1, second)]})},
] as const;

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
	for (const {by, swap} of SWAPS) {
		test(`a ${version} session does not outlive ${by}: who resumes is shown the new certificate`, async t => {
			await using lb = await start(listener(1, first));
			const {ticket} = await at(lb, 1, {version});
			t.true((await at(lb, 1, {version, ticket})).resumed);

			await swap(lb);
			const after = await at(lb, 1, {version, ticket});

			t.deepEqual([after.resumed, after.fingerprint], [false, second.fingerprint]);
			t.true((await at(lb, 1, {version, ticket: after.ticket})).resumed);
		});
	}

	test(`a ${version} session that was begun without tickets does not outlive a swap either`, async t => {
		const client = {version, secureOptions: constants.SSL_OP_NO_TICKET};
		await using lb = await start(listener(1, first));
		const {ticket} = await at(lb, 1, client);

		await lb.setCertificate(1, second.pair);
		const after = await at(lb, 1, {...client, ticket});

		t.deepEqual([after.resumed, after.fingerprint], [false, second.fingerprint]);
	});

	test(`a ${version} session is of no use at a listener with another certificate`, async t => {
		await using lb = await start(listener(1, first), listener(2, second));
		const {ticket} = await at(lb, 1, {version});

		const there = await at(lb, 2, {version, ticket});

		t.deepEqual([there.resumed, there.fingerprint], [false, second.fingerprint]);
	});

	test(`a ${version} session is good at every listener with the same certificate, one that came later too`, async t => {
		await using lb = await start(listener(1, first), listener(2, first, {minVersion: 'TLSv1.2'}));
		const {ticket} = await at(lb, 1, {version});

		t.true((await at(lb, 2, {version, ticket})).resumed);
		await lb.update({listeners: [listener(3, second)]});
		await lb.update({listeners: [listener(4, first)]});

		t.true((await at(lb, 4, {version, ticket})).resumed);
	});

	test(`a ${version} session is good again when its certificate is shown again`, async t => {
		await using lb = await start(listener(1, first));
		const {ticket} = await at(lb, 1, {version});

		await lb.setCertificate(1, second.pair);
		await lb.setCertificate(1, first.pair);

		t.true((await at(lb, 1, {version, ticket})).resumed);
	});

	test(`a ${version} session gives no client a cipher that a listener does not have`, async t => {
		const strict = 'TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES256-GCM-SHA384';
		await using lb = await start(listener(1, first), listener(2, first, {ciphers: strict}));
		const {ticket, cipher} = await at(lb, 1, {version});
		t.false(strict.split(':').includes(cipher));

		const there = await at(lb, 2, {version, ticket});

		t.true(strict.split(':').includes(there.cipher), there.cipher);
		t.true((await at(lb, 2, {version, ticket: there.ticket})).resumed);
	});
}

test('a session of one emulator is of no use at another', async t => {
	await using one = await startEmulator({authority});
	await using other = await startEmulator({authority});
	const spec = {listeners: [listener(1, first)], backends};
	const {ticket} = await at(await one.create(spec), 1, {version: 'TLSv1.3'});

	t.false((await at(await other.create(spec), 1, {version: 'TLSv1.3', ticket})).resumed);
});

for (const [who, listen] of [
	['a listener', 'ssl:1 -> tcp:6380'],
	['a fake back-end behind a passthrough', 'tcp:1 -> tcp:6380'],
] as const) {
	test(`${who} gives a TLS 1.3 client that resumes a fresh ticket`, async t => {
		const tls = listen.startsWith('tcp');
		await using lb = await startLoadBalancer({authority, listeners: [listen], backends: [{...backends[0], tls}]});
		const begun = await at(lb, 1, {version: 'TLSv1.3'});

		const again = await at(lb, 1, {version: 'TLSv1.3', ticket: begun.ticket});

		t.true(again.resumed);
		t.notDeepEqual(again.ticket, begun.ticket);
		t.true((await at(lb, 1, {version: 'TLSv1.3', ticket: again.ticket})).resumed);
	});
}
