import test from 'ava';
import {advised, answering, handled, said} from '../../helpers/advised.ts';

/** A manual clock: the only probes are those of `settle()`. */
const probing = (target: `HTTP:${number}/${string}` | `SSL:${number}`) =>
	({clock: 'manual', healthCheck: {target, healthy: 2, unhealthy: 2}}) as const;

test('a health target that redirects', async t => {
	const lb = await advised(t, {
		...probing('HTTP:80/health'),
		backends: [answering(301, {location: 'https://web.test/health'})],
	});

	await lb.settle();

	t.deepEqual(said(lb), ['health-target-redirects app: certain 2']);
	const [advice] = lb.advice;
	t.is(
		advice?.message,
		'Probes of HTTP:80/health are answered 301 by back-end app, a redirect; a probe follows none, and only 200 passes',
	);
	t.is(advice?.probe?.result, 'HTTP 301');
	t.is(advice?.seen, undefined);
});

/** Knows clients by their Host, as Django and Rails do. */
const knowsHosts = (status: number) =>
	handled(({headers}, response) => void response.writeHead(headers.host === 'web.test' ? 200 : status).end());
const asWebTest = (path: string) => `GET ${path} HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n`;

async function get(lb: Awaited<ReturnType<typeof advised>>, path: string): Promise<void> {
	const ended = lb.traffic.next();
	const stream = await lb.connect(80);
	stream.on('error', () => {}).write(asWebTest(path));
	stream.resume();
	await ended;
}

test('a health target that needs a Host, seen by a client of the same path', async t => {
	const lb = await advised(t, {...probing('HTTP:80/health'), backends: [knowsHosts(400)]});

	await lb.settle();
	lb.setHealth('app', 'InService');
	await get(lb, '/');
	t.deepEqual(said(lb), []);
	await get(lb, '/health');

	t.deepEqual(said(lb), ['health-target-needs-host app: likely 1']);
	t.is(lb.advice[0]?.probe?.result, 'HTTP 400');
	t.is(lb.advice[0]?.seen, lb.traffic.last());
});

test('421 says by itself that a Host is needed', async t => {
	const lb = await advised(t, {...probing('HTTP:80/health'), backends: [knowsHosts(421)]});

	await lb.settle();

	t.deepEqual(said(lb), ['health-target-needs-host app: certain 2']);
});

test('probes that pass, or fail for another reason, are not advised', async t => {
	const passing = await advised(t, {...probing('HTTP:80/health'), backends: [answering(200)]});
	const failing = await advised(t, {...probing('HTTP:80/health'), backends: [answering(500)]});
	const missing = await advised(t, {...probing('HTTP:80/health'), backends: [answering(404)]});

	await Promise.all([passing, failing, missing].map(lb => lb.settle()));
	missing.setHealth('app', 'InService');
	await get(missing, '/health');

	t.deepEqual([passing, failing, missing].map(said), [[], [], []]);
});

test('a probe that passed in between takes back what one before it seemed to say', async t => {
	let status = 403;
	const backends = [handled((_, response) => void response.writeHead(status).end())];
	const lb = await advised(t, {...probing('HTTP:80/health'), backends});

	await lb.settle();
	status = 200;
	await lb.settle();
	await get(lb, '/health');

	t.deepEqual(said(lb), []);
});

test('probes over TLS of a plain port, and plain ones of a TLS port', async t => {
	const greeting = {kind: 'tcp', mode: 'banner', data: '220 ready\r\n', name: 'app'} as const;
	const overTls = await advised(t, {...probing('SSL:80'), backends: [greeting]});
	const fine = await advised(t, {...probing('SSL:80'), backends: [{...answering(200), tls: true}]});
	const alert = {kind: 'tcp', mode: 'banner', data: Buffer.from([0x15, 3, 1, 0, 2, 2, 0x46]), name: 'app'} as const;
	const plain = await advised(t, {...probing('HTTP:80/'), backends: [alert]});

	await Promise.all([overTls, fine, plain].map(lb => lb.settle()));

	t.deepEqual([overTls, fine, plain].map(said), [
		['tls-to-plaintext-port app: certain 2'],
		[],
		['plaintext-to-tls-port app: certain 2'],
	]);
});
