import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import {runs} from '../../helpers/depth.ts';
import {eventually} from '../../helpers/patience.ts';
import {openClient, startScene} from '../../helpers/raw-scene.ts';
import {comesTrue} from '../../helpers/stalled.ts';

const CLIENTS = runs(50, 20);

/** A body that is nobody else's: every four bytes name their client. */
function bodyOf(client: number, bytes: number): string {
	return String(client)
		.padStart(4, '0')
		.repeat(bytes / 4);
}

const SIZES = [400, 4096, 40_000].flatMap(bytes => [{front: 'http', bytes} as const, {front: 'https', bytes} as const]);

for (const {front, bytes} of SIZES) {
	test(`${front}: ${CLIENTS} clients whose heads and bodies of ${bytes} bytes come at once keep each to their own`, async t => {
		await using lb = await startLoadBalancer({listeners: [`${front}:80 -> http:80`], backends: [{kind: 'echo'}]});
		const clients = await Promise.all(Array.from({length: CLIENTS}, () => openClient(lb, front)));

		for (const [index, client] of clients.entries()) {
			const body = bodyOf(index, bytes);
			// Body bytes come with the head, and wait for a connection to the back-end while others' bytes come.
			client.write(`POST /${index} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
		}
		const answers = await Promise.all(clients.map(client => client.message()));

		for (const [index, answer] of answers.entries()) {
			t.true(JSON.parse(answer.body).body === bodyOf(index, bytes));
		}
		for (const client of clients) client.reset();
	});

	test(`${front}: ${CLIENTS} clients that pipeline requests with bodies of ${bytes} bytes keep each to their own`, async t => {
		await using lb = await startLoadBalancer({listeners: [`${front}:80 -> http:80`], backends: [{kind: 'echo'}]});
		const clients = await Promise.all(Array.from({length: CLIENTS}, () => openClient(lb, front)));

		for (const [index, client] of clients.entries()) {
			const requests = [0, 1, 2].map(
				turn =>
					`POST /${turn} HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${bodyOf(index * 10 + turn, bytes)}`,
			);
			client.write(requests.join(''));
		}

		for (const [index, client] of clients.entries()) {
			for (const turn of [0, 1, 2]) {
				const {target, body} = JSON.parse((await client.message()).body);
				t.is(target, `/${turn}`);
				t.true(body === bodyOf(index * 10 + turn, bytes));
			}
			client.reset();
		}
	});
}

for (const front of ['http', 'https'] as const) {
	test(`${front}: the first bytes of a tunnel, sent with the upgrade, are those of this client`, async t => {
		await using lb = await startLoadBalancer({listeners: [`${front}:80 -> http:80`], backends: [{kind: 'echo'}]});
		const clients = await Promise.all(Array.from({length: 30}, () => openClient(lb, front)));

		for (const [index, client] of clients.entries()) {
			client.write(`GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n${bodyOf(index, 4000)}`);
		}
		for (const [index, client] of clients.entries()) {
			t.is((await client.message()).line, 'HTTP/1.1 101 Switching Protocols');
			await client.until(bodyOf(index, 4000));
			client.write(bodyOf(index + 100, 4000));
		}
		for (const [index, client] of clients.entries()) {
			await client.until(bodyOf(index + 100, 4000));
			t.true(client.received.endsWith(bodyOf(index, 4000) + bodyOf(index + 100, 4000)));
			client.reset();
		}
	});
}

test(`${CLIENTS} clients of an SSL listener keep each to their own bytes, while the back-end is dialled and after`, async t => {
	await using lb = await startLoadBalancer({
		listeners: ['ssl:80 -> tcp:80'],
		backends: [{kind: 'tcp', mode: 'echo'}],
	});
	const clients = await Promise.all(Array.from({length: CLIENTS}, () => openClient(lb, 'https')));

	for (const bytes of [400, 40_000, 400]) {
		for (const [index, client] of clients.entries()) client.write(bodyOf(index, bytes));
		for (const [index, client] of clients.entries()) {
			await client.when('echo', () => client.received.length >= bytes);
			t.true(client.received.slice(0, bytes) === bodyOf(index, bytes));
			client.received = client.received.slice(bytes);
		}
	}
	for (const client of clients) client.reset();
});

for (const front of ['http', 'https'] as const) {
	test(`${front}: a client that pipelines, ends while its answers wait, and reads late gets every answer`, async t => {
		const body = 'b'.repeat(40_000);
		await using scene = await startScene({
			front,
			scripts: Array.from({length: 20}, () => async connection => {
				for (;;) {
					const {line} = await connection.message();
					connection.write(`HTTP/1.1 200 OK\r\nX-Line: ${line}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
				}
			}),
		});
		const client = await scene.client();
		client.stream.pause();

		// More answers than the system holds for a client that does not read, so that requests wait for their turn.
		client.write(Array.from({length: 300}, (_, turn) => `GET /${turn} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
		await stands(() => scene.lb.traffic.length);
		t.true(scene.lb.traffic.length < 300);
		client.end();
		await stands(() => scene.lb.traffic.length);
		client.stream.resume();

		for (let turn = 0; turn < 300; turn++) {
			t.is((await client.message()).fields[0], `X-Line: GET /${turn} HTTP/1.1`);
		}
		t.is(await client.untilOver(), 'end');
	});
}

/** Resolves when a number that grew grows no more. */
async function stands(read: () => number): Promise<void> {
	let before = 0;
	await eventually(() => read() > 0);
	do before = read();
	while (await comesTrue(() => read() !== before));
}
