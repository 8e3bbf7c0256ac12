import test from 'ava';
import {type LoadBalancer, startLoadBalancer} from '../../../src/index.ts';
import {type End, eventually, open, readAll, startServer} from '../../helpers/stream-ends.ts';
import {type Break, layWire} from '../../helpers/stream-forwarder.ts';
import {authority, serverPair, trusting} from '../../helpers/stream-pairs.ts';

const BREAKS: readonly Break[] = ['reset', 'end'];
const ANSWER = 'the whole answer, which is complete only with its last byte.';

/** What a client hears of the answer, and how it ended. */
async function ask(port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
	let client: End;
	try {
		client = await open({port, tls: {...trusting, maxVersion}});
	} catch {
		return 'no handshake';
	}
	client.stream.write('question');
	try {
		const heard = await readAll(client);
		client.stream.end();
		return heard.toString();
	} catch {
		return 'cut';
	} finally {
		client.raw.destroySoon();
	}
}

/** Every connection must have ended in a record, and the next client must be served. */
async function settled(lb: LoadBalancer): Promise<boolean> {
	await eventually(() => [...lb.traffic].every(({outcome}) => outcome !== 'open'));
	return (await ask(lb.port(6379), 'TLSv1.3')) === ANSWER;
}

/** Every byte on request (some 40 s); in strides that meet every kind of message otherwise. */
const STEP = process.env['LB_LOCAL_EVERY_BYTE'] === undefined ? 7 : 1;

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
	for (const how of BREAKS) {
		test(`a wire to the client that breaks (${how}) at any byte of ${version} harms nobody else`, async t => {
			await using lb = await startLoadBalancer({
				listeners: ['ssl:6379 -> tcp:6380'],
				backends: [{kind: 'tcp', mode: 'source', data: ANSWER}],
				authority,
				record: {exchanges: 10_000},
			});
			await using wire = await layWire(lb.port(6379));
			t.is(await ask(wire.port, version), ANSWER);
			const total = wire.carried;

			for (let at = 0; at < total; at += STEP) {
				wire.breakAfter(at, how);
				const heard = await ask(wire.port, version);
				if (heard !== 'no handshake' && heard !== 'cut') t.true(ANSWER.startsWith(heard), `${at}: ${heard}`);
			}

			t.true(total > 500, `${total} bytes`);
			t.true(await settled(lb));
		});

		test(`a wire to the back-end that breaks (${how}) at any byte of ${version} shows to the client`, async t => {
			await using server = await startServer({
				tls: serverPair,
				serve: ({stream}) => void stream.resume().end(ANSWER),
			});
			await using wire = await layWire(server.port);
			await using lb = await startLoadBalancer({
				listeners: ['ssl:6379 -> ssl:6380'],
				backends: [{kind: 'address', host: '127.0.0.1', port: wire.port}],
				authority,
				record: {exchanges: 10_000},
			});
			t.is(await ask(lb.port(6379), version), ANSWER);
			const total = wire.carried;

			// The last bytes are the two sides' ends, which may cross.
			for (let at = 0; at < total; at += STEP) {
				wire.breakAfter(at, how);
				const heard = await ask(lb.port(6379), version);
				if (how === 'reset' && heard !== ANSWER) t.true(['cut', 'no handshake'].includes(heard), `${at}: ${heard}`);
				else if (heard !== 'no handshake' && heard !== 'cut') t.true(ANSWER.startsWith(heard), `${at}: ${heard}`);
			}

			wire.breakAfter(undefined);
			t.true(await settled(lb));
		});
	}
}
