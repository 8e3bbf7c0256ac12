import {execFile} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {type Copied, copyAs, fieldsOf, type Place, scriptWord} from '../../../src/control-plane/admin/copy-as.ts';
import type {WireExchange} from '../../../src/control-plane/admin/traffic.ts';
import {startEmulator} from '../../../src/index.ts';
import {runs} from '../../helpers/depth.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';

const run = promisify(execFile);

const EXCHANGE: Copied = {
	listener: 80,
	client: {address: '127.0.0.1', port: 50_000},
	backend: {address: '127.0.0.1', port: 3000, name: 'a', reused: false},
	request: {
		method: 'GET',
		target: '/',
		rawHeaders: ['Host', 'web.test', 'X-Forwarded-For', '127.0.0.1'],
		body: '',
		complete: true,
	},
	response: {status: 200, by: 'backend', rawHeaders: [], body: '', complete: true},
	added: [['X-Forwarded-For', '127.0.0.1']],
	outcome: 'ok',
};
const LISTENER = {port: 80, host: '127.0.0.1', boundPort: 10_080};
const PLACE = {dnsName: 'web.lb.test', listeners: [LISTENER], endpoint: 'http://127.0.0.1:8089'};

function withRequest(request: Partial<NonNullable<WireExchange['request']>>): Copied {
	return {...EXCHANGE, request: {method: 'GET', target: '/', rawHeaders: [], body: '', complete: true, ...request}};
}

const curls = test.macro({
	exec: (t, exchange: Copied, line: string, place: Place = PLACE) => t.is(copyAs(exchange, place).curl, line),
	title: (title = '') => `curl: ${title}`,
});

test(
	'a name leads to the bound port, and nothing that the load balancer added is sent',
	curls,
	EXCHANGE,
	'curl --http1.1 --connect-to web.test:80:127.0.0.1:10080 -H User-Agent: -H Accept: http://web.test/',
);
test(
	'the bound port itself needs no detour',
	curls,
	withRequest({rawHeaders: ['host', '127.0.0.1:10080', 'user-agent', 'x', 'accept', '*/*']}),
	"curl --http1.1 -H 'user-agent: x' -H 'accept: */*' http://127.0.0.1:10080/",
);
test(
	'methods, bodies, odd targets and quotes',
	curls,
	withRequest({
		method: 'PUT',
		target: "/a/../b?x=[1]&it's",
		rawHeaders: ['User-Agent', 'x', 'Accept', 'y', 'X-Empty', ''],
		body: '@file\n$HOME',
	}),
	"curl --http1.1 --path-as-is --globoff -X PUT -H 'User-Agent: x' -H 'Accept: y' -H 'X-Empty;' -H Content-Type: --data-raw '@file\n$HOME' 'http://127.0.0.1:10080/a/../b?x=[1]&it'\\''s'",
);
test(
	'HEAD, and a target that is no path',
	curls,
	withRequest({method: 'HEAD', target: '*', rawHeaders: ['User-Agent', 'x', 'Accept', 'y']}),
	"curl --http1.1 --request-target '*' --head -H 'User-Agent: x' -H 'Accept: y' http://127.0.0.1:10080/",
);
test(
	'TLS trusts the authority',
	curls,
	{...EXCHANGE, client: {...EXCHANGE.client, tls: {version: 'TLSv1.3', cipher: 'x'}}},
	'curl -sfo lb-local-ca.pem http://127.0.0.1:8089/_lb/ca.pem\ncurl --http1.1 --cacert lb-local-ca.pem --connect-to web.test:443:127.0.0.1:10080 -H User-Agent: -H Accept: https://web.test/',
);
test(
	'a body that was not kept whole is not sent as if it were',
	curls,
	withRequest({body: 'abc', complete: false}),
	'# the body was not kept whole: 3 characters of it are known',
);
const NO_REQUEST = {...EXCHANGE, request: undefined};
test(
	'a connection without a request',
	curls,
	NO_REQUEST,
	'# no request was forwarded, so there is nothing to send again',
);
test('a listener that is gone', curls, EXCHANGE, '# its listener is gone', {...PLACE, listeners: []});
test(
	'an IPv6 address',
	curls,
	EXCHANGE,
	"curl --http1.1 --connect-to 'web.test:80:[::1]:10080' -H User-Agent: -H Accept: http://web.test/",
	{...PLACE, listeners: [{...LISTENER, host: '::1'}]},
);

test('a text is one string of JavaScript, whatever is in it', t => {
	fc.assert(
		fc.property(fc.string({unit: 'binary'}), given => {
			t.is(new Function(`return ${scriptWord(given)}`)(), given);
		}),
		{numRuns: runs(300)},
	);
	t.is(new Function(`return ${scriptWord('\u2028"\'\\')}`)(), '\u2028"\'\\');
});

/** The command as a shell runs it, against a server that tells what it got. */
const sends = test.macro({
	exec: async (t, request: Partial<NonNullable<WireExchange['request']>>, bytes: Buffer) => {
		const folder = await temporaryFolder(t);
		const got: {method: string; url: string; raw: readonly string[]; body: Buffer}[] = [];
		const server = createServer(async (asked, answer) => {
			const parts: Buffer[] = [];
			for await (const part of asked) parts.push(part as Buffer);
			const {method = '', url = '', rawHeaders: raw} = asked;
			got.push({method, url, raw, body: Buffer.concat(parts)});
			answer.end();
		});
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		t.teardown(() => server.close());
		const address = server.address();
		const boundPort = typeof address === 'object' && address !== null ? address.port : 0;
		const exchange = withRequest({rawHeaders: ['Host', 'web.test', 'X-A', "it's\t$x"], ...request});
		const script = path.join(folder, 'send.sh');
		await writeFile(script, copyAs(exchange, {...PLACE, listeners: [{...LISTENER, boundPort}]}).curl);

		await run('sh', [script]);

		const [sent] = got;
		t.is(sent?.method, exchange.request?.method);
		t.is(sent?.url, exchange.request?.target);
		t.deepEqual(sent?.body, bytes);
		const fields = sent?.raw.filter((_, index) => sent.raw[index - (index % 2)] !== 'Content-Length');
		t.deepEqual(fields, ['Host', 'web.test', 'X-A', "it's\t$x"]);
	},
	title: (title = '') => `curl sends ${title} again as it came`,
});

