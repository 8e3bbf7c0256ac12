// A process of its own: it starts a browser.
import {createServer, request, type ServerResponse} from 'node:http';
import test, {type ExecutionContext} from 'ava';
import type {Browser, Page} from 'playwright-core';
import {startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {EventReader} from '../../helpers/event-reader.ts';
import {listening} from '../../helpers/own-servers.ts';
import {launch, openPage, openTab, SCENE, startScene} from '../../helpers/page-scene.ts';
import {eventually} from '../../helpers/patience.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

const numbers = (page: Page) =>
	page
		.locator('[role=row][data-key]')
		.evaluateAll(rows => rows.map(row => Number((row as HTMLElement).dataset['key'])).sort((one, two) => one - two));

/** Stands between the page and a control port, and may cut its streams. */
class Between {
	endpoint = '';
	/** What the page has asked for, with `Last-Event-ID` where it is a stream. */
	readonly streams: (string | undefined)[] = [];
	/** The stream of the page that is open. */
	open: ServerResponse | undefined;
	/** What an event has to have so that the stream is cut within it; once. */
	#cutsAt: string | undefined;

	static async start(t: ExecutionContext, {endpoint}: {readonly endpoint: string}): Promise<Between> {
		const between = new Between();
		const {host} = new URL(endpoint);
		const server = createServer((asked, response) => {
			const headers = {...asked.headers, host, ...(asked.headers.origin === undefined ? {} : {origin: endpoint})};
			const isStream = asked.url === '/_lb/events';
			if (isStream) between.#begin(response, asked.headers['last-event-id']);
			const sent = request(`${endpoint}${asked.url}`, {method: asked.method ?? '', headers, agent: false});
			sent.on('response', answer => {
				response.writeHead(answer.statusCode ?? 0, answer.headers);
				if (isStream)
					answer.on('data', (bytes: Buffer) => between.#pass(bytes, response)).on('end', () => response.end());
				else answer.pipe(response);
			});
			sent.on('error', () => response.destroy());
			response.on('close', () => sent.destroy());
			asked.pipe(sent);
		});
		between.endpoint = `http://127.0.0.1:${await listening(t, server)}`;
		t.teardown(() => server.closeAllConnections());
		return between;
	}

	/** Cuts the stream within the next event that has this in it. */
	cutAt(text: string): void {
		this.#cutsAt = text;
	}

	#begin(response: ServerResponse, lastEventId: string | string[] | undefined): void {
		this.open = response;
		this.streams.push(lastEventId?.toString());
	}

	#pass(bytes: Buffer, response: ServerResponse): void {
		const at = this.#cutsAt === undefined ? -1 : bytes.indexOf(this.#cutsAt);
		if (at === -1) response.write(bytes);
		else {
			this.#cutsAt = undefined;
			response.write(bytes.subarray(0, at + 3), () => response.destroy());
		}
	}
}

test.serial(
	'a stream that is cut within an event goes on behind the last whole one, and each row is there once',
	async t => {
		const emulator = await startScene(t);
		const between = await Between.start(t, emulator);
		const page = await openPage(t, browser, between, {hash: '#/traffic', isCut: true});
		await page.getByText('4 of 4 exchanges').waitFor();

		for (const target of ['/cut-1', '/cut-2', '/cut-3']) {
			between.cutAt(target);
			await emulator.get('web').fetch(target);
			await page.getByRole('row').filter({hasText: target}).waitFor();
		}

		await page.getByText('7 of 7 exchanges').waitFor();
		t.deepEqual(await numbers(page), [1, 2, 3, 4, 5, 6, 7]);
		t.is(between.streams.length, 4);
		t.is(between.streams[0], undefined);
		t.true(
			between.streams.slice(1).every(id => /^\d+$/.test(id ?? '')),
			String(between.streams),
		);
		// What was read is what the stream said: nothing was read anew.
		const read = await page.evaluate(() => performance.getEntriesByType('resource').map(({name}) => name));
		t.is(read.filter(name => name.includes('traffic?')).length, 1);
	},
);

test.serial('a stream that says what no lb-local says is left, and another is opened', async t => {
	const emulator = await startScene(t);
	const between = await Between.start(t, emulator);
	const page = await openPage(t, browser, between, {hash: '#/traffic'});
	await page.getByText('4 of 4 exchanges').waitFor();

	// Bytes that are no text and lines that are no events are nothing to a browser.
	between.open?.write(
		Buffer.from('\xff\xfe\x00garbage\n\nevent: nothing\ndata: 1\n\nid: \x00\nretry: x\n\n', 'latin1'),
	);
	await emulator.get('web').fetch('/after-1');
	await page.getByText('5 of 5 exchanges').waitFor();
	t.is(between.streams.length, 1);
	between.open?.write('event: exchanges\ndata: {"opened":[\n\n');
	await page.getByText('no connection, trying again').waitFor();
	await emulator.get('web').fetch('/after-2');
	await page.getByText('6 of 6 exchanges').waitFor();

	await page.getByText('● live').waitFor();
	t.deepEqual(await numbers(page), [1, 2, 3, 4, 5, 6]);
	t.is(between.streams.length, 2);
});

test.serial('another emulator whose events have higher numbers is not taken for the one before', async t => {
	const first = await startScene(t);
	const port = Number(new URL(first.endpoint).port);
	const {context, page, errors} = await openTab(t, browser);
	await page.goto(`${first.endpoint}/_lb/#/traffic`);
	await page.getByText('4 of 4 exchanges').waitFor();
	await first.get('web').fetch('/first');
	await page.getByText('5 of 5 exchanges').waitFor();
	await context.setOffline(true);
	await first.stop();
	await page.getByText('no connection, trying again').waitFor();

	await using second = await startEmulator({port, authority, clock: 'manual', config: SCENE});
	const web = second.get('web');
	await web.settle();
	await web.fetch('/second-1');
	// Somebody else has had it count events.
	const reader = await EventReader.open(t, second);
	for (let number = 2; number <= 9; number++) {
		await web.fetch(`/second-${number}`);
		await eventually(() => reader.targets.includes(`/second-${number}`));
	}
	await context.setOffline(false);

	await page.getByText('9 of 9 exchanges').waitFor();
	await page.getByRole('row').filter({hasText: '/second-1'}).waitFor();
	t.is(await page.getByRole('row').filter({hasText: '/first'}).count(), 0);
	t.true(Number(reader.lastId) >= 8);
	t.deepEqual(errors, []);
});
