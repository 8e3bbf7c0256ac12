import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {createAuthority} from '../../../src/certificates/authority.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli} from '../helpers/command-line.ts';

test('a valid configuration is reported in one line with its contents', async t => {
	const folder = await temporaryFolder(t);
	await writeFile(
		path.join(folder, 'lb-local.yml'),
		'backends: {app: {kind: echo, count: 2}}\nloadBalancers: {web: {listeners: ["http:80"], backends: [app]}}\n',
	);

	const {code, stdout, stderr} = await runCli(['check'], {folder});

	t.is(stdout, 'lb-local.yml: ok (1 load balancer, 1 listener, 2 back-ends, 0 certificates)\n');
	t.is(stderr, '');
	t.is(code, 0);
});

test('an invalid configuration is reported violation by violation, each with its place', async t => {
	const folder = await temporaryFolder(t);
	await writeFile(
		path.join(folder, 'x.yaml'),
		'loadBalancers:\n  web:\n    listeners: [htps:443]\n    backends: [app]\n',
	);

	const {code, stdout, stderr} = await runCli(['check', 'x.yaml'], {folder});

	t.is(stdout, '');
	t.is(
		stderr,
		[
			'error: x.yaml is not valid:',
			'x.yaml:3:17: loadBalancers.web.listeners[0]: unknown protocol "htps"; allowed are "http", "https", "tcp" or "ssl" (did you mean "https"?)',
			'    3 |     listeners: [htps:443]',
			'      |                 ^',
			'x.yaml:4:16: loadBalancers.web.backends[0]: no back-end is named "app"; there are none',
			'    4 |     backends: [app]',
			'      |                ^',
			'',
		].join('\n'),
	);
	t.is(code, 2);
});

test('with --json programs read the same', async t => {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, 'x.yaml'), 'faults: []\n');
	await writeFile(path.join(folder, 'ok.yaml'), '{}');

	const invalid = await runCli(['check', 'x.yaml', '--json'], {folder});
	const valid = await runCli(['check', 'ok.yaml', '--json'], {folder});

	t.is(invalid.code, 2);
	t.deepEqual(JSON.parse(invalid.stdout), {
		file: 'x.yaml',
		ok: false,
		violations: [
			{path: 'faults', message: '"faults" has no place here: it goes into a load balancer', line: 1, column: 1},
		],
	});
	t.deepEqual(JSON.parse(valid.stdout), {
		file: 'ok.yaml',
		ok: true,
		loadBalancers: 0,
		listeners: 0,
		backends: 0,
		certificates: 0,
		warnings: [],
	});
});

test('an empty configuration is not valid, for `check` and for `up`', async t => {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, 'x.yaml'), '# Nothing yet.\n');
	await writeFile(path.join(folder, 'x.json'), '');

	const checked = await runCli(['check', 'x.yaml'], {folder});
	const json = await runCli(['check', 'x.json', '--json'], {folder});
	const up = await runCli(['up', 'x.yaml'], {folder});

	t.regex(checked.stderr, /^x\.yaml:1:1: the configuration is empty \(\{\} is/m);
	t.like(JSON.parse(json.stdout), {ok: false, violations: [{line: 1, column: 1}]});
	t.regex(up.stderr, /^x\.yaml:1:1: the configuration is empty/m);
	t.deepEqual([checked.code, json.code, up.code], [2, 2, 2]);
});

test('certificate files are read as `up` reads them', async t => {
	const folder = await temporaryFolder(t);
	const authority = createAuthority();
	const one = authority.issue({names: ['a.test']});
	const expired = authority.issue({names: ['b.test'], notAfter: new Date('2020-01-01')});
	await writeFile(path.join(folder, 'a.crt'), one.cert);
	await writeFile(path.join(folder, 'a.key'), one.key);
	await writeFile(path.join(folder, 'b.crt'), expired.cert);
	await writeFile(path.join(folder, 'b.key'), expired.key);
	const write = (certificates: string): Promise<void> =>
		writeFile(path.join(folder, 'x.yaml'), `certificates:\n  x: ${certificates}\n`);

	await write('{cert: a.crt, key: b.key}');
	const mismatch = await runCli(['check', 'x.yaml'], {folder});
	await write('{cert: none.crt, key: a.key}');
	const missing = await runCli(['check', 'x.yaml'], {folder});
	await write('{cert: b.crt, key: b.key}');
	const late = await runCli(['check', 'x.yaml'], {folder});

	t.regex(mismatch.stderr, /^x\.yaml:2:\d+: certificates\.x\.(cert|key): /m);
	t.is(mismatch.code, 2);
	t.regex(missing.stderr, /^x\.yaml:2:13: certificates\.x\.cert: cannot read .*none\.crt: there is no such file$/m);
	t.regex(late.stderr, /^warning: certificate x: .*expired/m);
	t.is(late.code, 0);
});

