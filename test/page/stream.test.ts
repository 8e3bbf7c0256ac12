import test from 'ava';
import {type Connection, type EventSourceLike, HIDDEN_MS, RETRY_MS, Stream} from '../../src/page/stream.ts';

/** An EventSource in the test's hands. */
class FakeSource implements EventSourceLike {
	readyState = 1;
	onerror: ((event: never) => unknown) | null = null;
	closed = false;
	readonly #listeners = new Map<string, (event: {readonly data: string}) => void>();

	addEventListener(name: string, listener: (event: {readonly data: string}) => void): void {
		this.#listeners.set(name, listener);
	}

	close(): void {
		this.closed = true;
	}

	send(name: string, data: unknown): void {
		this.sendText(name, JSON.stringify(data));
	}

	sendText(name: string, data: string): void {
		this.#listeners.get(name)?.({data});
	}

	fail(readyState: number): void {
		this.readyState = readyState;
		this.onerror?.(undefined as never); // The event is not looked at.
	}
}

function scene() {
	const sources: FakeSource[] = [];
	const told: string[] = [];
	const timers: {readonly ms: number; readonly task: () => void}[] = [];
	const stream = new Stream({
		open: () => {
			const source = new FakeSource();
			sources.push(source);
			return source;
		},
		later: (ms, task) => {
			const timer = {ms, task};
			timers.push(timer);
			return () => void timers.splice(timers.indexOf(timer), 1);
		},
		onConnection: (connection: Connection) => told.push(connection),
		onSync: () => told.push('sync'),
		onEvent: (name, data) => told.push(`${name} ${JSON.stringify(data)}`),
	});
	const expire = () =>
		timers.splice(0).map(({ms, task}) => {
			task();
			return ms;
		});
	const taken = () => told.splice(0);
	return {stream, sources, expire, taken, timers};
}

const hello = {instance: 'one', revision: 1};

test('a page that is seen opens one stream, and reads everything once it is greeted', t => {
	const {stream, sources, taken} = scene();
	stream.setVisible(true);
	stream.setVisible(true);

	t.is(sources.length, 1);
	t.deepEqual(taken(), ['connecting']);
	sources[0]?.send('hello', hello);
	sources[0]?.send('state', {revision: 2});
	t.deepEqual(taken(), ['live', 'sync', 'state {"revision":2}']);
});

test('a connection that the browser makes again goes on where it was, unless it is another emulator', t => {
	const {stream, sources, taken} = scene();
	stream.setVisible(true);
	sources[0]?.send('hello', hello);
	taken();

	sources[0]?.fail(0);
	sources[0]?.send('hello', hello);
	t.deepEqual(taken(), ['lost', 'live']);
	sources[0]?.fail(0);
	sources[0]?.send('hello', {instance: 'two', revision: 1});
	t.deepEqual(taken(), ['lost', 'live', 'sync']);
});

test('a reader that was too slow reads everything again', t => {
	const {stream, sources, taken} = scene();
	stream.setVisible(true);
	sources[0]?.send('hello', hello);
	taken();

	sources[0]?.send('resync', {});

	t.deepEqual(taken(), ['sync', 'resync {}']);
});

test('an answer that is no stream is asked for again after a while', t => {
	const {stream, sources, taken, expire} = scene();
	stream.setVisible(true);
	sources[0]?.fail(2);

	t.true(sources[0]?.closed);
	t.deepEqual(taken(), ['connecting', 'lost']);
	t.deepEqual(expire(), [RETRY_MS]);
	t.is(sources.length, 2);
	sources[1]?.send('hello', hello);
	t.deepEqual(taken(), ['connecting', 'live', 'sync']);
});

test('a page that nobody looks at gives its connection back after a while, and catches up later', t => {
	const {stream, sources, taken, expire, timers} = scene();
	stream.setVisible(true);
	sources[0]?.send('hello', hello);
	taken();

	stream.setVisible(false);
	t.false(sources[0]?.closed);
	stream.setVisible(true);
	t.is(timers.length, 0);
	stream.setVisible(false);
	t.deepEqual(expire(), [HIDDEN_MS]);
	t.true(sources[0]?.closed);
	t.deepEqual(taken(), ['hidden']);
	sources[0]?.send('state', {});
	sources[0]?.fail(2);
	t.deepEqual(taken(), [], 'what comes late is not heard');
	stream.setVisible(true);
	sources[1]?.send('hello', hello);
	t.deepEqual(taken(), ['connecting', 'live', 'sync']);
});

test('a page that is hidden while it waits to connect again stops waiting', t => {
	const {stream, sources, expire} = scene();
	stream.setVisible(true);
	sources[0]?.fail(2);
	stream.setVisible(false);

	t.deepEqual(expire(), [HIDDEN_MS]);
	t.is(sources.length, 1);
});

for (const garbage of ['', '{"a":', '\ufffd\u0000', 'null', '1', '"text"']) {
	for (const name of ['hello', 'exchanges']) {
		test(`an event ${name} of ${JSON.stringify(garbage)} is not lb-local: it is asked anew after a while`, t => {
			const {stream, sources, taken, expire} = scene();
			stream.setVisible(true);
			sources[0]?.send('hello', hello);
			taken();

			sources[0]?.sendText(name, garbage);
			sources[0]?.send('state', {revision: 3});

			t.deepEqual(taken(), ['lost']);
			t.true(sources[0]?.closed);
			t.deepEqual(expire(), [RETRY_MS]);
			sources[1]?.send('hello', hello);
			t.deepEqual(taken(), ['connecting', 'live', 'sync']);
		});
	}
}

test('a page that has just been hidden when its stream ends for good gives it back all the same', t => {
	const {stream, sources, taken, expire} = scene();
	stream.setVisible(true);
	sources[0]?.send('hello', hello);
	stream.setVisible(false);
	taken();

	sources[0]?.fail(2);
	t.deepEqual(expire(), [RETRY_MS]);
	t.deepEqual(taken(), ['lost', 'hidden']);
	t.is(sources.length, 1);
	stream.setVisible(true);

	t.is(sources.length, 2);
	sources[1]?.send('hello', hello);
	t.deepEqual(taken(), ['connecting', 'live', 'sync']);
});
