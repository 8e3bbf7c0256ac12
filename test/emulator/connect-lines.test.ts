import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import test from 'ava';
import type {Connection} from '../../src/control-plane/admin/admin-api.ts';
import {connectLine, curlLine, type Destination} from '../../src/emulator/connect-lines.ts';
import {type Config, createAuthority} from '../../src/index.ts';
import {startWithApi} from '../helpers/emulator-scene.ts';

const run = promisify(execFile);

const FILE = '/home/me/it is/authority.pem';
const CA = "'/home/me/it is/authority.pem'";
const PLAIN: Destination = {port: 443, host: '127.0.0.1', boundPort: 10_443, tls: undefined, speaksHttp: false};

function tls(name: string, isIssued = true): Pick<Destination, 'tls'> {
	return {tls: {name, isIssued}};
}

const line = test.macro({
	exec: (t, given: Partial<Destination>, expected: string) => t.is(connectLine({...PLAIN, ...given}, FILE), expected),
	title: (title = '') => `what is sent to ${title}`,
});

test('plain HTTP', line, {speaksHttp: true}, 'curl http://127.0.0.1:10443/');
test('plain HTTP at an IPv6 address', line, {speaksHttp: true, host: '::1'}, "curl 'http://[::1]:10443/'");
test(
	'HTTPS',
	line,
	{speaksHttp: true, ...tls('web.test')},
	`curl --cacert ${CA} --connect-to web.test:443:127.0.0.1:10443 https://web.test/`,
);
test(
	'HTTPS at another port than 443',
	line,
	{speaksHttp: true, port: 8443, ...tls('web.test')},
	`curl --cacert ${CA} --connect-to web.test:8443:127.0.0.1:10443 https://web.test:8443/`,
);
test(
	'HTTPS, the certificate for an IPv6 address',
	line,
	{speaksHttp: true, host: '::1', ...tls('::1')},
	`curl --cacert ${CA} --connect-to '[::1]:443:[::1]:10443' 'https://[::1]/'`,
);
test(
	'HTTPS with a certificate that others have signed',
	line,
	{speaksHttp: true, ...tls('web.test', false)},
	'curl --insecure --connect-to web.test:443:127.0.0.1:10443 https://web.test/',
);
test('TLS', line, tls('mail.test'), `openssl s_client -CAfile ${CA} -servername mail.test -connect 127.0.0.1:10443`);
test(
	'TLS of others, the certificate for an address',
	line,
	tls('127.0.0.1', false),
	'openssl s_client -noservername -connect 127.0.0.1:10443',
);
test('TCP', line, {}, 'nc 127.0.0.1 10443');
test('TCP at an IPv6 address', line, {host: '::1'}, 'nc ::1 10443');

test('a proxy of the environment is passed by', t => {
	const secure = {...PLAIN, ...tls('a.test')};

	t.regex(curlLine(secure, FILE, {https_proxy: 'http://proxy:1'}), /^curl --noproxy '\*' --cacert /);
	t.regex(curlLine(secure, FILE, {http_proxy: 'http://proxy:1', HTTPS_PROXY: ''}), /^curl --cacert /);
	t.is(curlLine(PLAIN, FILE, {http_proxy: 'http://proxy:1'}), "curl --noproxy '*' http://127.0.0.1:10443/");
	t.is(curlLine(PLAIN, FILE, {https_proxy: 'http://proxy:1'}), 'curl http://127.0.0.1:10443/');
});

const foreign = createAuthority().issue({names: ['foreign.test']});

const CONFIG: Config = {
	backends: {
		app: {kind: 'echo'},
		shop: {kind: 'echo', tls: {names: ['*.shop.test']}},
		raw: {kind: 'tcp', mode: 'banner', data: 'hello'},
		mine: {host: '127.0.0.1', port: 1},
	},
	loadBalancers: {
		web: {listeners: ['https:443 -> http:80', 'http:80', 'ssl:6379 -> tcp:80', 'tcp:90 -> tcp:80'], backends: ['app']},
		given: {listeners: [{listen: 'https:443 -> http:80', certificate: foreign}], backends: ['app']},
		shop: {listeners: ['tcp:443'], backends: ['shop']},
		raw: {listeners: ['tcp:25', 'ssl:465 -> tcp:25'], backends: ['raw']},
		mine: {listeners: ['tcp:443', 'tcp:25'], backends: ['mine']},
	},
};

test('/_lb/connect tells for each listener a line that reaches it', async t => {
	const {emulator} = await startWithApi(t, {config: CONFIG});

	const response = await fetch(`${emulator.endpoint}/_lb/connect`);
	// The route answers in the shape that its type says.
	const {listeners, exports, env} = (await response.json()) as Connection;

	t.deepEqual(
		listeners.map(({loadBalancer, port, line}) => [`${loadBalancer}:${port}`, line.split(' ')[0]]),
		[
			['web:443', 'curl'],
			['web:80', 'curl'],
			['web:6379', 'curl'],
			['web:90', 'curl'],
			['given:443', 'curl'],
			['shop:443', 'curl'],
			['raw:25', 'nc'],
			['raw:465', 'openssl'],
			['mine:443', 'openssl'],
			['mine:25', 'nc'],
		],
	);
	t.deepEqual(
		Object.keys(env),
		exports.map(each => /^export (\w+)='/.exec(each)?.[1] ?? each),
	);
	const commands = listeners.filter(({line}) => line.startsWith('curl '));
	for (const {loadBalancer, port, line} of commands) {
		const {stdout} = await run('sh', ['-c', `${line} --silent --show-error`]);
		t.true(stdout.includes('"method":"GET"'), `${loadBalancer}:${port} ${line}: ${stdout}`);
	}
	t.deepEqual(
		['web', 'given', 'shop'].map(name => emulator.get(name).traffic.length),
		[4, 1, 1],
	);
	const secure = listeners.find(({loadBalancer, port}) => loadBalancer === 'raw' && port === 465);
	const {stdout} = await run('sh', ['-c', `${secure?.line} </dev/null`]);
	t.regex(stdout, /Verify return code: 0 \(ok\)/);
});
