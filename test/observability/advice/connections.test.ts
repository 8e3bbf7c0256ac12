import {once} from 'node:events';
import test from 'ava';
import {advised, answering, authority, handled, said} from '../../helpers/advised.ts';
import {eventually} from '../../helpers/patience.ts';
import {answer, dated, type Script} from '../../helpers/raw-backend.ts';
import {open} from '../../helpers/raw-connection.ts';
import {openClient, startScene} from '../../helpers/raw-scene.ts';

const GET = 'GET / HTTP/1.1\r\nHost: web.test\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 1\r\n\r\nx';
const OK = dated('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');

const announces = test.macro({
	async exec(t, field: string, idleTimeout: '5s' | '60s', expected: readonly string[]) {
		const keeping = handled((_, response) => {
			response.setHeader('connection', 'keep-alive');
			response.setHeader('keep-alive', field).end();
		});
		const lb = await advised(t, {backends: [keeping], idleTimeout});

		await lb.fetch('/');
		await lb.fetch('/');

		t.deepEqual(said(lb), expected);
	},
	title: (name = '') => `a back-end that announces ${name}`,
});

const SHORT = 'keep-alive-shorter-than-idle-timeout';
test('less than the idle timeout', announces, 'timeout=5', '60s', [`${SHORT} app: certain 2`]);
test('as much as the idle timeout', announces, 'max=100, Timeout=5', '5s', [`${SHORT} app: certain 2`]);
test('more than the idle timeout', announces, 'timeout=6', '5s', []);
test('no timeout', announces, 'max=100', '60s', []);

test('the advice about keep-alive says both times', async t => {
	const keeping = handled((_, response) => {
		response.setHeader('connection', 'keep-alive').setHeader('keep-alive', 'timeout=5').end();
	});
	const lb = await advised(t, {backends: [keeping]});

	await lb.fetch('/');

	t.is(
		lb.advice[0]?.message,
		'Back-end app announces that it closes idle connections after 5 s (Keep-Alive: timeout); the idle timeout of the load balancer is 60 s. A request that meets the close on its way is answered 502',
	);
});

/** Answers one request, and ends as the next one comes. */
const closesOnReuse: Script = async connection => {
	await connection.message();
	await connection.writeAll(OK);
	await connection.message();
	connection.end();
	await connection.untilOver();
};

test('a kept-alive connection that is closed as a request is on its way: repeated, and 502', async t => {
	await using scene = await startScene({scripts: [closesOnReuse, closesOnReuse]});
	const client = await scene.client();
	const status = async (request: string) => {
		client.write(request);
		return (await client.message()).line;
	};

	t.is(await status(GET), 'HTTP/1.1 200 OK');
	t.is(await status(GET), 'HTTP/1.1 200 OK');
	t.is(await status(POST), 'HTTP/1.1 502 Bad Gateway');

	t.deepEqual(said(scene.lb), [`${SHORT} 127.0.0.1:${scene.backend.port}: likely 2`]);
	t.is(scene.lb.advice[0]?.seen, [...scene.lb.traffic][1]);
});

/** Answers one request, and ends in order while nothing is asked. */
const closesAtRest: Script = async connection => {
	await connection.message();
	await connection.writeAll(OK);
	connection.end();
	await connection.untilOver();
};

test('a connection that is closed at rest counts once its back-end is seen alive', async t => {
	await using scene = await startScene({scripts: [closesAtRest]});

	await (await scene.send(GET)).message();
	await (await scene.backend.connection()).untilOver();
	t.deepEqual(said(scene.lb), []);
	await scene.fresh(t);

	t.deepEqual(said(scene.lb), [`${SHORT} 127.0.0.1:${scene.backend.port}: likely 1`]);
	t.is(scene.lb.advice[0]?.seen, [...scene.lb.traffic][0]);
	t.regex(scene.lb.advice[0]?.message ?? '', /closed a connection that had rested for \d+ ms; the idle timeout/);
});

test('a back-end that was stopped and started says nothing of its keep-alive', async t => {
	const lb = await advised(t, {backends: [answering(200)]});
	await lb.fetch('/');

	await lb.backend('app').stop();
	t.is((await lb.fetch('/')).status, 503);
	await lb.backend('app').start();
	await lb.fetch('/');

	t.deepEqual(said(lb), []);
});

