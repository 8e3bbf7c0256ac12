import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {startEmulator, startLoadBalancer} from '../../src/index.ts';
import {eventually} from '../helpers/patience.ts';
import {freePorts, refusalAt} from '../helpers/ports.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const harOf = (body: string) =>
	JSON.stringify({
		log: {
			entries: [
				{
					request: {method: 'GET', url: 'https://app.test/'},
					response: {status: 200, headers: [], content: {text: body}},
				},
			],
		},
	});

test('a configuration names a HAR file relative to itself, and another content is another back-end at a reload', async t => {
	const folder = await temporaryFolder(t);
	await mkdir(path.join(folder, 'recorded'));
	const har = path.join(folder, 'recorded/session.har');
	const config = path.join(folder, 'lb-local.yaml');
	await writeFile(har, harOf('first'));
	await writeFile(
		config,
		'backends: {app: {kind: har, file: ./recorded/session.har}}\nloadBalancers: {web: {listeners: ["http:80"], backends: [app]}}\n',
	);
	await using emulator = await startEmulator({config});
	const body = async () => (await emulator.get('web').fetch('/')).text();

	t.is(await body(), 'first');
	t.true(emulator.configFiles.includes(har));
	await emulator.reload();
	t.is(await body(), 'first');
	await writeFile(har, harOf('second'));
	await emulator.reload();
	t.is(await body(), 'second');
});

test('a HAR file that cannot be used is told with its place in the configuration', async t => {
	const folder = await temporaryFolder(t);
	const config = path.join(folder, 'lb-local.yaml');
	await writeFile(
		config,
		'backends:\n  app: {kind: har, file: missing.har, count: 2}\n  other: {kind: har, file: ""}\n',
	);

	const error = await t.throwsAsync(startEmulator({config}));

	t.like(error, {code: 'CONFIG_INVALID'});
	t.true(
		error?.message.includes(
			`lb-local.yaml:2:26: backends.app.file: cannot read ${folder}/missing.har: there is no such file`,
		),
		error?.message,
	);
	t.true(
		error?.message.includes('lb-local.yaml:3:28: backends.other.file: the path is empty; write that of a HAR file'),
		error?.message,
	);
	t.is(error?.message.match(/missing\.har: there/g)?.length, 1);
});

test('times are replayed by the clock of the emulator', async t => {
	const file = path.join(await temporaryFolder(t), 'session.har');
	const {log} = JSON.parse(harOf('at last'));
	await writeFile(
		file,
		JSON.stringify({log: {entries: [{...log.entries[0], timings: {wait: 3_600_000, receive: 0}}]}}),
	);
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: [{kind: 'har', file, timings: true}],
		idleTimeout: '2h',
		clock: 'manual',
	});
	let isAnswered = false;
	const asked = lb.fetch('/').then(async answer => {
		isAnswered = true;
		return answer.text();
	});
	// The request is with the back-end.
	await eventually(() => lb.backends[0]?.inFlight === 1);

	await eventually(async () => {
		await lb.clock.advance(1_000_000);
		return isAnswered;
	});

	t.is(await asked, 'at last');
	t.true(lb.traffic.last().ms.total >= 3_600_000);
});

test('a load balancer of the library says which HAR file cannot be used, with everything else that is wrong', async t => {
	const folder = await temporaryFolder(t);
	const good = path.join(folder, 'good.har');
	await writeFile(good, harOf('x'));
	await writeFile(path.join(folder, 'bad.har'), '<html>');
	const [port = 0] = await freePorts(1);

	const error = await t.throwsAsync(
		startLoadBalancer({
			listeners: [`http:${port}`],
			backends: [
				'127.0.0.1:1',
				{kind: 'har', file: good},
				{kind: 'har', file: path.join(folder, 'bad.har')},
				{kind: 'har', file: good, timings: true},
				{kind: 'har', file: path.join(folder, 'bad.har')},
				{kind: 'har', file: '', name: 'empty'},
			],
			ports: 'exact',
		}),
	);

	t.like(error, {code: 'INVALID_DESCRIPTION'});
	const found = (error?.message ?? '').split('\n').slice(1);
	t.is(found.length, 3, error?.message);
	t.regex(found[0] ?? '', /^ {2}backends\[5\]\.file: the path is empty; write that of a HAR file/);
	t.true(found.some(line => /^ {2}backends\[2\]\.file: .*bad\.har is not JSON: /.test(line)));
	t.true(found.some(line => /^ {2}backends\[3\]\.timings: .*good\.har has no recorded times/.test(line)));
	t.is(await refusalAt(port), 'ECONNREFUSED');
});

test('a change that names a HAR file that cannot be used changes nothing; another content is another back-end', async t => {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'session.har');
	await writeFile(file, harOf('first'));
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: [{kind: 'har', file}]});
	const body = async () => (await lb.fetch('/')).text();
	t.is(await body(), 'first');

	const error = await t.throwsAsync(
		lb.update({listeners: ['http:81'], backends: [{kind: 'har', file: path.join(folder, 'missing.har')}]}),
	);
	t.true(
		error?.message.includes(`backends[0].file: cannot read ${folder}/missing.har: there is no such file`),
		error?.message,
	);
	t.deepEqual(
		lb.listeners.map(({port}) => port),
		[80],
	);
	t.is(await body(), 'first');

	await writeFile(file, harOf('second'));
	await lb.update({backends: [{kind: 'har', file}]});
	t.is(await body(), 'second');
});

test('what is described says whether times are replayed, and a restore keeps it', async t => {
	const file = path.join(await temporaryFolder(t), 'session.har');
	const {log} = JSON.parse(harOf('x'));
	await writeFile(file, JSON.stringify({log: {entries: [{...log.entries[0], time: 0}]}}));
	await using emulator = await startEmulator();
	await emulator.create({name: 'web', listeners: ['http:80'], backends: [{kind: 'har', file, timings: true}]});
	const url = `${emulator.endpoint}/_lb/config`;

	const config = JSON.parse(await (await fetch(url)).text());
	const {status} = await fetch(url, {method: 'PUT', body: JSON.stringify(config)});

	t.is(status, 200);
	t.deepEqual(Object.values(config.backends), [{kind: 'har', file, timings: true}]);
	t.deepEqual(await (await fetch(url)).json(), config);
});
