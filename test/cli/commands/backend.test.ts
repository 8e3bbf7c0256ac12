import {once} from 'node:events';
import {readFile, writeFile} from 'node:fs/promises';
import {request} from 'node:https';
import path from 'node:path';
import {json} from 'node:stream/consumers';
import test from 'ava';
import {heldPort} from '../../helpers/ports.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli, startCli} from '../helpers/command-line.ts';

test('an echo back-end runs alone until it is stopped', async t => {
	const running = startCli(t, ['backend'], {folder: await temporaryFolder(t)});
	const [, url = ''] = await running.shows('stdout', /^a {2}echo {2}(http:\/\/127\.0\.0\.1:\d+)$/m);

	const answer = await (await fetch(`${url}/path`)).json();
	const {code} = await running.end('SIGTERM');

	t.like(answer, {method: 'GET', target: '/path'});
	t.is(code, 0);
	await t.throwsAsync(fetch(url));
});

test('Ctrl-C ends with 130', async t => {
	const running = startCli(t, ['backend', 'tcp-echo', 'reply'], {folder: await temporaryFolder(t)});
	await running.shows('stdout', /^a {2}tcp-echo {2}tcp:\/\/127\.0\.0\.1:\d+\nb {2}reply {5}http:\/\//m);
	await running.shows('stderr', /Ctrl-C stops/);

	const {code} = await running.end('SIGINT');

	t.is(code, 130);
});

test('with +tls it has a certificate of the local authority, and with --json its address is printed for programs', async t => {
	const folder = await temporaryFolder(t);
	const running = startCli(t, ['backend', 'echo+tls', '--json'], {folder});
	await running.shows('stderr', /Ctrl-C stops/);
	const row = JSON.parse(running.stdout);
	const ca = await readFile(path.join(folder, 'home/authority/authority.pem'));

	const asked = request({
		host: 'localhost',
		port: row.port,
		lookup: (_, __, callback) => callback(null, [{address: '127.0.0.1', family: 4}]),
		ca,
		agent: false,
	}).end();
	const [response] = await once(asked, 'response');
	const answer = await json(response);
	await running.end('SIGTERM');

	t.like(row, {name: 'a', kind: 'echo', url: `https://127.0.0.1:${row.port}`});
	t.like(answer, {method: 'GET'});
});

test('a port that is in use is a failure that names it', async t => {
	const {port} = await heldPort(t);

	const {code, stderr} = await runCli(['backend', 'echo', `echo:${port}`], {folder: await temporaryFolder(t)});

	t.is(code, 1);
	t.regex(stderr, new RegExp(`^error: Cannot listen on 127\\.0\\.0\\.1:${port}`));
});

test('an address beyond loopback is possible, with a warning', async t => {
	const running = startCli(t, ['backend', '--host', '0.0.0.0'], {folder: await temporaryFolder(t)});
	await running.shows('stderr', /Ctrl-C stops/);

	const {stderr} = await running.end('SIGTERM');

	t.regex(stderr, /^warning: 0\.0\.0\.0 is not loopback: others can reach this\./);
});

test('a HAR file is answered from, and one that cannot be read is told before anything listens', async t => {
	const folder = await temporaryFolder(t);
	const entry = {
		request: {method: 'GET', url: 'https://app.test/items?page=1'},
		response: {status: 203, headers: [], content: {text: 'recorded'}},
		timings: {wait: 1, receive: 1},
	};
	await writeFile(path.join(folder, 'session.har'), JSON.stringify({log: {entries: [entry]}}));

	const wrong = await runCli(['backend', 'echo', 'har=missing.har'], {folder});
	const running = startCli(t, ['backend', 'har=session.har', 'har=session.har+timings'], {folder});
	const [, url = '', timed = ''] = await running.shows(
		'stdout',
		/^a {2}har {2}(http:\/\/127\.0\.0\.1:\d+)\nb {2}har {2}(http:\/\/127\.0\.0\.1:\d+)$/m,
	);
	const answers = await Promise.all([url, timed].map(each => fetch(`${each}/items?page=1`)));
	const bodies = await Promise.all(answers.map(each => each.text()));
	await running.end('SIGTERM');

	t.deepEqual(bodies, ['recorded', 'recorded']);
	t.deepEqual(
		answers.map(({status}) => status),
		[203, 203],
	);
	t.is(wrong.code, 2);
	t.is(wrong.stdout, '');
	t.regex(wrong.stderr, /file: cannot read missing\.har: there is no such file/);
});
