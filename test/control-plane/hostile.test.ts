import {connect} from 'node:net';
import test from 'ava';
import {type OpenControlServer, openControlServer} from './helpers/control-server.ts';

/**
 * What is thrown at the server, with `HOST` where the right host stands. `status`: it is answered with one of these; the
 * connection may be closed without an answer where 0 is among them.
 */
interface Attack {
	readonly name: string;
	readonly bytes: string;
	readonly status: readonly number[];
	/** Says nothing more, and is cut when its time is over. */
	readonly isSlow?: boolean;
	/** Ends the sending side after the bytes, as a client that has no more to say. */
	readonly ends?: boolean;
}

const POST = 'POST /api/v1/ReadVms HTTP/1.1\r\n';
const EMPTY = 'Content-Length: 0\r\n\r\n';

function head(...fields: readonly string[]): string {
	return `${POST}Host: HOST\r\n${fields.map(field => `${field}\r\n`).join('')}`;
}

const REFUSED_HOSTS = [
	'evil.test',
	'evil.test:PORT',
	'127.0.0.1.evil.test:PORT',
	'rebind.network:PORT',
	'7f000001.c0a80001.rbndr.test',
	'localhost',
	'127.0.0.1:1',
	'0.0.0.0:PORT',
	'[::]:PORT',
	'2130706433:PORT',
	'0177.0.0.1:PORT',
	'127.1:PORT',
	'localhost.:PORT',
	'localhost:PORT@evil.test',
	'localhost%00:PORT',
	'169.254.169.254',
	'host.docker.internal:PORT',
	'[::ffff:7f00:1]:PORT',
	'a'.repeat(8000),
];

const REFUSED_ORIGINS = [
	'null',
	'http://evil.test',
	'https://evil.test',
	'http://localhost:3000',
	'http://127.0.0.1',
	'https://127.0.0.1:PORT',
	'http://127.0.0.1:PORT.evil.test',
	'http://127.0.0.1:PORT@evil.test',
	'http://evil.test#127.0.0.1:PORT',
	'file://',
	'moz-extension://abc',
	'http://127.0.0.1:PORT http://evil.test',
];

