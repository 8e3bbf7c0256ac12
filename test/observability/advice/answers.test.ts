import test from 'ava';
import {advised, answering, handled, said} from '../../helpers/advised.ts';
import {within} from '../../helpers/patience.ts';
import {answer, dated, type Script} from '../../helpers/raw-backend.ts';
import {openClient, startScene} from '../../helpers/raw-scene.ts';

const TERMINATING = {listeners: ['https:443 -> http:80']} as const;
const GET = 'GET / HTTP/1.1\r\nHost: web.test\r\n\r\n';

test('a cookie without Secure behind HTTPS', async t => {
	const cookies = ['a=1; Secure; Path=/', 'session=secret; HttpOnly'];
	const lb = await advised(t, {...TERMINATING, backends: [answering(200, {'set-cookie': cookies})]});

	await lb.fetch('/');
	await lb.fetch('/');

	t.deepEqual(said(lb), ['cookie-without-secure app:443 certain 2']);
	t.false(JSON.stringify(lb.advice).includes('secret'));
});

test('cookies with Secure, of plain listeners, and of the load balancer are in order', async t => {
	const backends = [answering(200, {'set-cookie': 'a=1; Path=/; SECURE'})];
	const sticky = {listen: 'https:443 -> http:80', stickiness: {seconds: 60}} as const;
	const lb = await advised(t, {listeners: ['http:80', sticky], backends});
	const plain = await advised(t, {backends: [answering(200, {'set-cookie': 'a=1'})]});

	await lb.fetch('https://127.0.0.1/');
	await lb.fetch('/');
	await plain.fetch('/');

	t.regex(JSON.stringify([...lb.traffic][0]), /AWSELB/);
	t.deepEqual([...said(lb), ...said(plain)], []);
});

test('with securedCookies the load balancer adds Secure, and there is nothing to advise', async t => {
	const backends = [answering(200, {'set-cookie': 'a=1'})];
	const lb = await advised(t, {...TERMINATING, backends, securedCookies: true});

	await lb.fetch('/');

	t.is(lb.traffic.last().response.headers['set-cookie'], 'a=1; Secure');
	t.deepEqual(said(lb), []);
});

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: web.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const switching: Script = async connection => {
	await connection.message();
	connection.end(SWITCH);
	await connection.untilOver();
};

test('an upgrade that the cloud would not pass on', async t => {
	await using scene = await startScene({scripts: [switching]});
	const ended = scene.lb.traffic.next();

	const client = await scene.send(UPGRADE);
	t.is((await client.message()).line, 'HTTP/1.1 101 Switching Protocols');
	client.end();
	await ended;

	t.deepEqual(said(scene.lb), ['upgrade-on-http-listener :80 certain 1']);
	t.regex(scene.lb.advice[0]?.fix ?? '', /`tcp:80 -> tcp:80`/);
});

test('where upgrades are refused as in the cloud, or pass over TCP, nothing is advised', async t => {
	await using refusing = await startScene({spec: {upgrade: 'refuse'}});
	await using tcp = await startScene({scripts: [switching], spec: {listeners: ['tcp:80']}});

	const refused = await refusing.send(UPGRADE);
	t.is((await refused.message()).line, 'HTTP/1.1 200 OK');
	const ended = tcp.lb.traffic.next();
	const client = await tcp.send(UPGRADE);
	t.is((await client.message()).line, 'HTTP/1.1 101 Switching Protocols');
	client.end();
	await ended;

	t.deepEqual([...said(refusing.lb), ...said(tcp.lb)], []);
});

const excess = test.macro({
	async exec(t, answered: string) {
		await using scene = await startScene({scripts: [answer(dated(answered))]});

		const client = await scene.send(GET);
		await client.message();
		await scene.fresh(t);

		t.deepEqual(said(scene.lb), [`wrong-content-length 127.0.0.1:${scene.backend.port}: certain 1`]);
		t.is(scene.lb.advice[0]?.seen, [...scene.lb.traffic][0]);
	},
	title: (name = '') => `more bytes than an answer has: ${name}`,
});

