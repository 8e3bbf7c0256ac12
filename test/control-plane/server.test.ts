import {execFile, spawnSync} from 'node:child_process';
import {promisify} from 'node:util';
import test from 'ava';
import {AwsClient} from 'aws4fetch';
import type {ApiAnswer, ApiRequest, Dialect} from '../../src/control-plane/dialect.ts';
import {startControlPlane} from '../../src/control-plane/server.ts';
import {authenticator} from '../../src/control-plane/signature.ts';
import {heldPort} from '../helpers/ports.ts';
import {EchoDialect, FakeAdminApi, openControlServer} from './helpers/control-server.ts';

const OPTIONS = {
	host: '127.0.0.1',
	port: 0,
	fallback: false,
	dialects: [],
	own: new FakeAdminApi(),
	routeTunnel: () => ({status: 403, reason: ''}),
};

test('a request reaches the dialect whole, and its answer the client', async t => {
	await using server = await openControlServer();

	const {status, text, headers} = await server.ask('POST', '/api/latest/ReadVms?a=1?b', '{"é":1}', {
		'X-Osc-Date': '20260801T120000Z',
	});

	t.is(status, 200);
	t.is(text, '{"action":"ReadVms","bytes":8}');
	t.is(headers['content-length'], String(text.length));
	const [request] = server.dialect.requests;
	t.is(request?.method, 'POST');
	t.is(request?.path, '/api/latest/ReadVms');
	t.is(request?.query, 'a=1?b');
	t.is(request?.headers.get('x-osc-date'), '20260801T120000Z');
	t.is(Buffer.from(request?.body ?? []).toString(), '{"é":1}');
});

test('an absolute target is the same request', async t => {
	await using server = await openControlServer();
	const client = await server.connect();

	client.write(
		`POST http://localhost:${server.port}/api/v1/ReadVms HTTP/1.1\r\nHost: localhost:${server.port}\r\nContent-Length: 0\r\n\r\n`,
	);

	t.is((await client.message()).line, 'HTTP/1.1 200 OK');
	t.is(server.dialect.requests[0]?.path, '/api/v1/ReadVms');
	client.end();
});

test('fields that come several times are joined, and none is lost', async t => {
	await using server = await openControlServer();
	const client = await server.connect();

	client.write(
		`POST /api/v1/X HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nA: 1\r\nAuthorization: one\r\na: 2\r\nAuthorization: two\r\nContent-Length: 0\r\n\r\n`,
	);
	await client.message();

	t.is(server.dialect.requests[0]?.headers.get('a'), '1,2');
	t.is(server.dialect.requests[0]?.headers.get('authorization'), 'one,two');
	client.end();
});

for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']) {
	test(`${method} on a path of an API says how it is called`, async t => {
		await using server = await openControlServer();

		const {status, headers, text} = await server.ask(method, '/api/v1/ReadVms');

		t.is(status, 405);
		t.is(headers.allow, 'POST');
		const reason = `${method} does nothing at this path; actions of the API are called with POST`;
		t.is(text, method === 'HEAD' ? '' : JSON.stringify({Errors: [reason]}));
		t.deepEqual(server.dialect.requests, []);
	});
}

const NOTHING =
	'nothing is at this path; the OUTSCALE API is called with POST /api/v1/<Action>, and GET /_lb/state shows what runs';

test('a path that nothing is at is told in the form of the API, with what there is', async t => {
	await using server = await openControlServer();

	for (const path of ['/', '/favicon.ico', '/x/ReadVms']) {
		const {status, json} = await server.json('GET', path);

		t.is(status, 404);
		t.deepEqual(json, {Errors: [NOTHING]});
	}
});

test('a refused host is answered 403 with one sentence, and the dialect does not hear of it', async t => {
	await using server = await openControlServer();

	const {status, json} = await server.json('POST', '/api/v1/DeleteLoadBalancer', '{}', {Host: 'evil.test'});
	const own = await server.json('POST', '/_lb/reset', '{}', {Host: 'evil.test'});

	t.is(status, 403);
	t.regex(json.Errors[0], /^the host "evil.test" is not this one/);
	t.is(own.status, 403);
	t.is(own.json.error.code, 'REQUEST_REFUSED');
	t.regex(own.json.error.message, /^the host "evil.test" is not this one/);
	t.deepEqual(server.dialect.requests, []);
});