const ATTACKS: readonly Attack[] = [
	...REFUSED_HOSTS.map(host => ({
		name: `host ${host.slice(0, 40)}`,
		bytes: `${POST}Host: ${host}\r\n${EMPTY}`,
		status: [403],
	})),
	...REFUSED_ORIGINS.map(origin => ({
		name: `origin ${origin}`,
		bytes: `${head(`Origin: ${origin}`)}${EMPTY}`,
		status: [403],
	})),
	{name: 'no host', bytes: `${POST}${EMPTY}`, status: [400]},
	{name: 'an empty host', bytes: `${POST}Host:\r\n${EMPTY}`, status: [403]},
	{name: 'two hosts, the first right', bytes: `${head('Host: evil.test')}${EMPTY}`, status: [403]},
	{name: 'two hosts, the second right', bytes: `${POST}Host: evil.test\r\nHost: HOST\r\n${EMPTY}`, status: [403]},
	{name: 'two right hosts', bytes: `${head('Host: HOST')}${EMPTY}`, status: [403]},
	{
		name: 'a host that comes after 3,000 fields',
		bytes: `${POST}${'a:\r\n'.repeat(3000)}Host: evil.test\r\n${EMPTY}`,
		status: [403],
	},
	{name: 'two origins', bytes: `${head('Origin: http://HOST', 'Origin: http://evil.test')}${EMPTY}`, status: [403]},
	{name: 'a cross-site request', bytes: `${head('Sec-Fetch-Site: cross-site')}${EMPTY}`, status: [403]},
	{name: 'a same-site request', bytes: `${head('Sec-Fetch-Site: same-site')}${EMPTY}`, status: [403]},
	{
		name: 'a cross-site GET',
		bytes: `GET /_lb/state HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site: cross-site\r\n\r\n`,
		status: [403],
	},
	{
		name: 'a preflight',
		bytes: `OPTIONS /_lb/reset HTTP/1.1\r\nHost: HOST\r\nOrigin: http://evil.test\r\nAccess-Control-Request-Method: POST\r\n\r\n`,
		status: [403],
	},
	{
		name: 'a form of another site',
		bytes: `POST /_lb/reset HTTP/1.1\r\nHost: HOST\r\nOrigin: http://evil.test\r\nContent-Type: text/plain\r\n${EMPTY}`,
		status: [403],
	},
	{name: 'a reset by GET', bytes: `GET /_lb/reset HTTP/1.1\r\nHost: HOST\r\n\r\n`, status: [405]},
	{name: 'a tunnel', bytes: `CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n`, status: [403]},
	{name: 'a tunnel to here', bytes: `CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\nmore bytes`, status: [403]},
	{
		name: 'a proxy request',
		bytes: `POST http://evil.test/api/v1/ReadVms HTTP/1.1\r\nHost: HOST\r\n${EMPTY}`,
		status: [403],
	},
	{
		name: 'a proxy request with its host',
		bytes: `GET http://evil.test/_lb/state HTTP/1.1\r\nHost: evil.test\r\n\r\n`,
		status: [403],
	},
	{
		name: 'a proxy request of another scheme',
		bytes: `GET ftp://HOST/_lb/state HTTP/1.1\r\nHost: HOST\r\n\r\n`,
		status: [404],
	},
	{
		name: 'an absolute target with a login',
		bytes: `GET http://HOST@evil.test/_lb/state HTTP/1.1\r\nHost: HOST\r\n\r\n`,
		status: [403],
	},
	{
		name: 'an absolute target without a host',
		bytes: `GET http:///_lb/state HTTP/1.1\r\nHost: HOST\r\n\r\n`,
		status: [400, 403],
	},
	{name: 'a target that is a star', bytes: `OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n`, status: [404]},
	{name: 'a path upwards', bytes: `GET /_lb/../../etc/passwd HTTP/1.1\r\nHost: HOST\r\n\r\n`, status: [404]},
	{
		name: 'an escaped path upwards',
		bytes: `GET /_lb/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: HOST\r\n\r\n`,
		status: [404],
	},
	{name: 'an escaped zero', bytes: `GET /_lb/state%00 HTTP/1.1\r\nHost: HOST\r\n\r\n`, status: [404]},
	{name: 'a prototype for a path', bytes: `GET /_lb/__proto__ HTTP/1.1\r\nHost: HOST\r\n\r\n`, status: [404]},
	{name: 'a constructor for a path', bytes: `POST /_lb/constructor HTTP/1.1\r\nHost: HOST\r\n${EMPTY}`, status: [404]},
	{
		name: 'a path of 12,000 characters',
		bytes: `GET /${'a'.repeat(12_000)} HTTP/1.1\r\nHost: HOST\r\n\r\n`,
		status: [404],
	},
	{
		name: 'a path of a million characters',
		bytes: `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nHost: HOST\r\n\r\n`,
		status: [0, 431],
	},
	{name: 'bytes above ASCII in a path', bytes: `GET /_lb/\xff\xfe HTTP/1.1\r\nHost: HOST\r\n\r\n`, status: [400, 404]},
	{name: 'a flood of short fields', bytes: `${POST}${'a: b\r\n'.repeat(100_000)}`, status: [0, 431]},
	{name: 'a field without end', bytes: `${POST}A: ${'b'.repeat(500_000)}`, status: [0, 431]},
	{name: 'a field name without end', bytes: `${POST}${'b'.repeat(500_000)}`, status: [0, 431]},
	{name: 'HTTP/1.0 without a host', bytes: 'POST /api/v1/ReadVms HTTP/1.0\r\nContent-Length: 0\r\n\r\n', status: [403]},
	{name: 'HTTP/1.0 with a host', bytes: `POST /api/v1/ReadVms HTTP/1.0\r\nHost: HOST\r\n${EMPTY}`, status: [200]},
	{name: 'HTTP/0.9', bytes: 'GET /_lb/state\r\n\r\n', status: [0, 400, 403]},
	{name: 'HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: [0, 400]},
	{name: 'HTTP/9.9', bytes: `GET / HTTP/9.9\r\nHost: HOST\r\n\r\n`, status: [0, 400]},
	{name: 'a TLS hello', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', status: [0, 400]},
	{name: 'an SSH greeting', bytes: 'SSH-2.0-OpenSSH_9.0\r\n', status: [0, 400]},
	{name: 'a PROXY header', bytes: `PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n${head()}${EMPTY}`, status: [0, 400]},
	{name: 'zeros', bytes: '\0'.repeat(1000), status: [0, 400]},
	{name: 'empty lines', bytes: `\r\n\r\n\r\n${head()}${EMPTY}`, status: [200]},
	{name: 'an unknown method', bytes: `HACK /_lb/state HTTP/1.1\r\nHost: HOST\r\n\r\n`, status: [0, 400]},
	{name: 'a method of lower case', bytes: `post /api/v1/ReadVms HTTP/1.1\r\nHost: HOST\r\n${EMPTY}`, status: [0, 400]},
	{name: 'TRACE', bytes: `TRACE /_lb/state HTTP/1.1\r\nHost: HOST\r\n\r\n`, status: [405]},
	{name: 'a blank before the colon', bytes: `${POST}Host : HOST\r\n${EMPTY}`, status: [0, 400]},
	{name: 'a folded field', bytes: `${head('A: b', ' c')}${EMPTY}`, status: [0, 400]},
	{name: 'a zero in a field', bytes: `${head('A: b\0c')}${EMPTY}`, status: [0, 400]},
	{name: 'a bare CR in a field', bytes: `${head('A: b\rc')}${EMPTY}`, status: [0, 400]},
	{
		name: 'line feeds alone',
		bytes: `POST /api/v1/ReadVms HTTP/1.1\nHost: HOST\nContent-Length: 0\n\n`,
		status: [0, 200, 400],
	},
	{name: 'two lengths', bytes: `${head('Content-Length: 2', 'Content-Length: 3')}\r\n{}`, status: [0, 400]},
	{
		name: 'a length and chunks',
		bytes: `${head('Content-Length: 2', 'Transfer-Encoding: chunked')}\r\n0\r\n\r\n`,
		status: [0, 400],
	},
	{name: 'a negative length', bytes: `${head('Content-Length: -1')}\r\n`, status: [0, 400]},
	{name: 'a length in words', bytes: `${head('Content-Length: ten')}\r\n`, status: [0, 400]},
	{name: 'a length in hexadecimal', bytes: `${head('Content-Length: 0x10')}\r\n`, status: [0, 400]},
	{name: 'a length past 2^64', bytes: `${head('Content-Length: 99999999999999999999999')}\r\n`, status: [0, 400]},
	{name: 'a length of a terabyte', bytes: `${head('Content-Length: 1099511627776')}\r\n`, status: [413]},
	{name: 'an unknown coding', bytes: `${head('Transfer-Encoding: gzip')}\r\n`, status: [0, 400]},
	{name: 'a chunk size that is none', bytes: `${head('Transfer-Encoding: chunked')}\r\nzz\r\n`, status: [0, 400]},
	{
		name: 'a chunk past 2^64',
		bytes: `${head('Transfer-Encoding: chunked')}\r\nfffffffffffffffff\r\n`,
		status: [0, 400],
	},
	{
		name: 'a chunk longer than it says',
		bytes: `${head('Transfer-Encoding: chunked')}\r\n1\r\nab\r\n0\r\n\r\n`,
		status: [0, 400],
	},
	{
		name: 'a chunk extension without end',
		bytes: `${head('Transfer-Encoding: chunked')}\r\n1;${'a'.repeat(100_000)}`,
		status: [0, 400, 413],
	},
	{
		name: 'trailers without end',
		bytes: `${head('Transfer-Encoding: chunked')}\r\n0\r\n${'a: b\r\n'.repeat(50_000)}`,
		status: [0, 400, 431],
	},
	{name: 'an unknown expectation', bytes: `${head('Expect: miracles')}${EMPTY}`, status: [417]},
	{
		name: 'an upgrade',
		bytes: `${head('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x')}${EMPTY}`,
		status: [200],
	},
	{
		name: 'an upgrade to HTTP/2',
		bytes: `${head('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c')}${EMPTY}`,
		status: [200],
	},
	{name: 'a body on GET', bytes: `GET /_lb/state HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\n\r\n{}`, status: [200]},
	{name: 'a body of 10 MiB', bytes: `${head('Content-Length: 10485760')}\r\n${'a'.repeat(10_485_760)}`, status: [413]},
	{
		name: 'a body of 10 MiB in chunks',
		bytes: `${head('Transfer-Encoding: chunked')}\r\na00000\r\n${'a'.repeat(10_485_760)}\r\n0\r\n\r\n`,
		status: [413],
	},
	{
		name: 'a body of 10 MiB from another site',
		bytes: `${head('Origin: null', 'Content-Length: 10485760')}\r\n${'a'.repeat(10_485_760)}`,
		status: [403],
	},
	{
		name: 'a body of 30 MiB',
		bytes: `${head('Transfer-Encoding: chunked')}\r\n1e00000\r\n${'a'.repeat(31_457_280)}`,
		status: [0, 413],
	},
	{name: 'half a head', bytes: `${POST}Host: HO`, status: [0, 400, 408], ends: true},
	{name: 'half a body', bytes: `${head('Content-Length: 100')}\r\n{"a"`, status: [0, 400, 408], ends: true},
	{
		name: 'half a chunk',
		bytes: `${head('Transfer-Encoding: chunked')}\r\nff\r\nabc`,
		status: [0, 400, 408],
		ends: true,
	},
	{name: 'nothing at all', bytes: '', status: [0], ends: true},
	{name: 'a slow head', bytes: `${POST}Host: HO`, status: [0, 408], isSlow: true},
	{name: 'a slow body', bytes: `${head('Content-Length: 100')}\r\n{"a"`, status: [0, 408], isSlow: true},
	{
		name: 'a slow chunked body',
		bytes: `${head('Transfer-Encoding: chunked')}\r\n1\r\na\r\n`,
		status: [0, 408],
		isSlow: true,
	},
	{name: 'silence', bytes: '', status: [0], isSlow: true},
	{name: 'nested arrays', bytes: json(`${'['.repeat(100_000)}`), status: [400]},
	{name: 'nested arrays that close', bytes: json(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), status: [400]},
	{name: 'nested objects', bytes: json(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`), status: [400]},
	{
		name: '100,000 keys',
		bytes: json(`{${Array.from({length: 100_000}, (_, i) => `"k${i}":1`).join()}}`),
		status: [400],
	},
	{
		name: 'a prototype as a key',
		bytes: json('{"__proto__":{"id":"i-0000000a","address":"127.0.0.1:1"}}'),
		status: [400],
	},
	{name: 'invalid UTF-8', bytes: json('{"id":"\xff\xfe"}'), status: [400]},
	{name: 'a byte order mark alone', bytes: json('\xef\xbb\xbf'), status: [400]},
	{name: 'NaN', bytes: json('NaN'), status: [400]},
	{name: 'null', bytes: json('null'), status: [400]},
	{name: 'a private key', bytes: json('-----BEGIN PRIVATE KEY-----'), status: [400]},
];

function json(body: string): string {
	return `POST /_lb/vms HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Throws it, and waits for an answer or the end of the connection. @returns the status; 0 without an answer. */
function statusOf({bytes, ends = false}: Attack, {port}: OpenControlServer): Promise<number> {
	const text = bytes.replaceAll('HOST', `127.0.0.1:${port}`).replaceAll('PORT', String(port));
	return new Promise(resolve => {
		const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true});
		let received = '';
		socket.setEncoding('latin1').on('data', (data: string) => {
			received += data;
			if (received.includes('\r\n\r\n')) settle();
		});
		const settle = () => {
			socket.destroy();
			resolve(Number(/^HTTP\/1\.1 (\d{3}) /.exec(received)?.[1] ?? 0));
		};
		socket.on('end', settle).on('close', settle).on('error', settle);
		if (ends) socket.end(text, 'latin1');
		else socket.write(text, 'latin1');
	});
}

test('what is hostile is answered or cut, and a good request works after each', async t => {
	await using patient = await openControlServer();
	await using hasty = await openControlServer({limits: {headMs: 400, requestMs: 400}});
	const before = JSON.stringify(patient.own.state());

	const wrong: string[] = [];
	for (const attack of ATTACKS) {
		const server = attack.isSlow === true ? hasty : patient;
		const status = await statusOf(attack, server);
		if (!attack.status.includes(status)) wrong.push(`${attack.name}: ${status}`);
		const good = await server.ask('POST', '/api/v1/ReadVms', '{}');
		if (good.status !== 200) wrong.push(`after ${attack.name}: ${good.status}`);
	}

	t.deepEqual(wrong, []);
	t.true(ATTACKS.length >= 100);
	t.deepEqual([...patient.errors, ...hasty.errors], []);
	t.is(patient.own.resets, 0);
	t.is(JSON.stringify(patient.own.state()), before);
	// The good requests, and what is unusual and allowed; of those that were refused none has reached the dialect.
	const allowed = ATTACKS.filter(({bytes, status}) => bytes.startsWith('POST /api/') && status.includes(200));
	t.true(patient.dialect.requests.length <= ATTACKS.length + allowed.length);
});

test('all of it at once is answered or cut as well', async t => {
	await using server = await openControlServer({limits: {headMs: 1000, requestMs: 1000}});
	// Those that are large have had their turn, and this machine's memory is not what is tested.
	const attacks = ATTACKS.filter(({bytes}) => bytes.length < 100_000);

	const statuses = await Promise.all(attacks.map(attack => statusOf(attack, server)));

	t.true(statuses.length >= 90);
	// Under load what is cut may be cut before its answer was read, and what is slow may be late.
	const wrong = attacks.flatMap(({name, status}, index) => {
		const answered = statuses[index] ?? 0;
		return [0, 408, ...status].includes(answered) ? [] : [`${name}: ${answered}`];
	});
	t.deepEqual(wrong, []);
	t.is((await server.ask('POST', '/api/v1/ReadVms', '{}')).status, 200);
	t.deepEqual(server.errors, []);
});
