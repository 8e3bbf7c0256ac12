// A process of its own: it starts a browser.
import {connect, createServer, type Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {listening} from '../../helpers/own-servers.ts';
import {launch, openPage, startScene} from '../../helpers/page-scene.ts';

/** Stands between the browser and a control port, and can leave the stream of events unread. */
class SlowWay {
	port = 0;
	/** The connection to the control port that carries the stream. */
	#stream: Socket | undefined;
	#browser: Socket | undefined;

	static async to(t: ExecutionContext, port: number): Promise<SlowWay> {
		const way = new SlowWay();
		const server = createServer(near => {
			const far = connect(port, '127.0.0.1');
			near.on('data', piece => {
				// A browser sends a head in one piece.
				if (piece.toString('latin1').startsWith('GET /_lb/events')) [way.#stream, way.#browser] = [far, near];
				far.write(piece);
			});
			far.pipe(near);
			// A tab that is closed resets its connections.
			for (const socket of [near, far]) socket.on('error', () => {});
			near.on('close', () => far.destroy());
			far.on('close', () => near.destroy());
		});
		way.port = await listening(t, server);
		return way;
	}

	/** How much the control port could send. */
	get bytes(): number {
		return this.#stream?.bytesRead ?? 0;
	}

	stall(): void {
		this.#stream?.unpipe().pause();
	}

	goOn(): void {
		if (this.#browser !== undefined) this.#stream?.pipe(this.#browser);
	}
}

test('a page that takes nothing costs a bounded queue, and reads everything again when it takes it', async t => {
	const emulator = await startScene(t);
	const port = Number(new URL(emulator.endpoint).port);
	const way = await SlowWay.to(t, port);
	await using browser = await launch(`--host-resolver-rules=MAP 127.0.0.1:${port} 127.0.0.1:${way.port}`);
	const page = await openPage(t, browser, emulator, {hash: '#/calls'});
	await page.getByText('Nobody has called').waitFor();
	const readings = () =>
		page.evaluate(
			() => performance.getEntriesByType('resource').filter(({name}) => name.endsWith('/_lb/calls')).length,
		);
	t.is(await readings(), 1);
	way.stall();

	// Each call with parameters that mean nothing is an event of 5 kB: 10 MB, more than the queue and the system hold.
	const odd = Array.from({length: 50}, (_, index): [string, string] => [`${index}`.padStart(100, 'x'), '1']);
	const form = new URLSearchParams([['Action', 'DescribeLoadBalancers'], ['Version', '2012-06-01'], ...odd]);
	let calls = 0;
	await Promise.all(
		Array.from({length: 8}, async () => {
			while (calls++ < 2000) await (await fetch(`${emulator.endpoint}/`, {method: 'POST', body: form})).text();
		}),
	);
	await emulator.get('web').fetch('/meanwhile');
	t.is(await page.getByRole('navigation').getByText('2,000').count(), 0);
	way.goOn();

	await page.getByRole('navigation').getByText('2,000').waitFor();
	await page.waitForFunction(
		() => performance.getEntriesByType('resource').filter(({name}) => name.endsWith('/_lb/calls')).length > 1,
	);
	t.true(way.bytes < 9_000_000, `${way.bytes} bytes were sent`);
	await page.getByRole('link', {name: 'Traffic'}).click();
	await page.getByRole('row').filter({hasText: '/meanwhile'}).waitFor();
	await emulator.get('web').fetch('/after');
	await page.getByRole('row').filter({hasText: '/after'}).waitFor();
});