for (const [target, form] of [
	['/api/v1/Read\x01Vms', /^\{"Errors":\["this is not HTTP/],
	['/api/v1/ReadVms HTTP/9.9\r\n', /^\{"Errors":\["this is not HTTP/],
	['/_lb/\x01', /^\{"error":\{"code":"REQUEST_REFUSED"/],
] as const) {
	test(`bytes that are no request are refused in the form of what they ask for: ${JSON.stringify(target)}`, async t => {
		await using server = await openControlServer();
		const client = await server.connect();

		client.write(`POST ${target} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 0\r\n\r\n`);

		const {line, body} = await client.message();
		t.is(line, 'HTTP/1.1 400 Bad Request');
		t.regex(body, form);
	});
}

test('no answer lets other sites read it, whatever a dialect says', async t => {
	class Generous extends EchoDialect {
		override async answer(request: ApiRequest) {
			const {answer, call} = await super.answer(request);
			const headers = [...answer.headers, ['Access-Control-Allow-Origin', '*'], ['X-Kept', '1']] as const;
			return {answer: {...answer, headers}, call};
		}
	}
	await using server = await openControlServer({dialects: [new Generous()]});

	const answers = await Promise.all([
		server.ask('POST', '/api/v1/ReadVms', '{}'),
		server.ask('GET', '/_lb/state'),
		server.ask('OPTIONS', '/api/v1/ReadVms', undefined, {Origin: 'http://evil.test'}),
		server.ask('GET', '/nothing'),
	]);

	t.is(answers[0].headers['x-kept'], '1');
	for (const {headers} of answers) {
		t.deepEqual(
			Object.keys(headers).filter(name => name.startsWith('access-control-')),
			[],
		);
	}
});

test('a body of 4 MiB is taken, one byte more is refused in the form of the API, and the connection closed', async t => {
	await using server = await openControlServer();
	const limit = 4 * 1024 * 1024;

	const fits = await server.json('POST', '/api/v1/X', 'a'.repeat(limit));
	const over = await server.ask('POST', '/api/v1/X', 'a'.repeat(limit + 1));
	const own = await server.json('POST', '/_lb/vms', 'a'.repeat(limit + 1));

	t.deepEqual(fits, {status: 200, json: {action: 'X', bytes: limit}});
	t.is(over.status, 413);
	t.is(over.headers.connection, 'close');
	t.is(over.text, '{"Errors":["the body is too large; allowed are 4194304 bytes"]}');
	t.is(own.status, 413);
	t.is(own.json.error.message, 'the body is too large; allowed are 4194304 bytes');
	t.is(server.dialect.requests.length, 1);
});

test('a chunked body is bounded too', async t => {
	await using server = await openControlServer({limits: {bodyBytes: 10}});
	const client = await server.connect();

	client.write(`POST /api/v1/X HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nTransfer-Encoding: chunked\r\n\r\n`);
	client.write('8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n');

	t.regex((await client.message()).line, /^HTTP\/1\.1 413 /);
	t.is(await client.untilOver(), 'end');
	t.deepEqual(server.dialect.requests, []);
});

test('who asks first whether to send is told', async t => {
	await using server = await openControlServer({limits: {bodyBytes: 10}});
	const head = `POST /api/v1/X HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nExpect: 100-continue\r\n`;
	const small = await server.connect();
	const large = await server.connect();

	small.write(`${head}Content-Length: 2\r\n\r\n`);
	large.write(`${head}Content-Length: 11\r\n\r\n`);

	t.is((await small.message()).line, 'HTTP/1.1 100 Continue');
	small.write('{}');
	t.is((await small.message()).line, 'HTTP/1.1 200 OK');
	t.regex((await large.message()).line, /^HTTP\/1\.1 413 /);
	small.end();
	large.end();
});

test('an upload that is broken off is forgotten', async t => {
	await using server = await openControlServer();
	const client = await server.connect();
	await client.writeAll(`POST /api/v1/X HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 100\r\n\r\n{"a"`);

	client.reset();
	const {status} = await server.ask('POST', '/api/v1/Y', '{}');

	t.is(status, 200);
	t.deepEqual(
		server.dialect.requests.map(({path}) => path),
		['/api/v1/Y'],
	);
	t.deepEqual(server.errors, []);
});

test('who asks for a tunnel and breaks it off leaves nothing', async t => {
	await using server = await openControlServer();

	for (let round = 0; round < 20; round++) {
		const client = await server.connect();
		await client.writeAll(`CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n${'x'.repeat(100_000)}`);
		client.reset();
	}
	const polite = await server.connect();
	polite.write('CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n');

	t.is((await polite.message()).line, 'HTTP/1.1 403 nothing is named evil.test');
	t.is(await polite.untilOver(), 'end');
	t.is((await server.ask('POST', '/api/v1/X', '{}')).status, 200);
});

test('a head has its own time, shorter than that of the whole request', async t => {
	await using server = await openControlServer({limits: {headMs: 1000}});
	const client = await server.connect();

	client.write('POST /api/v1/X HTTP/1.1\r\nHost: ');

	t.is((await client.message()).line, 'HTTP/1.1 408 Request Timeout');
	t.is(await client.untilOver(), 'end');
});

test('requests in one go are answered in their order', async t => {
	const waiting: (() => void)[] = [];
	class Slow extends EchoDialect {
		override async answer(request: ApiRequest) {
			if (request.path.endsWith('First')) await new Promise<void>(resolve => waiting.push(resolve));
			else for (const resolve of waiting) resolve();
			return super.answer(request);
		}
	}
	await using server = await openControlServer({dialects: [new Slow()]});
	const client = await server.connect();
	const head = (action: string) =>
		`POST /api/v1/${action} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 0\r\n\r\n`;

	client.write(head('First') + head('Second'));

	t.is((await client.message()).body, '{"action":"First","bytes":0}');
	t.is((await client.message()).body, '{"action":"Second","bytes":0}');
	client.end();
});

test('what came before nonsense on a connection is answered, and nothing after it', async t => {
	const waiting: (() => void)[] = [];
	class Held extends EchoDialect {
		override async answer(request: ApiRequest) {
			await new Promise<void>(resolve => waiting.push(resolve));
			return super.answer(request);
		}
	}
	await using server = await openControlServer({dialects: [new Held()]});
	const client = await server.connect();
	client.write(
		`POST /api/v1/Good HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 0\r\n\r\n\u0000nonsense\r\n\r\n`,
	);
	// By the time another connection has been answered, both have been read.
	await server.ask('GET', '/_lb/state');
	for (const resolve of waiting) resolve();

	const {line, body} = await client.message();

	t.is(line, 'HTTP/1.1 200 OK');
	t.is(body, '{"action":"Good","bytes":0}');
	await client.untilOver();
	t.is(client.unread, '');
});

test('a mistake of a dialect is a 500 without its text, and is told to whoever runs it', async t => {
	const broken: Dialect = {
		claims: () => true,
		answer: () => Promise.reject(new TypeError('secret at /home/somebody')),
	};
	await using server = await openControlServer({dialects: [broken]});

	const {status, text} = await server.ask('POST', '/api/v1/X', '{}');

	t.is(status, 500);
	t.is(JSON.parse(text).error.code, 'BUG');
	t.notRegex(text, /secret|somebody| at /);
	t.deepEqual(
		server.errors.map(error => (error as Error).message),
		['secret at /home/somebody'],
	);
});

test('an answer that cannot be written is a 500 as well', async t => {
	const headers: ApiAnswer['headers'] = [['X-Broken', 'a\r\nb']];
	const broken: Dialect = {
		claims: () => true,
		answer: async () => ({
			answer: {status: 200, headers, body: ''},
			call: {action: 'X', api: 'oapi', status: 200, unread: []},
		}),
	};
	await using server = await openControlServer({dialects: [broken]});

	const {status} = await server.ask('POST', '/api/v1/X', '{}');

	t.is(status, 500);
	t.is(server.errors.length, 1);
});

test('each call is logged, and told', async t => {
	const told: string[] = [];
	await using server = await openControlServer({
		onCall: ({number, action, at, ms}) => told.push(`${number} ${action} ${at} ${ms}`),
		clock: {now: () => 5, wallMs: () => 0},
	});

	await server.ask('POST', '/api/v1/ReadVms', '{}');
	await server.ask('POST', '/api/v1/ReadNets', '{}');
	await server.ask('POST', '/_lb/reset');
	const {json} = await server.json('GET', '/_lb/calls');

	t.deepEqual(told, ['1 ReadVms 1970-01-01T00:00:00.000Z 0', '2 ReadNets 1970-01-01T00:00:00.000Z 0']);
	t.deepEqual(json, {total: 2, calls: []});
});

test('a port that somebody holds is an error that says who', async t => {
	await using server = await openControlServer();

	const error = await t.throwsAsync(startControlPlane({...OPTIONS, port: server.port}));

	t.like(error, {code: 'PORT_UNAVAILABLE'});
	t.regex(
		error?.message ?? '',
		new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${server.port}, which the control port needs: .* holds the port$`),
	);
});

test('asked to, it takes the next free port instead', async t => {
	const {port: held} = await heldPort(t);

	await using server = await openControlServer({port: held, fallback: true});

	t.not(server.port, held);
	t.is((await server.ask('GET', '/_lb/state')).status, 200);
});

test('an address beyond loopback is refused, and a port that is none', async t => {
	const error = await t.throwsAsync(startControlPlane({...OPTIONS, host: '0.0.0.0', port: 70_000}));

	t.is(
		error?.message,
		[
			'The control port is not valid:',
			'  control.host: "0.0.0.0" is not an address of loopback, and the control port is for this machine alone (write 127.0.0.1 or ::1)',
			'  control.port: 70000 is not a port; allowed are 1 to 65535, or 0 for a free one',
		].join('\n'),
	);
});

test('stopping cuts idle, uploading and waiting connections, and frees the port', async t => {
	class Never extends EchoDialect {
		override answer(): Promise<never> {
			return new Promise(() => {});
		}
	}
	const server = await openControlServer({dialects: [new Never()]});
	const {port} = server;
	const [idle, uploading, waiting] = await Promise.all([server.connect(), server.connect(), server.connect()]);
	const head = `POST /api/v1/X HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 5\r\n\r\n`;
	await uploading.writeAll(`${head}abc`);
	await waiting.writeAll(`${head}abcde`);
	await server.ask('GET', '/_lb/state');

	await Promise.all([server.controlPlane.stop(), server.controlPlane.stop()]);

	for (const connection of [idle, uploading, waiting]) {
		await connection.untilOver();
		t.is(connection.received, '');
	}
	await using again = await openControlServer({port});
	t.is(again.port, port);
});

test('a hundred requests at once are all answered', async t => {
	await using server = await openControlServer();

	const answers = await Promise.all(
		Array.from({length: 100}, (_, index) => server.json('POST', `/api/v1/A${index}`, 'x'.repeat(index * 100))),
	);

	t.deepEqual(
		answers,
		answers.map((_, index) => ({status: 200, json: {action: `A${index}`, bytes: index * 100}})),
	);
});

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

/** `--aws-sigv4` came with curl 7.75; where there is none, or an older one, those tests are skipped. */
const signsWithCurl = spawnSync('curl', ['--help', 'all'], {encoding: 'utf8'}).stdout?.includes('--aws-sigv4') ?? false;

/** Answers whether the signature is good. */
class Verifying extends EchoDialect {
	readonly #authenticate = authenticator(new Map([['AKIDEXAMPLE', SECRET]]));

	override claims(): boolean {
		return true;
	}

	override async answer(request: ApiRequest) {
		const {answer, call} = await super.answer(request);
		return {answer: {...answer, body: this.#authenticate(request)?.reason ?? 'verified'}, call};
	}
}

test('what aws4fetch sends over a real connection verifies, as osc-sdk-js uses it', async t => {
	await using server = await openControlServer({dialects: [new Verifying()]});
	const client = new AwsClient({
		accessKeyId: 'AKIDEXAMPLE',
		secretAccessKey: SECRET,
		region: 'eu-west-2',
		service: 'api',
		retries: 0,
	});

	const response = await client.fetch(`${server.controlPlane.endpoint}/api/v1/ReadLoadBalancers`, {
		method: 'POST',
		headers: {'Content-Type': 'application/json'},
		body: '{"Filters":{}}',
	});

	t.is(await response.text(), 'verified');
});

for (const provider of ['aws:amz:eu-west-2:lbu', 'aws:amz', 'osc:osc:eu-west-2:api', 'osc']) {
	for (const [what, data] of [
		['JSON', '{"a":1}'],
		['nothing', ''],
	] as const) {
		const run = signsWithCurl ? test : test.skip;
		run(`what curl --aws-sigv4 ${provider} sends verifies: ${what}`, async t => {
			const curl = promisify(execFile);
			await using server = await openControlServer({dialects: [new Verifying()]});

			const {stdout} = await curl('curl', [
				'--silent',
				'--noproxy',
				'*',
				'--user',
				`AKIDEXAMPLE:${SECRET}`,
				'--aws-sigv4',
				provider,
				'--header',
				'Content-Type: application/json',
				'--data',
				data,
				`${server.controlPlane.endpoint}/api/v1/ReadLoadBalancers`,
			]);

			t.is(stdout, 'verified');
		});
	}
}

for (const provider of ['aws:amz:eu-west-2:lbu', 'aws:amz:us-east-1:iam', 'aws:amz']) {
	for (const how of [['--get'], []]) {
		const run = signsWithCurl ? test : test.skip;
		run(`what curl --aws-sigv4 ${provider} sends of a form verifies: ${how[0] ?? 'POST'}`, async t => {
			const curl = promisify(execFile);
			await using server = await openControlServer({dialects: [new Verifying()]});
			const fields = ['Version=2012-06-01', 'Action=DescribeTags', 'LoadBalancerNames.member.1=a b+c/é'];

			const {stdout} = await curl('curl', [
				...['--silent', '--noproxy', '*', '--user', `AKIDEXAMPLE:${SECRET}`, '--aws-sigv4', provider],
				...fields.flatMap(field => ['--data-urlencode', field]),
				...how,
				server.controlPlane.endpoint,
			]);

			t.is(stdout, 'verified');
		});
	}
}
