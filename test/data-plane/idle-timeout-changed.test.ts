import test, {type ExecutionContext} from 'ava';
import {Backend} from '../../src/data-plane/backends/backend.ts';
import {DEFAULT_TIMEOUTS} from '../../src/model/resolved.ts';
import {HandClock} from '../helpers/hand-clock.ts';
import {eventually} from '../helpers/patience.ts';
import {dated, type Script, startRawBackend} from '../helpers/raw-backend.ts';
import {open, RawConnection} from '../helpers/raw-connection.ts';
import {
	HTTP_LISTENER,
	resolvedBackend,
	resolvedLoadBalancer,
	servicesOf,
	startListener,
} from '../helpers/running-pieces.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK';
const ANSWER = dated(`${OK}\r\nContent-Length: 2\r\n\r\nok`);

/** A listener with an idle timeout of 60 s and one back-end, on a clock that stands still. */
async function start(t: ExecutionContext, scripts: Script[] = []) {
	const raw = await startRawBackend({scripts});
	const clock = new HandClock();
	const {listener} = await startListener(servicesOf(clock));
	t.teardown(async () => {
		await listener.closePort();
		await listener.cut();
		await raw[Symbol.asyncDispose]();
	});
	const description = resolvedBackend('a', raw.port);
	const backend = new Backend(description, 0, 'in-service');
	const setIdle = (idleMs: number) => {
		const timeouts = {...DEFAULT_TIMEOUTS, idleMs};
		listener.apply(HTTP_LISTENER, resolvedLoadBalancer({backends: [description], timeouts}), [backend]);
	};
	setIdle(60_000);
	const client = async () => {
		const connection = new RawConnection((await open({port: listener.bound.port})).raw);
		t.teardown(() => connection.reset());
		return connection;
	};
	return {backend, raw, clock, setIdle, client};
}

async function get(client: RawConnection): Promise<string> {
	client.write(GET);
	return (await client.message()).line;
}

test('a client that is connected goes by another idle timeout from its next request on', async t => {
	const {clock, setIdle, client} = await start(t);
	const connected = await client();
	t.is(await get(connected), OK);

	setIdle(2000);
	await clock.advance(10_000);

	t.is(await get(connected), OK);
	await clock.advance(2500);
	t.is(await connected.untilOver(), 'end');
});

test('a back-end connection rests for as long as the idle timeout is then', async t => {
	let release = () => {};
	const released = new Promise<void>(resolve => {
		release = resolve;
	});
	const answer: Script = async connection => {
		await connection.message();
		await connection.writeAll(ANSWER);
	};
	const answerLater: Script = async connection => {
		await connection.message();
		await released;
		await connection.writeAll(ANSWER);
	};
	const {backend, raw, clock, setIdle, client} = await start(t, [answerLater, answer]);
	const [first, second] = [await client(), await client()];
	first.write(GET);
	await eventually(() => backend.inFlight === 1, 'request in flight');
	t.is(await get(second), OK);

	setIdle(2000);
	release();
	t.is((await first.message()).line, OK);
	await clock.advance(2500);

	await (await raw.connection(0)).untilEnd();
	t.is(await get(second), OK, 'on the connection that rests for 60 s');
	t.is(raw.connections.length, 2);
});