test('a back-end that is gone says nothing of its keep-alive', async t => {
	await using scene = await startScene({scripts: [closesAtRest]});

	await (await scene.send(GET)).message();
	await (await scene.backend.connection()).untilOver();
	scene.backend.refuse();
	const refused = await scene.send(GET);

	t.is((await refused.message()).line, 'HTTP/1.1 503 Service Unavailable');
	t.deepEqual(said(scene.lb), []);
});

test('a new connection that is lost is no matter of keep-alive', async t => {
	const ends: Script = async connection => {
		await connection.message();
		connection.end();
	};
	await using scene = await startScene({scripts: [ends]});

	const client = await scene.send(GET);

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.deepEqual(said(scene.lb), []);
});

const PROXIED = [{listen: 'http:80', proxyProtocol: true}] as const;

test('a back-end that takes the PROXY line for a request answers 400', async t => {
	const lb = await advised(t, {listeners: PROXIED, backends: [{...answering(200), proxyProtocol: 'off'}]});

	t.is((await lb.fetch('/')).status, 400);

	t.deepEqual(said(lb), ['proxy-header-not-understood app:80 likely 1']);
});

test('a back-end that closes after a PROXY line, over HTTP and over TCP', async t => {
	const ends: Script = async connection => {
		await connection.until('\r\n');
		connection.reset();
	};
	await using http = await startScene({scripts: [ends], spec: {listeners: PROXIED}});
	await using tcp = await startScene({
		scripts: [ends],
		spec: {listeners: [{listen: 'tcp:80', proxyProtocol: true}]},
	});

	t.is((await (await http.send(GET)).message()).line, 'HTTP/1.1 502 Bad Gateway');
	await (await tcp.send('hello')).untilOver();

	t.deepEqual(said(http.lb), [`proxy-header-not-understood 127.0.0.1:${http.backend.port}:80 likely 1`]);
	t.deepEqual(said(tcp.lb), [`proxy-header-not-understood 127.0.0.1:${tcp.backend.port}:80 likely 1`]);
});

test('a back-end that understands the PROXY line may answer 400, and go', async t => {
	const choosy = handled(({url}, response) => {
		if (url === '/gone') response.destroy();
		else response.writeHead(url === '/bad' ? 400 : 200).end();
	});
	const lb = await advised(t, {listeners: PROXIED, backends: [{...choosy, proxyProtocol: 'require'}]});

	await lb.fetch('/');
	t.is((await lb.fetch('/bad')).status, 400);
	t.is((await lb.fetch('/gone')).status, 502);

	t.deepEqual(said(lb), []);
});

test('a back-end that requires a PROXY line gets none, over HTTP and over TCP', async t => {
	const backends = [{kind: 'echo', name: 'app', proxyProtocol: 'require'}] as const;
	const lb = await advised(t, {listeners: ['http:80', 'tcp:81'], backends});

	t.is((await lb.fetch('/')).status, 502);
	const stream = await lb.connect(81);
	stream.on('error', () => {}).end(GET);
	stream.resume();
	await eventually(() => lb.advice.length === 2, 'two pieces of advice');

	t.deepEqual(said(lb), ['proxy-header-missing app:80 certain 1', 'proxy-header-missing app:81 certain 1']);
});

test('plain text at a TLS listener', async t => {
	const lb = await advised(t, {listeners: ['https:443 -> http:80', 'ssl:444 -> tcp:80'], backends: 1});

	for (const port of [443, 444]) {
		const client = await open({port: lb.port(port)});
		client.write(port === 443 ? GET : 'SSH-2.0-OpenSSH_9.6\r\n');
		await client.untilOver();
	}

	t.deepEqual(said(lb), ['plaintext-to-tls-port :443 certain 1', 'plaintext-to-tls-port :444 certain 1']);
});

test('TLS at a plain listener', async t => {
	const lb = await advised(t, {backends: 1});

	await t.throwsAsync(lb.connect(80, {tls: true}));
	await eventually(() => lb.advice.length > 0, 'advice');

	t.deepEqual(said(lb), ['tls-to-plaintext-port :80 certain 1']);
});

