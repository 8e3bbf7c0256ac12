import test, {type ExecutionContext} from 'ava';
import {Backend} from '../../src/data-plane/backends/backend.ts';
import {Retiring} from '../../src/data-plane/retiring.ts';
import type {RunningListener} from '../../src/data-plane/running-listener.ts';
import {HandClock} from '../helpers/hand-clock.ts';
import {eventually, within} from '../helpers/patience.ts';
import {dated, startRawBackend} from '../helpers/raw-backend.ts';
import {open, RawConnection} from '../helpers/raw-connection.ts';
import {
	HTTP_LISTENER,
	resolvedBackend,
	resolvedLoadBalancer,
	servicesOf,
	startListener,
} from '../helpers/running-pieces.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = dated('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');

/** A listener with one back-end that answers when it is told to, and a clock that only the retiring goes by. */
async function start(t: ExecutionContext) {
	let release = () => {};
	const released = new Promise<void>(resolve => {
		release = resolve;
	});
	const raw = await startRawBackend({
		scripts: [
			async connection => {
				await connection.message();
				await released;
				await connection.writeAll(OK);
			},
		],
	});
	const {listener, journal} = await startListener(servicesOf(new HandClock()));
	const description = resolvedBackend('a', raw.port);
	const backend = new Backend(description, 0, 'in-service');
	listener.apply(HTTP_LISTENER, resolvedLoadBalancer({backends: [description]}), [backend]);
	const clock = new HandClock();
	t.teardown(async () => {
		await listener.closePort();
		await listener.cut();
		await raw[Symbol.asyncDispose]();
	});
	return {listener, journal, backend, raw, release, clock, retiring: new Retiring(clock)};
}

/** A client of this listener, once it has been accepted. */
async function clientOf(t: ExecutionContext, {bound, connections}: RunningListener): Promise<RawConnection> {
	const before = connections.size;
	const {raw} = await open({port: bound.port});
	const client = new RawConnection(raw);
	t.teardown(() => client.reset());
	await eventually(() => connections.size > before, 'accepted connection');
	return client;
}

/** A client whose request is with the back-end. */
async function waiting(t: ExecutionContext, {listener, backend}: {listener: RunningListener; backend: Backend}) {
	const client = await clientOf(t, listener);
	client.write(GET);
	await eventually(() => backend.inFlight === 1, 'request in flight');
	return client;
}

/** A client that has been answered, and may send another request. */
async function answered(t: ExecutionContext, listener: RunningListener): Promise<RawConnection> {
	const client = await clientOf(t, listener);
	client.write(GET);
	await client.message();
	return client;
}

test('a back-end that retires gets nothing new at once, and has its time for what is in flight', async t => {
	const scene = await start(t);
	const client = await waiting(t, scene);

	scene.retiring.retireBackend(scene.backend, 1000, () => [scene.listener]);
	t.false(scene.backend.inService);
	await scene.clock.advance(999);
	scene.release();

	t.is((await client.message()).line, 'HTTP/1.1 200 OK');
	await within('end of the retiring', scene.retiring.gone());
	t.is(scene.journal.last().outcome, 'ok');
	t.is(scene.clock.waiting, 0, 'nothing waits for the time that is left');
});

test('what is in flight at a back-end when its time is over is cut', async t => {
	const scene = await start(t);
	const client = await waiting(t, scene);

	scene.retiring.retireBackend(scene.backend, 1000, () => [scene.listener]);
	await scene.clock.advance(1000);

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	await within('end of the retiring', scene.retiring.gone());
	t.like(scene.journal.last(), {outcome: 'drained', cause: 'the back-end was deregistered'});
	t.is(scene.backend.inFlight, 0);
});

test('without any time, what is in flight at a back-end is cut at once', async t => {
	const scene = await start(t);
	const client = await waiting(t, scene);

	scene.retiring.retireBackend(scene.backend, 0, () => [scene.listener]);

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	await within('end of the retiring', scene.retiring.gone());
	t.is(scene.clock.waiting, 0);
});

test('a back-end with nothing in flight is gone without any time', async t => {
	const {backend, retiring, clock, listener} = await start(t);

	retiring.retireBackend(backend, 1000, () => [listener]);

	await within('end of the retiring', retiring.gone());
	t.is(clock.waiting, 0);
});

test('a back-end is cut from the listeners that serve when its time is over, not from those of before', async t => {
	const scene = await start(t);
	const client = await waiting(t, scene);
	let serving: RunningListener[] = [];

	scene.retiring.retireBackend(scene.backend, 1000, () => serving);
	serving = [scene.listener];
	await scene.clock.advance(1000);

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
});

