import {execFile} from 'node:child_process';
import {createServer} from 'node:http';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {startLoadBalancer} from '../../src/index.ts';
import {compiled} from '../helpers/compiled.ts';
import {listening} from '../helpers/own-servers.ts';

/** What an echo back-end answers, as far as it matters here. */
interface Echoed {
	readonly method: string;
	readonly target: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly bodyBytes: number;
	readonly tls: {readonly sni: string} | undefined;
}

async function echoed(response: Response): Promise<Echoed> {
	return (await response.json()) as Echoed;
}

test('fetch takes a path, a URL and a Request, and the port chooses the listener', async t => {
	await using lb = await startLoadBalancer({listeners: ['https:443 -> http:80', 'http:8080 -> http:80'], backends: 1});

	const answers = [
		await lb.fetch('/path?a=1'),
		await lb.fetch(new URL('http://any.test:8080/url')),
		await lb.fetch(new Request('http://any.test:8080/request', {method: 'PUT', body: 'of the request'})),
		await lb.fetch(new Request('http://any.test:8080/kept', {headers: {'x-a': '1'}}), {
			method: 'POST',
			body: 'of init',
		}),
	];

	const seen = await Promise.all(answers.map(echoed));
	t.deepEqual(
		seen.map(({method, target, headers, bodyBytes}) => [method, target, headers['x-forwarded-port'], bodyBytes]),
		[
			['GET', '/path?a=1', '443', 0],
			['GET', '/url', '8080', 0],
			['PUT', '/request', '8080', 14],
			['POST', '/kept', '8080', 7],
		],
	);
	t.is(seen[1]?.headers['host'], 'any.test:8080');
	t.is(seen[3]?.headers['x-a'], '1');
});

test('a host header is sent as it is, once, and the name of the URL stays the one asked for in TLS', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:443'],
		backends: [{kind: 'echo', tls: {names: ['shop.test']}}],
	});

	const response = await lb.fetch('https://shop.test/', {headers: {Host: 'other.test'}});

	const {headers, tls} = await echoed(response);
	t.is(headers['host'], 'other.test');
	t.is(tls?.sni, 'shop.test');
});

test('what is neither a path, a URL nor a Request is refused', async t => {
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});

	// Not of the declared types, as JavaScript may have it.
	for (const input of [undefined, null, 3000, {}] as unknown as string[]) {
		await t.throwsAsync(lb.fetch(input), {code: 'INVALID_DESCRIPTION', message: /takes a path, a URL or a Request/});
	}
	t.deepEqual(lb.traffic.order(), []);
});

test('redirects are followed to other listeners, and answers are decoded', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['http:80', 'https:443 -> http:80'],
		backends: [
			{
				kind: 'handler',
				handler: (request, response) => {
					if (request.headers['x-forwarded-proto'] === 'http') {
						response.writeHead(302, {location: 'https://localhost/next'}).end();
						return;
					}
					response.writeHead(200, {'content-encoding': 'gzip', 'set-cookie': ['a=1', 'b=2']});
					response.end(gzipSync(`${request.method} ${request.url}`));
				},
			},
		],
	});

	const response = await lb.fetch('http://localhost/first', {method: 'POST', body: 'x'});

	t.is(await response.text(), 'GET /next');
	t.is(response.url, 'https://localhost/next');
	t.true(response.redirected);
	t.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
});

test('a connection is used again, and requests at the same time have one each', async t => {
	await using lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 1});

	await (await lb.fetch('/')).text();
	await (await lb.fetch('/')).text();
	const oneByOne = [...lb.traffic].map(({client}) => client.port);
	await Promise.all([lb.fetch('/'), lb.fetch('/')].map(async answer => (await answer).text()));

	t.is(new Set(oneByOne).size, 1);
	t.is(new Set([...lb.traffic].map(({client}) => client.port)).size, 2);
});

for (const method of ['POST', 'DELETE']) {
	test(`a body that streams arrives whole: ${method}`, async t => {
		await using lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
		const body = new Blob(Array.from({length: 64}, () => 'x'.repeat(32_768))).stream();

		const response = await lb.fetch('/', {method, body, duplex: 'half'});

		const seen = await echoed(response);
		t.is(seen.bodyBytes, 64 * 32_768);
		t.is(seen.headers['transfer-encoding'], 'chunked');
	});
}

test('an answer waits for its reader, and arrives whole', async t => {
	const size = 8 * 2 ** 20;
	const server = createServer((_request, response) => response.end(Buffer.alloc(size)));
	const port = await listening(t, server);
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: [`127.0.0.1:${port}`]});

	const slow = await lb.fetch('/');
	// Another exchange ends in between, while nobody reads.
	const other = await lb.fetch('/');

	t.is((await other.arrayBuffer()).byteLength, size);
	t.is((await slow.arrayBuffer()).byteLength, size);
});

test('a signal calls a request off, before the answer and in the midst of it', async t => {
	const asked = withResolvers();
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: [
			{
				kind: 'handler',
				handler: (request, response) => {
					if (request.url === '/half') response.writeHead(200, {'content-length': 10}).write('half');
					else asked.resolve(undefined);
				},
			},
		],
	});

	await t.throwsAsync(lb.fetch('/', {signal: AbortSignal.abort(new RangeError('before'))}), {message: 'before'});
	const during = new AbortController();
	const waiting = lb.fetch('/silent', {signal: during.signal});
	await asked.promise;
	during.abort(new RangeError('during'));
	await t.throwsAsync(waiting, {instanceOf: RangeError, message: 'during'});
	const late = new AbortController();
	const half = await lb.fetch('/half', {signal: late.signal});
	late.abort(new RangeError('late'));
	// Node's own fetch has an AbortError here, whatever the reason.
	await t.throwsAsync(half.text(), {any: true});
});

test('a connection that ends before or within the answer fails the request with its cause', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:80'],
		backends: [
			{
				kind: 'socket',
				handler: socket => {
					socket.once('data', data => {
						if (String(data).includes('/half')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
						socket.end();
					});
				},
			},
		],
	});

	const error = await t.throwsAsync(lb.fetch('http://any.test/'), {instanceOf: TypeError, message: 'fetch failed'});
	t.truthy(error?.cause);
	await t.throwsAsync((await lb.fetch('http://any.test/half')).text(), {instanceOf: TypeError});
});

test("where the global fetch is not Node's, it is not called with the request, and the error says what to do", async t => {
	const script = `
		globalThis.fetch = async url => { if (String(url) !== 'http://') console.log('called with ' + url); return new Response(''); };
		const {startLoadBalancer} = await import('${pathToFileURL(compiled('src/index.ts')).href}');
		const lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
		await lb.fetch('/').catch(({code, hint}) => console.log(code, hint));
		await lb.stop();
	`;

	const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);

	t.regex(stdout, /^FETCH_UNAVAILABLE .*import lb-local before it is replaced/);
});

test('proxies of the environment and what replaces the global fetch later do not matter', async t => {
	const script = `
		const {startLoadBalancer} = await import('${pathToFileURL(compiled('src/index.ts')).href}');
		const lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 1});
		globalThis.fetch = () => { throw new Error('replaced'); };
		console.log((await lb.fetch('/')).status);
		await lb.stop();
	`;
	const proxy = 'http://127.0.0.1:1';
	const env = {...process.env, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, HTTPS_PROXY: proxy, https_proxy: proxy};

	const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {env});

	t.is(stdout, '200\n');
});

function withResolvers() {
	let resolve: (value: unknown) => void = () => {};
	const promise = new Promise(done => {
		resolve = done;
	});
	return {promise, resolve};
}
