import {readdirSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {stringify} from 'yaml';
import {EmulatorError} from '../../src/base/errors.ts';
import {type LocatedViolation, readConfigFile, readConfigText} from '../../src/configuration/config-file.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/configurations');

async function failureOf(reading: Promise<unknown>): Promise<EmulatorError> {
	try {
		await reading;
	} catch (error) {
		if (error instanceof EmulatorError) return error;
		throw error;
	}
	throw new Error('it was read');
}

for (const name of readdirSync(path.join(FIXTURES, 'valid'))) {
	test(`valid/${name} is read`, async t => {
		const file = path.join(FIXTURES, 'valid', name);

		const read = await readConfigFile(file);

		t.is(read.file, file);
		t.is(read.directory, path.join(FIXTURES, 'valid'));
	});
}

for (const name of readdirSync(path.join(FIXTURES, 'invalid'))) {
	test(`invalid/${name} is refused at the place that it names`, async t => {
		const file = path.join(FIXTURES, 'invalid', name);
		const place = (await readFile(file, 'utf8')).split('\n')[0]?.replace('# ', '');

		const error = await failureOf(readConfigFile(file));

		t.is(error.code, 'CONFIG_INVALID');
		t.true(error.message.startsWith(`${file} is not valid:\n${file}:${place}: `), error.message);
	});
}

test('every key of the language is read', async t => {
	const {config} = await readConfigFile(path.join(FIXTURES, 'valid/every-key.yaml'));

	const balancer = config.loadBalancers.get('all-of-it');
	t.like(balancer, {
		address: '127.0.0.3',
		retry: 'never',
		upgrade: 'refuse',
		timeouts: {idleMs: 60_000, headMs: 120_000, connectMs: 500},
	});
	t.deepEqual(
		balancer?.backends.map(({name}) => name),
		['address', 'host', 'command', 'echo-1', 'echo-2', 'echo-3', 'reply-1'],
	);
	// `off` without quotes is text in YAML 1.2.
	t.deepEqual(
		balancer?.backends.flatMap(backend => (backend.kind === 'fake' ? [backend.proxyProtocol] : [])),
		['off', 'off', 'off', 'accept'],
	);
});

test('access logs are found relative to the configuration', async t => {
	const {config} = await readConfigText(
		'loadBalancers: {a: {listeners: ["http:80"], accessLog: a.log}, b: {listeners: ["http:80"], accessLog: {folder: ../b}}, c: {listeners: ["http:80"]}}',
		'/etc/lb/lb-local.yaml',
	);

	t.deepEqual(
		[...config.loadBalancers.values()].map(({accessLog}) => accessLog),
		[
			{kind: 'file', file: '/etc/lb/a.log'},
			{kind: 'folder', folder: '/etc/b', prefix: '', intervalMinutes: 60},
			undefined,
		],
	);
});

test('certificate files are found relative to the configuration', async t => {
	const {config} = await readConfigText('certificates: {a: {cert: ./a.crt, key: ../a.key}}', '/etc/lb/lb-local.yaml');

	t.deepEqual(config.certificates.get('a'), {
		kind: 'files',
		cert: '/etc/lb/a.crt',
		key: '/etc/a.key',
		chain: undefined,
	});
});

test('the message lists every violation with its place, its line and a caret', async t => {
	const text = [
		'# a comment',
		'loadBalancers:',
		'  web:',
		'    listeners:',
		'      - {listen: "htps:443 -> http:80", certficate: web}',
		'      - tcp:70000',
		'    backends: [ap]',
		'backends: {app: 127.0.0.1:3000}',
	].join('\n');

	const error = await failureOf(readConfigText(text, 'lb-local.yaml'));

	t.is(
		error.message,
		[
			'lb-local.yaml is not valid:',
			'lb-local.yaml:5:18: loadBalancers.web.listeners[0].listen: unknown protocol "htps"; allowed are "http", "https", "tcp" or "ssl" (did you mean "https"?)',
			'    5 |       - {listen: "htps:443 -> http:80", certficate: web}',
			'      |                  ^',
			'lb-local.yaml:5:41: loadBalancers.web.listeners[0].certficate: unknown key "certficate"; allowed are "listen", "certificate", "tls", "proxyProtocol", "stickiness" or "verifyBackend" (did you mean "certificate"?)',
			'    5 |       - {listen: "htps:443 -> http:80", certficate: web}',
			'      |                                         ^',
			'lb-local.yaml:6:9: loadBalancers.web.listeners[1]: front port "70000" is not a port; allowed are 1 to 65535',
			'    6 |       - tcp:70000',
			'      |         ^',
			'lb-local.yaml:7:16: loadBalancers.web.backends[0]: no back-end is named "ap"; there is "app" (did you mean "app"?)',
			'    7 |     backends: [ap]',
			'      |                ^',
		].join('\n'),
	);
	// `readConfigText` gives each violation its location.
	const [first] = error.violations as readonly LocatedViolation[];
	t.deepEqual(first?.location, {file: 'lb-local.yaml', line: 5, column: 18});
});

