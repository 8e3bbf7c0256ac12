import test from 'ava';
import {readConfigText} from '../../src/configuration/config-file.ts';
import {interpolate} from '../../src/configuration/interpolate.ts';
import {NumberText} from '../../src/configuration/number-text.ts';

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: that is what a configuration has. */
const ENV = {NAME: 'web.test', PORT: '8080', EMPTY: '', ZIP: '007', MINUS: '-1.5', WORDS: '1 2', NESTED: '${PORT}'};
for (const [text, expected] of [
	['plain', 'plain'],
	['$NAME $ $$ {NAME}', '$NAME $ $$ {NAME}'],
	['${NAME}', 'web.test'],
	['*.${NAME}:${PORT}/', '*.web.test:8080/'],
	['${EMPTY}', ''],
	['${EMPTY:-other}', 'other'],
	['${GONE:-other text: 1-2}', 'other text: 1-2'],
	['${GONE:-}', ''],
	['${NAME:-other}', 'web.test'],
	['$${NAME}', '${NAME}'],
	['a$${b}${PORT}', 'a${b}8080'],
	['${NESTED}', '${PORT}'],
	['${ZIP}', '007'],
	['${WORDS}', '1 2'],
	[' ${PORT}', ' 8080'],
] as const) {
	test(`${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, t => {
		t.deepEqual(interpolate({a: [text]}, ENV).value, {a: [expected]});
	});
}

test('a value that is nothing else and looks like a number is one', t => {
	const {value} = interpolate({port: '${PORT}', other: '${GONE:-80}', minus: '${MINUS}', written: '80'}, ENV);

	t.deepEqual(value, {
		port: new NumberText('8080'),
		other: new NumberText('80'),
		minus: new NumberText('-1.5'),
		written: '80',
	});
});

test('keys, other values, sections of the user, and run of a back-end are left as they are', t => {
	const given = {
		'${NAME}': 1,
		'x-own': {a: '${GONE}'},
		flag: true,
		nothing: null,
		backends: {app: {run: 'serve --port ${PORT} ${GONE}'}},
	};

	t.deepEqual(interpolate(given, ENV), {value: given, findings: interpolate({}, {}).findings});
});

test('run is text like any other elsewhere', t => {
	const {value} = interpolate({backends: {run: {headers: {run: '${NAME}'}}}}, ENV);

	t.deepEqual(value, {backends: {run: {headers: {run: 'web.test'}}}});
});

test('each undefined variable is an error with its place', async t => {
	const text = 'backends:\n  app: "127.0.0.1:${LB_TEST_GONE}"\nloadBalancers:\n  web: {listeners: ["http:${1}"]}\n';

	const error = await t.throwsAsync(readConfigText(text, 'a.yaml'));

	t.is(
		error?.message,
		[
			'a.yaml is not valid:',
			'a.yaml:2:8: backends.app: the environment has no variable "LB_TEST_GONE" (set it, or write ${LB_TEST_GONE:-default}; $${ stands for ${)',
			'    2 |   app: "127.0.0.1:${LB_TEST_GONE}"',
			'      |        ^',
			'a.yaml:4:21: loadBalancers.web.listeners[0]: the text has "${" without the name of a variable and "}" (write ${NAME} or ${NAME:-default}, without braces in the default; $${ stands for ${)',
			'    4 |   web: {listeners: ["http:${1}"]}',
			'      |                     ^',
		].join('\n'),
	);
});

test('a default within a default is refused, and nothing of credentials is repeated', async t => {
	const nested = await t.throwsAsync(readConfigText('vms: {i-0000000a: "${A:-${B}}"}', 'a.yaml'));
	const secret = await t.throwsAsync(
		readConfigText('control: {credentials: {"AKID:secret": "x${LB_TEST_GONE}"}}', 'a.yaml'),
	);

	t.regex(nested?.message ?? '', /a\.yaml:1:19: vms\.i-0000000a: the text has "\$\{" without the name/);
	t.notRegex(secret?.message ?? 'secret', /secret|GONE/);
	t.regex(secret?.message ?? '', /: the environment has no such variable$/m);
});

test('a number of the environment is text where text is asked for', async t => {
	process.env['LB_TEST_NUMBER'] = '123456789012';
	t.teardown(() => {
		delete process.env['LB_TEST_NUMBER'];
	});
	const text = `
account: {id: "\${LB_TEST_NUMBER}"}
control: {port: "\${LB_TEST_PORT:-8089}", credentials: {AKIDEXAMPLE: "\${LB_TEST_NUMBER}"}}
backends:
  app: {kind: reply, status: "\${LB_TEST_STATUS:-201}", body: "\${LB_TEST_NUMBER}"}
  api: "\${LB_TEST_PORT:-3000}"
`;

	const {config} = await readConfigText(text, 'a.yaml');

	t.is(config.account.id, '123456789012');
	t.is(config.control.port, 8089);
	t.like(config.backends.get('app')?.[0], {behaviour: {status: 201, body: '123456789012'}});
	t.like(config.backends.get('api')?.[0], {host: '127.0.0.1', port: 3000});
});
/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: that is what a configuration has. */