const toTls = test.macro({
	async exec(t, answered: string) {
		await using scene = await startScene({scripts: [answer(answered, 'end')]});

		await (await scene.send(GET)).message();

		t.deepEqual(said(scene.lb), [`plaintext-to-tls-port 127.0.0.1:${scene.backend.port}:80 certain 1`]);
		t.regex(scene.lb.advice[0]?.fix ?? '', /`-> https:80`/);
	},
	title: (name = '') => `plain HTTP to a TLS port of ${name}`,
});

const REFUSED = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
test('nginx', toTls, `${REFUSED}<center>The plain HTTP request was sent to HTTPS port</center>`);
test('Apache', toTls, `${REFUSED}Reason: You're speaking plain HTTP to an SSL-enabled server port.`);
test('Go', toTls, 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
test('a server that sends an alert', toTls, '\x15\x03\x01\x00\x02\x02\x46');

test('plain HTTP and plain TCP to a fake back-end that speaks TLS', async t => {
	const lb = await advised(t, {listeners: ['http:80', 'tcp:81'], backends: [{...answering(200), tls: true}]});

	t.is((await lb.fetch('/')).status, 502);
	const stream = await lb.connect(81);
	await new Promise(resolve =>
		stream
			.on('error', () => {})
			.on('close', resolve)
			.end(GET)
			.resume(),
	);
	await eventually(() => lb.advice.length === 2, 'two pieces of advice');

	t.deepEqual(said(lb), ['plaintext-to-tls-port app:80 certain 1', 'plaintext-to-tls-port app:81 certain 1']);
});

test('a 400 of a plain back-end is its own affair', async t => {
	const lb = await advised(t, {backends: [handled((_, response) => response.writeHead(400).end('no HTTP request'))]});

	t.is((await lb.fetch('/')).status, 400);

	t.deepEqual(said(lb), []);
});

test('TLS to a back-end that speaks plain text', async t => {
	const lb = await advised(t, {
		listeners: ['https:443 -> https:443', 'ssl:444 -> ssl:443'],
		backends: [answering(200)],
	});

	t.is((await lb.fetch('/')).status, 502);
	const stream = await lb.connect(444);
	await new Promise(resolve =>
		stream
			.on('error', () => {})
			.on('close', resolve)
			.resume(),
	);

	t.deepEqual(said(lb), ['tls-to-plaintext-port app:443 certain 1', 'tls-to-plaintext-port app:444 certain 1']);
});

test('who speaks what is expected is not advised', async t => {
	const backends = [{...answering(200), tls: true as const}];
	const lb = await advised(t, {listeners: ['https:443 -> https:443', 'ssl:444 -> ssl:443'], backends});

	t.is((await lb.fetch('/')).status, 200);
	const stream = await lb.connect(444);
	stream.end(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
	stream.resume();
	await once(stream, 'end');
	await eventually(() => lb.traffic.last().outcome !== 'open', 'the end of the connection');

	t.deepEqual(said(lb), []);
});

test('garbage from a client or a back-end is no TLS', async t => {
	await using scene = await startScene({scripts: [answer('SSH-2.0-OpenSSH\r\n', 'end')]});
	const garbage = await openClient(scene.lb);
	garbage.write('\x16 garbage\r\n\r\n');
	await garbage.untilOver();

	await (await scene.send(GET)).message();

	t.deepEqual(said(scene.lb), []);
});

test('a back-end whose certificate has another name than the one that is verified', async t => {
	const verifying = (servername: string) =>
		advised(t, {
			listeners: [{listen: 'https:443 -> https:443', verifyBackend: {ca: authority.pem, servername}}],
			backends: [{...answering(200), tls: {names: ['shop.test']}}],
		});
	const [wrong, right] = [await verifying('other.test'), await verifying('shop.test')];

	t.is((await wrong.fetch('/')).status, 502);
	t.is((await right.fetch('/')).status, 200);

	t.deepEqual(said(wrong), ['certificate-name-mismatch app:443 certain 1']);
	t.deepEqual(said(right), []);
});