test('a request without a body', sends, {target: "/a'b%20c?{x}"}, Buffer.alloc(0));
test('a text', sends, {method: 'POST', body: 'a \'b\' "c" $d\n'}, Buffer.from('a \'b\' "c" $d\n'));
test(
	'control characters',
	sends,
	{method: 'POST', body: '\u001b[31m%d\\n\u0001\r\n'},
	Buffer.from('\u001b[31m%d\\n\u0001\r\n'),
);
test('bytes', sends, {method: 'PATCH', body: '\ufffd', base64: '/wAB'}, Buffer.from([0xff, 0, 1]));

test('what the client had put into X-Forwarded-For stays its own', t => {
	const request = {rawHeaders: ['X-Forwarded-For', '1.2.3.4, 127.0.0.1', 'X-Forwarded-Port', '80', 'Te', 'x']};
	const exchange = withRequest(request);

	t.deepEqual(
		fieldsOf({
			...exchange,
			added: [
				['X-Forwarded-For', '1.2.3.4, 127.0.0.1'],
				['X-Forwarded-Port', '80'],
			],
		}),
		[['X-Forwarded-For', '1.2.3.4']],
	);
});

test('what the client had sent itself is sent again, though the load balancer added the same', t => {
	const exchange = withRequest({rawHeaders: ['X-Forwarded-Proto', 'http', 'x-forwarded-proto', 'http']});

	t.deepEqual(fieldsOf({...exchange, added: [['X-Forwarded-Proto', 'http']]}), [['x-forwarded-proto', 'http']]);
});

test('fetch is a path for the first listener, and a whole address for the others', t => {
	const others = {...PLACE, listeners: [{...LISTENER, port: 8080}, LISTENER]};

	t.is(copyAs(EXCHANGE, PLACE).fetch, "await lb.fetch('/');");
	t.is(copyAs(EXCHANGE, others).fetch, "await lb.fetch('http://web.lb.test:80/');");
	t.is(
		copyAs(withRequest({method: 'POST', rawHeaders: ['X-A', '1'], body: "it's"}), PLACE).fetch,
		"await lb.fetch('/', {\n\tmethod: 'POST',\n\theaders: [\n\t\t['X-A', '1'],\n\t],\n\tbody: 'it\\'s',\n});",
	);
	t.regex(
		copyAs(withRequest({method: 'POST', base64: '/wAB'}), PLACE).fetch,
		/body: Buffer\.from\('\/wAB', 'base64'\)/,
	);
	t.is(copyAs(withRequest({complete: false}), PLACE).fetch, '// the body was not kept whole');
	t.is(copyAs(NO_REQUEST, PLACE).fetch, '// no request was forwarded, so there is nothing to send again');
	const secure = {...EXCHANGE, client: {...EXCHANGE.client, tls: {version: 'TLSv1.3', cipher: 'x'}}};
	t.is(copyAs(secure, others).fetch, "await lb.fetch('https://web.lb.test:80/');");
});

test('assertions say what was seen', t => {
	t.is(
		copyAs(EXCHANGE, PLACE).test,
		"const exchange = lb.traffic.last();\nassert.equal(exchange.request.target, '/');\nassert.equal(exchange.response.status, 200);\nassert.equal(exchange.outcome, 'ok');\nassert.equal(exchange.backend.name, 'a');",
	);
	t.is(
		copyAs({...NO_REQUEST, response: undefined, backend: undefined, outcome: 'no-healthy-backend'}, PLACE).test,
		"const exchange = lb.traffic.last();\nassert.equal(exchange.outcome, 'no-healthy-backend');\nassert.equal(exchange.backend, undefined);",
	);
});

test('each field that was added has its assertion', t => {
	const added = [
		['X-Forwarded-For', '127.0.0.1'],
		['X-Forwarded-Proto', "it's"],
	] as const;

	t.deepEqual(copyAs({...EXCHANGE, added}, PLACE).added, [
		"assertHeader(lb.traffic.last(), 'x-forwarded-for', '127.0.0.1');",
		"assertHeader(lb.traffic.last(), 'x-forwarded-proto', 'it\\'s');",
	]);
});

test('one exchange from the control port can be sent again', async t => {
	await using emulator = await startEmulator({
		config: {backends: {a: {kind: 'echo'}}, loadBalancers: {web: {listeners: ['http:80'], backends: ['a']}}},
	});
	const web = emulator.get('web');
	await web.fetch('/x', {method: 'POST', body: Buffer.from([0xff, 0, 1])});

	const response = await fetch(`${emulator.endpoint}/_lb/traffic/web/1`);
	const exchange = (await response.json()) as WireExchange; // What the control port answers.
	await run('sh', ['-c', exchange.copyAs.curl]);

	t.is(exchange.request?.base64, '/wAB');
	t.is(exchange.log, [...web.traffic].map(({log}) => log)[0] ?? '');
	t.not(exchange.log, '');
	t.deepEqual([...web.traffic.last().request.body], [0xff, 0, 1]);
	t.is(web.traffic.length, 2);
});
