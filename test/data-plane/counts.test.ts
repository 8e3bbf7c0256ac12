import test, {type ExecutionContext} from 'ava';
import type {LoadBalancer} from '../../src/index.ts';
import {open} from '../helpers/raw-connection.ts';
import {join, PAIRS, type Pair, startPassage, trusting} from '../helpers/stream-pairs.ts';

/** What is in flight at each back-end. */
function counts({backends}: LoadBalancer): number[] {
	return backends.map(({inFlight}) => inFlight);
}

for (const pair of PAIRS) {
	test(`${pair.name}: a back-end that says hi and ends leaves nothing in flight`, async t => {
		await using passage = await startPassage(pair, {serve: ({stream}) => stream.end('hi')});
		const {lb} = passage;
		const client = await passage.client();

		t.is((await client.readAll()).toString(), 'hi');
		t.deepEqual(counts(lb), [1]);
		const ended = lb.traffic.next();
		client.stream.end();

		t.is((await ended).outcome, 'ok');
		await lb.stop();
		t.deepEqual(counts(lb), [0]);
	});

	test(`${pair.name}: a client that ends first leaves nothing in flight`, async t => {
		const {lb, client, backend} = await join(t, pair);
		const ended = lb.traffic.next();

		client.stream.end('bye');
		t.is((await backend.readAll()).toString(), 'bye');
		backend.stream.end();

		t.is((await ended).outcome, 'ok');
		await lb.stop();
		t.deepEqual(counts(lb), [0]);
	});

	for (const who of ['client', 'backend'] as const) {
		test(`${pair.name}: a ${who} that resets leaves nothing in flight`, async t => {
			const scene = await join(t, pair);
			scene.client.stream.write('!');
			await scene.backend.read(1);
			const ended = scene.lb.traffic.next();

			scene[who].reset();

			await ended;
			await scene.lb.stop();
			t.deepEqual(counts(scene.lb), [0]);
		});
	}

	test(`${pair.name}: an idle timeout leaves nothing in flight`, async t => {
		const {lb, client, backend} = await join(t, pair, {clock: 'manual'});
		client.stream.resume();
		backend.stream.resume();
		const ended = lb.traffic.next();

		await lb.clock.advance('61s');

		t.is((await ended).outcome, 'idle-timeout');
		await lb.stop();
		t.deepEqual(counts(lb), [0]);
	});
}

/** One connection that has come and gone, and one that stands. */
async function oneOfTwo(t: ExecutionContext, pair: Pair): Promise<{lb: LoadBalancer; release: () => void}> {
	const passage = await startPassage(pair);
	t.teardown(() => passage[Symbol.asyncDispose]());
	const {lb, server} = passage;
	const first = await passage.client();
	const ended = lb.traffic.next();
	(await server.connection(0)).stream.end('hi');
	await first.readAll();
	first.stream.end();
	await ended;
	const second = await open({port: lb.port(6379), tls: pair.clientTls ? trusting : undefined});
	const backend = await server.connection(1);
	return {
		lb,
		release: () => {
			second.stream.end();
			backend.stream.end();
			second.stream.resume();
			backend.stream.resume();
		},
	};
}

for (const pair of PAIRS) {
	test(`${pair.name}: a drain waits for the connection that is busy, and for no other`, async t => {
		const {lb, release} = await oneOfTwo(t, pair);
		await lb.update({draining: '50s'});
		t.deepEqual(counts(lb), [1]);
		const ended = lb.traffic.next();

		const drained = lb.drain('a');
		release();

		await drained;
		t.is((await ended).outcome, 'ok');
	});
}