test('a Content-Length that is too small', excess, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12345');
test('a length and a body of none', excess, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\nbody');
test(
	'bytes behind the last chunk',
	excess,
	'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nb',
);

test('bytes on a connection that rests belong to the answer before', async t => {
	let send = (): void => {};
	const script: Script = async connection => {
		await connection.message();
		await connection.writeAll(dated('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n1234'));
		await new Promise<void>(resolve => {
			send = resolve;
		});
		await connection.writeAll('5');
		await connection.untilOver();
	};
	await using scene = await startScene({scripts: [script]});

	await (await scene.send(GET)).message();
	send();
	await (await scene.backend.connection()).untilOver();

	t.is(scene.lb.advice[0]?.code, 'wrong-content-length');
	t.is(scene.lb.advice[0]?.seen, scene.lb.traffic.last());
});

test('an answer that ends before its Content-Length', async t => {
	await using scene = await startScene({
		scripts: [answer(dated('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234'), 'end')],
	});

	const client = await scene.send(GET);
	await client.untilOver();

	t.deepEqual(said(scene.lb), [`wrong-content-length 127.0.0.1:${scene.backend.port}: likely 1`]);
});

const lengths = test.macro({
	async exec(t, answered: string, then: 'stay' | 'end' | 'reset') {
		await using scene = await startScene({scripts: [answer(dated(answered), then)]});
		const ended = scene.lb.traffic.next();

		await scene.send(GET);
		await ended;

		t.deepEqual(said(scene.lb), []);
	},
	title: (name = '') => `no advice about the length of ${name}`,
});

test('a right answer', lengths, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n1234', 'stay');
test('an answer up to the end', lengths, 'HTTP/1.1 200 OK\r\n\r\n1234', 'end');
test(
	'an answer with Connection: close',
	lengths,
	'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1',
	'end',
);
test('an answer that a crash cuts', lengths, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234', 'reset');
test('chunks that are cut', lengths, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12', 'end');

test('a client that writes an X-Forwarded-For', async t => {
	const lb = await advised(t, {backends: ['echo', 'other'].map(name => ({kind: 'echo' as const, name}))});

	await lb.fetch('/', {headers: {'x-forwarded-for': '203.0.113.9'}});
	await lb.fetch('/', {headers: {'x-forwarded-for': '203.0.113.9, 10.0.0.1'}});

	t.deepEqual(said(lb), ['forwarded-for-forgeable :80 possible 2']);
	t.false(lb.advice[0]?.message.includes('203.0.113.9'));
});

test('a back-end that answers with the forged address believes it', async t => {
	const believing = handled(({headers}, response) => {
		response.end(`you are ${String(headers['x-forwarded-for']).split(',')[0]}`);
	});
	const lb = await advised(t, {backends: [believing]});

	await lb.fetch('/', {headers: {'x-forwarded-for': '203.0.113.9'}});

	t.deepEqual(said(lb), ['forwarded-for-forgeable app:80 likely 1']);
});

test('a client that writes none is not advised', async t => {
	const lb = await advised(t, {listeners: ['http:80', 'https:443 -> http:80'], backends: 1});

	await lb.fetch('/');
	await lb.fetch('https://127.0.0.1/');

	t.is(lb.traffic.length, 2);
	t.deepEqual(said(lb), []);
});

test('a deregistered back-end with requests in flight, and draining off', async t => {
	const lb = await advised(t, {backends: [handled(() => {}), {kind: 'echo', name: 'b'}]});
	const client = await openClient(lb);
	client.write(GET);
	await lb.traffic.arrival();

	await lb.drain('app');

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.deepEqual(said(lb), ['deregistered-in-flight app: certain 1']);
	t.is(lb.advice[0]?.seen?.outcome, 'drained');
});

test('with draining, or with nothing in flight, deregistering is in order', async t => {
	let take = (_: () => void): void => {};
	const taken = new Promise<() => void>(resolve => {
		take = resolve;
	});
	const slow = handled((_, response) => take(() => response.end()));
	const lb = await advised(t, {backends: [slow, {kind: 'echo', name: 'b'}], draining: '1h'});
	const answered = lb.fetch('/');
	const respond = await within('a request', taken);

	const drained = lb.drain('app');
	respond();
	await drained;
	await lb.drain('b');

	t.is((await answered).status, 200);
	t.deepEqual(said(lb), []);
});

test('what is cut when the time of draining is up was not cut for want of it', async t => {
	const backends = [handled(() => {}), {kind: 'echo' as const, name: 'b'}];
	const lb = await advised(t, {backends, draining: '30s', clock: 'manual'});
	const client = await openClient(lb);
	client.write(GET);
	await lb.traffic.arrival();

	const drained = lb.drain('app');
	await lb.clock.advance('30s');
	await drained;

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.is(lb.traffic.last().outcome, 'drained');
	t.deepEqual(said(lb), []);
});

test('what a fault was injected into says nothing of the back-end', async t => {
	const lb = await advised(t, {backends: [{kind: 'echo', name: 'app'}]});
	const forging = {headers: {'x-forwarded-for': '203.0.113.9'}};
	const fault = lb.inject({on: 'backend:app', do: {status: 400}, times: 1});

	t.is((await lb.fetch('/', forging)).status, 400);
	t.is(fault.hits, 1);
	t.deepEqual(said(lb), []);
	await lb.fetch('/', forging);

	t.deepEqual(said(lb), ['forwarded-for-forgeable :80 possible 1']);
});