test('a back-end is cut from listeners that are retiring too', async t => {
	const scene = await start(t);
	const client = await waiting(t, scene);

	scene.retiring.retireListener(scene.listener, 3000);
	scene.retiring.retireBackend(scene.backend, 1000, () => []);
	await scene.clock.advance(1000);

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.is(scene.journal.last().cause, 'the back-end was deregistered');
});

test('a listener that retires is listed until what it had in flight is gone', async t => {
	const scene = await start(t);
	const client = await waiting(t, scene);

	scene.retiring.retireListener(scene.listener, 1000);
	t.deepEqual(scene.retiring.listeners, [scene.listener]);
	await scene.clock.advance(999);
	t.deepEqual(scene.retiring.listeners, [scene.listener]);
	scene.release();

	const {line, fields} = await client.message();
	t.is(line, 'HTTP/1.1 200 OK');
	t.true(fields.includes('Connection: close'), 'nothing new is taken');
	client.end();
	await within('end of the retiring', scene.retiring.gone());
	t.deepEqual(scene.retiring.listeners, []);
	t.is(scene.clock.waiting, 0);
});

test('what a listener has in flight when its time is over is cut', async t => {
	const scene = await start(t);
	const client = await waiting(t, scene);

	scene.retiring.retireListener(scene.listener, 1000);
	await scene.clock.advance(1000);
	await within('end of the retiring', scene.retiring.gone());

	await client.untilOver();
	t.like(scene.journal.last(), {outcome: 'drained', cause: 'the load balancer was stopped'});
	t.is(scene.listener.connections.size, 0);
	t.deepEqual(scene.retiring.listeners, []);
});

test('without any time, what a listener has in flight is cut at once', async t => {
	const scene = await start(t);
	const client = await waiting(t, scene);

	scene.retiring.retireListener(scene.listener, 0);
	await within('end of the retiring', scene.retiring.gone());

	await client.untilOver();
	t.is(scene.journal.last().outcome, 'drained');
	t.is(scene.clock.waiting, 0);
});

test('a listener without connections is gone without any time', async t => {
	const {listener, retiring, clock} = await start(t);

	retiring.retireListener(listener, 1000);

	await within('end of the retiring', retiring.gone());
	t.deepEqual(retiring.listeners, []);
	t.is(clock.waiting, 0);
});

test('a connection whose first request may be on its way is served that, while there is time', async t => {
	const scene = await start(t);
	const client = await clientOf(t, scene.listener);

	scene.retiring.retireListener(scene.listener, 1000);
	client.write(GET);
	scene.release();

	t.is((await client.message()).line, 'HTTP/1.1 200 OK');
});

test('a connection that rests after a request ends at once', async t => {
	const scene = await start(t);
	scene.release();
	const client = await answered(t, scene.listener);

	scene.retiring.retireListener(scene.listener, 1000);

	t.is(await client.untilOver(), 'end');
	await within('end of the retiring', scene.retiring.gone());
	t.is(scene.clock.waiting, 0);
});

test('all is gone when the last of several is', async t => {
	const scene = await start(t);
	await waiting(t, scene);
	let isGone = false;

	scene.retiring.retireBackend(new Backend(resolvedBackend('idle', 1), 1, 'in-service'), 1000, () => []);
	scene.retiring.retireListener(scene.listener, 2000);
	const gone = scene.retiring.gone().then(() => {
		isGone = true;
	});
	await scene.clock.advance(1999);
	t.false(isGone);
	await scene.clock.advance(1);

	await within('end of the retiring', gone);
	t.true(isGone);
});

test('where nothing retires, all is gone', async t => {
	await within('end of the retiring', new Retiring(new HandClock()).gone());
	t.pass();
});

const WAYS: readonly (readonly [
	way: string,
	act: (clock: HandClock, tell: () => void, hurry: () => void) => unknown,
])[] = [
	['when the fact is told', (_, tell) => tell()],
	['when the time is over', clock => clock.advance(1)],
	['when it is hurried', (_, __, hurry) => hurry()],
];

for (const [way, act] of WAYS) {
	test(`waiting ends ${way}, and not before`, async t => {
		const clock = new HandClock();
		let tell = () => {};
		const fact = new Promise<void>(resolve => {
			tell = resolve;
		});
		let hurry = () => {};
		let isOver = false;
		const over = new Retiring(clock)
			.within(1000, fact, done => {
				hurry = done;
			})
			.then(() => {
				isOver = true;
			});
		await clock.advance(999);
		t.false(isOver);

		await act(clock, tell, hurry);

		await within('end of the waiting', over);
		t.is(clock.waiting, 0, 'the timer is given back');
	});
}