test('everything wrong in files and about files is reported at once, by `check` and by `up`', async t => {
	const folder = await temporaryFolder(t);
	const authority = createAuthority();
	const [one, other] = ['a.test', 'b.test'].map(name => authority.issue({names: [name]}));
	await writeFile(path.join(folder, 'a.crt'), one?.cert ?? '');
	await writeFile(path.join(folder, 'b.key'), other?.key ?? '');
	await writeFile(path.join(folder, 'text.pem'), 'no PEM');
	await mkdir(path.join(folder, 'logs'));
	const text = [
		'control: {accessLogs: ./a.crt}',
		'certificates:',
		'  missing: {cert: none.crt, key: none.key, chain: none.pem}',
		'  other: {cert: a.crt, key: b.key}',
		'  text: {cert: text.pem, key: none.key}',
		'  wrong: {cert: 5, key: text.pem}',
		'  partial: {key: none.key, chain: none.pem}',
		'loadBalancers:',
		'  web:',
		'    listeners: [htps:443, {listen: https:444, certificate: {cert: "-----BEGIN CERTIFICATE-----\\nx\\n-----END CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY-----\\nx\\n-----END PRIVATE KEY-----"}}]',
		'    accessLog: ./logs',
		'  api: {listeners: [http:80], accessLog: {file: a.crt/access.log}}',
		'  ok: {listeners: [http:81], accessLog: {folder: ./logs/deep/er}}',
		'  blank: {listeners: [http:82], accessLog: " "}',
	].join('\n');
	await writeFile(path.join(folder, 'x.yaml'), text);

	const checked = await runCli(['check', 'x.yaml'], {folder});
	const up = await runCli(['up', 'x.yaml'], {folder});

	const told = [...checked.stderr.matchAll(/^x\.yaml:(\d+:\d+): (\S+): (.*)$/gm)].map(match =>
		match.slice(1).join(' '),
	);
	const places = told.map(line => line.split(' ').slice(0, 2).join(' '));
	t.deepEqual(places, [
		'1:23 control.accessLogs',
		'3:19 certificates.missing.cert',
		'3:34 certificates.missing.key',
		'3:51 certificates.missing.chain',
		'4:29 certificates.other.key',
		'5:16 certificates.text.cert',
		'5:31 certificates.text.key',
		'6:17 certificates.wrong.cert',
		'6:25 certificates.wrong.key',
		'7:12 certificates.partial.cert',
		'7:18 certificates.partial.key',
		'7:35 certificates.partial.chain',
		'10:17 loadBalancers.web.listeners[0]',
		'10:67 loadBalancers.web.listeners[1].certificate.cert',
		'10:133 loadBalancers.web.listeners[1].certificate.key',
		'11:16 loadBalancers.web.accessLog',
		'12:49 loadBalancers.api.accessLog.file',
		'14:44 loadBalancers.blank.accessLog',
	]);
	t.regex(told.join('\n'), /key does not belong to the certificate/);
	t.regex(told.join('\n'), /accessLog cannot write .*logs: it is a folder/);
	t.regex(told.join('\n'), /accessLog\.file cannot write .*access\.log: .*a\.crt is not a folder/);
	t.is(
		up.stderr.slice(up.stderr.indexOf('x.yaml is not valid')),
		checked.stderr.slice(checked.stderr.indexOf('x.yaml is not valid')),
	);
	t.deepEqual([checked.code, up.code], [2, 2]);
});

test('without a configuration the searched names are reported', async t => {
	const {code, stderr} = await runCli(['check'], {folder: await temporaryFolder(t)});

	t.is(
		stderr,
		'error: there is no lb-local.yaml, lb-local.yml, lb-local.json in this directory\nhint: lb-local check file.yaml, or lb-local init to write one.\n',
	);
	t.is(code, 2);
});

test('a missing file is wrong usage', async t => {
	const {code, stderr} = await runCli(['check', 'none.yaml'], {folder: await temporaryFolder(t)});

	t.is(
		stderr,
		'error: Cannot read none.yaml: there is no such file\nhint: `lb-local init` writes a commented configuration to start from.\n',
	);
	t.is(code, 2);
});