test('a fault in what an alias stands for is told where the alias is resolved', async t => {
	const text = 'backends:\n  a: &it {kind: ecko}\n  b: *it\n';

	const error = await failureOf(readConfigText(text, 'x.yaml'));

	t.true(error.message.includes('x.yaml:2:17: backends.a.kind'), error.message);
	t.true(error.message.includes('x.yaml:2:17: backends.b.kind'), error.message);
});

test('no line of a private key is shown', async t => {
	const text = [
		'loadBalancers:',
		'  web:',
		'    listeners:',
		'      - listen: tcp:443',
		'        certificate: {cert: x, key: "-----BEGIN PRIVATE KEY-----\\nMIGHSECRET"}',
		'    idle: "-----BEGIN PRIVATE KEY-----\\nMIGHSECRET"',
		'    address: |',
		'      -----BEGIN PRIVATE KEY-----',
		'      MIGHSECRET',
		'     BADINDENT',
	].join('\n');

	const error = await failureOf(readConfigText(text, 'x.yaml'));
	const sound = await failureOf(readConfigText(text.split('\n').slice(0, -1).join('\n'), 'x.yaml'));

	t.false(/MIGHSECRET|BADINDENT/.test(error.message + sound.message), error.message + sound.message);
	t.true(sound.message.includes('(private key) is not a loopback address'));
});

test('a terminal is not obeyed by what a configuration says', async t => {
	const error = await failureOf(readConfigText('backends: {a: "\u001b[31m"}', 'x.yaml'));

	t.notRegex(error.message, /\u001b/);
});

test('a long line is shown around the place that is meant', async t => {
	const text = `backends: {${Array.from({length: 40}, (_, i) => `b${i}: 127.0.0.1`).join(', ')}, z: true}`;

	const error = await failureOf(readConfigText(text, 'x.yaml'));

	const [, , line = '', caret = ''] = error.message.split('\n');
	t.is(line.slice(caret.indexOf('^')), 'true}');
	t.true(line.length < 120);
});

test('what a billion laughs would cost is refused', async t => {
	const lines = ['a: &a [x, x]'];
	for (let i = 0; i < 12; i++) {
		const [name, before] = [String.fromCharCode(98 + i), String.fromCharCode(97 + i)];
		lines.push(`${name}: &${name} [${Array.from({length: 9}, () => `*${before}`).join(', ')}]`);
	}

	const error = await failureOf(readConfigText(lines.join('\n'), 'x.yaml'));

	t.regex(error.message, /x\.yaml:1:1: Excessive alias count/);
});

test('nesting deeper than the stack is refused', async t => {
	const error = await failureOf(readConfigText('['.repeat(100_000), 'x.yaml'));

	t.is(error.code, 'CONFIG_INVALID');
	t.regex(error.message, /nested too deeply/);
});

test('a key named __proto__ changes nothing', async t => {
	const error = await failureOf(readConfigText('__proto__: {polluted: 1}', 'x.yaml'));

	t.regex(error.message, /x\.yaml:1:1: __proto__: unknown key "__proto__"/);
	t.is(({} as {polluted?: unknown}).polluted, undefined);
});

test('a file with a byte order mark and Windows line ends is read, and its columns are right', async t => {
	const directory = await temporaryFolder(t);
	const file = path.join(directory, 'lb-local.yaml');
	await writeFile(file, '\uFEFFbackends:\r\n  a: true\r\n');

	const error = await failureOf(readConfigFile(file));

	t.true(error.message.includes(`${file}:2:6: backends.a: true is not a back-end`), error.message);
});

test('what cannot be read is not found, and the reason is told', async t => {
	const directory = await temporaryFolder(t);
	const large = path.join(directory, 'large.yaml');
	await writeFile(large, '#'.repeat(1_048_577));
	const missing = path.join(directory, 'missing.yaml');

	const errors = await Promise.all([directory, large, missing].map(file => failureOf(readConfigFile(file))));

	t.deepEqual(
		errors.map(({code, message}) => [code, message]),
		[
			['CONFIG_NOT_FOUND', `Cannot read ${directory}: it is a directory`],
			['CONFIG_NOT_FOUND', `Cannot read ${large}: it is larger than 1 MiB`],
			['CONFIG_NOT_FOUND', `Cannot read ${missing}: there is no such file`],
		],
	);
});

for (const [what, text] of [
	['no byte at all', ''],
	['blanks', ' \t\r\n \n'],
	['a byte order mark', '\uFEFF'],
	['comments', '# backends:\n  # app: 127.0.0.1:3000'],
	['the start of a document', '---\n...\n'],
	['null', 'null'],
] as const) {
	test(`a configuration of ${what} is told to be empty, where JSON is expected too`, async t => {
		const directory = await temporaryFolder(t);
		for (const name of ['x.yaml', 'x.json']) {
			const file = path.join(directory, name);
			await writeFile(file, text);

			const error = await failureOf(readConfigFile(file));

			t.is(error.code, 'CONFIG_INVALID');
			t.like(error.violations[0], {
				path: [],
				message: 'the configuration is empty',
				hint: '{} is a configuration that describes nothing; `lb-local init` writes one to start from',
			});
			t.regex(error.message, /is not valid:\n.*:1:\d: the configuration is empty/);
		}
	});
}

