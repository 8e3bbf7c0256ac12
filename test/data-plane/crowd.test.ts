import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import test from 'ava';
import {type LoadBalancer, startLoadBalancer} from '../../src/index.ts';
import type {ListenerSpec} from '../../src/model/listener.ts';
import {runs} from '../helpers/depth.ts';
import {startStreamBackend} from '../helpers/raw-backend.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx';
/** Clients that ask again as soon as they are answered, and such as come while those do. */
const BUSY = runs(300, 200);
const COMING = runs(100, 40);

/** One of those clients. */
class Client {
	answers = 0;
	readonly socket: Socket;
	#waiting: (() => void) | undefined;
	#awaited = 0;

	constructor(lb: LoadBalancer, {pauses}: {readonly pauses: boolean}) {
		this.socket = connect({port: lb.port(80), host: '127.0.0.1', noDelay: true});
		this.socket.on('error', () => {});
		this.socket.write(REQUEST);
		this.socket.on('data', () => {
			this.answers++;
			if (this.answers >= this.#awaited) this.#waiting?.();
			if (!pauses) this.socket.write(REQUEST);
		});
	}

	/** Resolves when so many more answers have come. */
	more(count: number): Promise<void> {
		this.#awaited = this.answers + count;
		return new Promise(resolve => {
			this.#waiting = resolve;
		});
	}
}

for (const listen of ['http:80 -> http:80', 'tcp:80 -> tcp:80'] satisfies ListenerSpec[]) {
	test.serial(`${listen}: clients that never pause do not keep new ones waiting, and all go on`, async t => {
		await using server = await startStreamBackend({serve: ({stream}) => stream.on('data', () => stream.write(ANSWER))});
		await using lb = await startLoadBalancer({
			listeners: [listen],
			backends: [{kind: 'address', host: '127.0.0.1', port: server.port}],
		});
		const busy = Array.from({length: BUSY}, () => new Client(lb, {pauses: false}));
		await Promise.all(busy.map(client => client.more(1)));
		const before = answersTo(busy);

		const coming = Array.from({length: COMING}, () => new Client(lb, {pauses: true}));
		await Promise.all(coming.map(client => client.more(1)));
		const meanwhile = answersTo(busy) - before;

		// Of each there were some 80 when all that had come in was served before the next was accepted.
		t.true(meanwhile < 40 * COMING, `${meanwhile} answers to others while ${COMING} waited for their first`);
		await Promise.all(busy.map(client => client.more(5)));
		const gone = [...busy, ...coming].map(({socket}) => once(socket.destroy(), 'close'));
		await Promise.all(gone);
	});
}

function answersTo(clients: readonly Client[]): number {
	return clients.reduce((total, {answers}) => total + answers, 0);
}
