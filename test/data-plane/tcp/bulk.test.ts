import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import {createServer, type IncomingMessage} from 'node:http';
import {request} from 'node:https';
import type {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import test, {type ExecutionContext} from 'ava';
import type {LoadBalancerSpec} from '../../../src/index.ts';
import {compiled} from '../../helpers/compiled.ts';
import {runs} from '../../helpers/depth.ts';
import {listening} from '../../helpers/own-servers.ts';
import {startStreamBackend} from '../../helpers/raw-backend.ts';
import {open} from '../../helpers/raw-connection.ts';
import type {Order, Report} from '../../helpers/stream-load-balancer.ts';
import {serverPair, trusting} from '../../helpers/stream-pairs.ts';
import {PatternCheck, source} from '../../helpers/stream-pattern.ts';

const MIB = 1024 * 1024;
const BULK = runs(256, 96) * MIB;
const MOST_GROWN = 64 * MIB;

/** A load balancer in a process of its own. */
class Remote {
	readonly #child: ChildProcess;

	constructor(t: ExecutionContext) {
		this.#child = fork(compiled('test/helpers/stream-load-balancer.ts'));
		t.teardown(async () => {
			const exited = once(this.#child, 'exit');
			this.#child.send('stop');
			await exited;
		});
	}

	async ask(order: Order): Promise<Report> {
		const answer = once(this.#child, 'message');
		this.#child.send(order);
		return (await answer)[0];
	}

	measure(): void {
		this.#child.send('measure' satisfies Order);
	}
}

/** Reads in fits and starts: after every 4 MiB it lets the event loop go round so many times. */
async function* haltingly(bytes: Readable): AsyncGenerator<Buffer> {
	let read = 0;
	for await (const chunk of bytes.iterator({destroyOnReturn: false})) {
		yield chunk;
		read += chunk.length;
		if (read < 4 * MIB) continue;
		read = 0;
		for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve));
	}
}

/** Reads all of it, at that pace, and checks it. */
async function check(from: Readable): Promise<PatternCheck> {
	const checked = new PatternCheck();
	await pipeline(haltingly(from), checked);
	return checked;
}

/** Sends so many bytes up and as many down through one connection, to halting readers on both ends. */
type Exchange = (bytes: number) => Promise<{up: PatternCheck; down: PatternCheck}>;

async function assertBulk(t: ExecutionContext, remote: Remote, exchange: Exchange): Promise<void> {
	// What a first transfer needs, code and buffers, is no growth.
	await exchange(runs(32, 16) * MIB);
	remote.measure();

	const {up, down} = await exchange(BULK);

	const {grownBytes = Number.POSITIVE_INFINITY} = await remote.ask('report');
	t.deepEqual([up.bytes, up.wrongAt, down.bytes, down.wrongAt], [BULK, undefined, BULK, undefined]);
	t.log(`resident memory grew by ${(grownBytes / MIB).toFixed(1)} MiB`);
	t.true(grownBytes < MOST_GROWN, `${grownBytes} bytes`);
}

/** The streams of the second and third recipe. */
async function streams(t: ExecutionContext, listen: 'ssl:6379 -> tcp:6380' | 'tcp:443', backendTls: boolean) {
	const server = await startStreamBackend({tls: backendTls ? serverPair : undefined});
	t.teardown(() => server[Symbol.asyncDispose]());
	const remote = new Remote(t);
	const spec: LoadBalancerSpec = {
		listeners: [listen],
		backends: [{kind: 'address', host: '127.0.0.1', port: server.port}],
	};
	const {ports = {}, ca = ''} = await remote.ask({start: spec});
	const [port = 0] = Object.values(ports);
	let connections = 0;
	const exchange: Exchange = async bytes => {
		const client = await open({port, tls: backendTls ? trusting : {ca, host: '127.0.0.1'}});
		const backend = await server.connection(connections++);
		const [up, down] = await Promise.all([
			check(backend.stream),
			check(client.stream),
			pipeline(source(bytes), client.stream),
			pipeline(source(bytes), backend.stream),
		]);
		return {up, down};
	};
	await assertBulk(t, remote, exchange);
}

test.serial(`ssl -> tcp carries ${BULK / MIB} MiB each way to slow readers in bounded memory`, t =>
	streams(t, 'ssl:6379 -> tcp:6380', false),
);

test.serial(`tcp passthrough carries ${BULK / MIB} MiB each way to slow readers in bounded memory`, t =>
	streams(t, 'tcp:443', true),
);

test.serial(`https -> http carries ${BULK / MIB} MiB each way to slow readers in bounded memory`, async t => {
	let received: Promise<PatternCheck> | undefined;
	const server = createServer((incoming, response) => {
		received = check(incoming);
		response.writeHead(200);
		// The answer ends behind the request: one that ended before it would be an early answer, another story.
		void pipeline(source(Number(incoming.headers['x-bytes'])), response, {end: false})
			.then(() => received)
			.then(() => response.end())
			.catch(() => {});
	});
	const port = await listening(t, server);
	const remote = new Remote(t);
	const {ports = {}, ca} = await remote.ask({
		start: {
			listeners: ['https:443 -> http:80'],
			backends: [`127.0.0.1:${port}`],
		},
	});
	const exchange: Exchange = async bytes => {
		const outgoing = request({
			host: '127.0.0.1',
			port: ports[443],
			ca,
			method: 'POST',
			agent: false,
			headers: {'x-bytes': String(bytes)},
		});
		const sending = pipeline(source(bytes), outgoing);
		const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
		const [down, up] = await Promise.all([check(incoming), received, sending]);
		return {up: up ?? new PatternCheck(), down};
	};
	await assertBulk(t, remote, exchange);
});
