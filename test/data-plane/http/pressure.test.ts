// A process of its own: it measures the process's memory.
import test from 'ava';
import {echoOf} from '../../helpers/raw-backend.ts';
import type {RawConnection} from '../../helpers/raw-connection.ts';
import {startScene} from '../../helpers/raw-scene.ts';
import {stalls} from '../../helpers/stalled.ts';

const MIB = 1024 * 1024;
/** Contract: what is swallowed for a receiver that does not read, the system's own buffers included. */
const MOST_SWALLOWED = 48 * MIB;
const MOST_MEMORY = 64 * MIB;

/** Writes up to `bytes` for as long as they are taken; resolves with how many were. */
async function flood(connection: RawConnection, bytes: number): Promise<number> {
	const part = Buffer.alloc(MIB / 8, 'x');
	for (let written = 0; written < bytes; written += part.length) {
		if (await stalls(taken(connection, part))) return written;
	}
	return bytes;
}

/** Resolves when the system has taken the bytes. */
function taken(connection: RawConnection, bytes: Buffer): Promise<unknown> {
	return new Promise(resolve => connection.stream.write(bytes, resolve));
}

for (const front of ['http', 'https'] as const) {
	test.serial(
		`${front}: a client that does not read holds its back-end back, in bounded memory, and others are served`,
		async t => {
			let swallowed = 0;
			await using scene = await startScene({
				front,
				scripts: [
					async connection => {
						await connection.message();
						connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${200 * MIB}\r\n\r\n`);
						swallowed = await flood(connection, 200 * MIB);
						stuck();
						await connection.untilOver();
					},
				],
			});
			const {promise, resolve: stuck} = promised();
			const before = process.memoryUsage().rss;
			const client = await scene.client();
			client.stream.pause();
			client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

			await promise;

			t.true(swallowed < MOST_SWALLOWED, `${swallowed} bytes`);
			t.true(process.memoryUsage().rss - before < MOST_MEMORY);
			await scene.fresh(t);
		},
	);

	test.serial(
		`${front}: a back-end that does not read holds its client back, in bounded memory, and others are served`,
		async t => {
			await using scene = await startScene({
				front,
				scripts: [
					async connection => {
						connection.stream.pause();
						await connection.when('close', () => connection.closed);
					},
				],
			});
			const before = process.memoryUsage().rss;
			const client = await scene.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${200 * MIB}\r\n\r\n`);

			const swallowed = await flood(client, 200 * MIB);

			t.true(swallowed < MOST_SWALLOWED, `${swallowed} bytes`);
			t.true(process.memoryUsage().rss - before < MOST_MEMORY);
			await scene.fresh(t);
		},
	);
}

test.serial('a client that pipelines and never reads has few requests carried out, in bounded memory', async t => {
	const body = 'x'.repeat(64 * 1024);
	let carriedOut = 0;
	await using scene = await startScene({
		scripts: [
			async connection => {
				for (;;) {
					await connection.message();
					carriedOut++;
					connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
				}
			},
		],
	});
	const before = process.memoryUsage().rss;
	const client = await scene.client();
	client.stream.pause();
	const requests = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(40_000));
	let sent = 0;
	for (let i = 0; i < 50; i++) {
		if (await stalls(taken(client, requests))) break;
		sent += requests.length;
	}

	t.true(sent < MOST_SWALLOWED, `${sent} bytes`);
	// What the client's and the load balancer's socket buffers hold of answers, and not the million that were asked for.
	t.true(carriedOut * body.length < MOST_SWALLOWED, `${carriedOut} requests`);
	t.true(process.memoryUsage().rss - before < MOST_MEMORY);
	await scene.fresh(t);
});

test.serial('a client that sends one request after the other and never reads is held back too', async t => {
	// Answers of this size are written as one piece of text, whatever the client takes.
	const body = 'x'.repeat(7900);
	await using scene = await startScene({
		scripts: [
			async connection => {
				for (;;) {
					const request = await connection.message();
					const large = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
					connection.write(request.line.startsWith('GET / ') ? large : echoOf(request));
				}
			},
		],
	});
	const client = await scene.client();
	client.stream.pause();
	let carriedOut = 0;
	for (; carriedOut < 9000; carriedOut++) {
		const recorded = scene.lb.traffic.next();
		client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
		if (await stalls(recorded)) break;
	}

	t.true(carriedOut * body.length < MOST_SWALLOWED, `${carriedOut} requests`);
	await scene.fresh(t);
});

test.serial('a client that pipelines, does not read for a while and then does, gets every answer in order', async t => {
	const body = 'x'.repeat(64 * 1024);
	await using scene = await startScene({
		scripts: [
			async connection => {
				for (let i = 0; i < 300; i++) {
					const {line} = await connection.message();
					connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length + line.length}\r\n\r\n${body}${line}`);
				}
			},
		],
	});
	const client = await scene.client();
	client.stream.pause();
	client.write(Array.from({length: 300}, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
	await scene.lb.traffic.next(({id}) => id >= 20);

	client.stream.resume();

	for (let i = 0; i < 300; i++) t.true((await client.message()).body.endsWith(`xGET /${i} HTTP/1.1`));
});

for (const front of ['http', 'https'] as const) {
	test.serial(`${front}: 300 stalled heads do not delay a new client`, async t => {
		// A new client that had to wait would wait for that.
		await using scene = await startScene({front, spec: {headTimeout: '1h'}});
		const stalled = await Promise.all(Array.from({length: 300}, () => scene.send('GET / HTTP/1.1\r\nHost: a\r\nA: ')));

		await scene.fresh(t);

		for (const client of stalled) client.write('1\r\n\r\n');
		for (const client of stalled) t.is((await client.message()).body, 'GET / HTTP/1.1');
	});
}

function promised(): {promise: Promise<void>; resolve: () => void} {
	let resolve = () => {};
	const promise = new Promise<void>(done => {
		resolve = done;
	});
	return {promise, resolve};
}