test('a configuration whose sections are all empty describes nothing, and is not an empty file', async t => {
	const {config} = await readConfigText('backends:\n  # app: 127.0.0.1:3000\nloadBalancers:\n', 'x.yaml');

	t.is(config.backends.size + config.loadBalancers.size, 0);
});

/** Every key of a configuration that holds a duration, with one in it. */
const DURATIONS = (value: unknown) => ({
	control: {lifecycle: value},
	backends: {app: {kind: 'reply', delay: value, keepAlive: value}},
	loadBalancers: {
		web: {
			listeners: ['http:80'],
			healthCheck: {interval: value, timeout: value},
			draining: value,
			idleTimeout: value,
			headTimeout: value,
			connectTimeout: value,
		},
	},
});

for (const [given, hint] of [
	[5, '"5s" for seconds, "5ms" for milliseconds'],
	[0, '"0s" for seconds, "0ms" for milliseconds'],
	[1.5, '"1.5s" for seconds, "1.5ms" for milliseconds'],
	['60', '"60s" for seconds, "60ms" for milliseconds'],
	[-5, undefined],
	['5 s', undefined],
] as const) {
	test(`${JSON.stringify(given)} is no duration in a file: it lacks its unit`, async t => {
		const config = DURATIONS(given);
		for (const text of [JSON.stringify(config), stringify(config)]) {
			const error = await failureOf(readConfigText(text, 'x.yaml'));

			t.is(error.violations.length, 9);
			for (const violation of error.violations) {
				t.regex(violation.message, / is not a (?:duration; write a number with its unit|draining time)/);
				t.is(violation.hint, hint);
			}
		}
	});
}

test('durations with each of the four units are read from a file', async t => {
	const read = await Promise.all(
		['0.5h', '30m', '1800s', '1800000ms'].map(each => readConfigText(JSON.stringify(DURATIONS(each)), 'x.json')),
	);

	for (const {config} of read) {
		t.like(config.loadBalancers.get('web'), {drainingMs: 1_800_000, healthCheck: {intervalMs: 1_800_000}});
	}
});

test('merge keys are told wherever they stand, with what to do instead', async t => {
	const text = [
		'x-all: &all {kind: echo}',
		'<<: {backends: {}}',
		'backends:',
		'  <<: *all',
		'  app: {<<: *all}',
		'  busy: {kind: reply, headers: {<<: *all}}',
		'loadBalancers:',
		'  web:',
		'    <<: [*all]',
		'    listeners: [{"<<": *all, listen: http:80}]',
	].join('\n');

	const error = await failureOf(readConfigText(text, 'x.yaml'));
	const inJson = await failureOf(readConfigText('{"backends": {"<<": {}}}', 'x.json'));

	t.deepEqual(
		[...error.violations, ...inJson.violations].map(({path: at, message, hint}) => [at.join('.'), message, hint]),
		[
			'<<',
			'backends.<<',
			'backends.app.<<',
			'backends.busy.headers.<<',
			'loadBalancers.web.<<',
			'loadBalancers.web.listeners.0.<<',
			'backends.<<',
		].map(at => [
			at,
			'merge keys ("<<") are not supported',
			'write the keys themselves here; an alias may stand for a whole value: `healthCheck: *name`',
		]),
	);
	t.deepEqual(
		(error.violations as readonly LocatedViolation[]).map(({location}) => `${location.line}:${location.column}`),
		['2:1', '4:3', '5:9', '6:33', '9:5', '10:18'],
	);
});

test('keys at the top that begin with x- are passed over, and no others', async t => {
	const {config} = await readConfigText('x-app: &app {kind: echo}\nbackends: {app: *app}', 'x.yaml');
	const error = await failureOf(readConfigText('X-app: 1\nxapp: 1\nbackends: {app: {kind: echo, x-app: 1}}', 'x.yaml'));

	t.deepEqual([...config.backends.keys()], ['app']);
	t.deepEqual(
		error.violations.map(({path: at}) => at.join('.')),
		['X-app', 'xapp', 'backends.app.x-app'],
	);
	t.regex(error.violations[2]?.hint ?? '', /at the top of the configuration only/);
});

test('what is no text is refused as such', async t => {
	const file = path.join(await temporaryFolder(t), 'x.yaml');
	await writeFile(file, new Uint8Array([0x30, 0x82, 0xff, 0xfe]));

	const error = await failureOf(readConfigFile(file));

	t.is(error.message, `${file} is not valid: it is not UTF-8 text`);
	t.deepEqual(error.violations, [{path: [], message: 'it is not UTF-8 text'}]);
});

test('what is found later is told in the same form', async t => {
	const {invalid} = await readConfigText('certificates:\n  a: {cert: ./a.crt, key: ./a.key}\n', 'x.yaml');

	const error = invalid([{path: ['certificates', 'a', 'key'], message: 'does not fit'}]);

	t.is(
		error.message,
		'x.yaml is not valid:\nx.yaml:2:27: certificates.a.key: does not fit\n    2 |   a: {cert: ./a.crt, key: ./a.key}\n      |                           ^',
	);
});
