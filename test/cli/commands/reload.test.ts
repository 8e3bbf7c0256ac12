import {once} from 'node:events';
import {mkdir, readFile, rename, rm, utimes, writeFile} from 'node:fs/promises';
import {Agent, request} from 'node:http';
import path from 'node:path';
import {connect as connectTls} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {createAuthority} from '../../../src/certificates/authority.ts';
import {freePorts, heldPort} from '../../helpers/ports.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {type CommandLine, startCli} from '../helpers/command-line.ts';

const READY = /Ctrl-C stops\./;
const APP = 'backends: {app: {kind: echo}}\n';
const web = (...listeners: string[]) => `  web: {listeners: [${listeners.join(', ')}], backends: [app]}\n`;
const GOOD = `${APP}loadBalancers:\n${web('"http:80"')}`;

async function up(t: ExecutionContext, text: string, file = 'lb.yaml') {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, file), text);
	const running = startCli(t, ['up', '--ports', 'free', file], {folder});
	await running.shows('stderr', READY);
	return {folder, file: path.join(folder, file), running};
}

/** The bound port of a listener as printed last. */
function portOf(running: CommandLine, spec: string): number {
	return Number([...running.stderr.matchAll(new RegExp(`${spec} .*on \\S+:(\\d+)`, 'g'))].at(-1)?.[1]);
}

async function status(port: number): Promise<number> {
	return (await fetch(`http://127.0.0.1:${port}/`)).status;
}

/** Replaces a file as editors do. */
async function replace(file: string, text: string): Promise<void> {
	await writeFile(`${file}~`, text);
	await rename(`${file}~`, file);
}

function count(text: string, pattern: RegExp): number {
	return [...text.matchAll(new RegExp(pattern, 'g'))].length;
}

test('a changed configuration is carried out and reported in a line', async t => {
	const {file, running} = await up(t, GOOD);
	const port = portOf(running, 'http:80 -> http:80');

	await writeFile(
		file,
		`${APP}loadBalancers:\n${web('"http:80"', '"http:81"')}  api: {listeners: ["http:90"], backends: [app]}\n`,
	);
	await running.shows('stderr', /^reloaded lb\.yaml: load balancer api added; load balancer web changed$/m);
	await running.shows('stderr', / {2}http:90 -> http:90 {2}on 127\.0\.0\.1:\d+/);

	t.is(portOf(running, 'http:80 -> http:80'), port);
	t.is(await status(port), 200);
	t.is(await status(portOf(running, 'http:81 -> http:81')), 200);
	t.is(await status(portOf(running, 'http:90 -> http:90')), 200);

	await replace(file, GOOD);
	await running.shows('stderr', /^reloaded lb\.yaml: load balancer web changed; load balancer api removed$/m);
	t.is(await status(port), 200);
	t.is((await running.end('SIGTERM')).code, 0);
});

test('an invalid configuration changes nothing and is reported once, and again when the problem is another', async t => {
	const {file, running} = await up(t, GOOD);
	const port = portOf(running, 'http:80 -> http:80');

	await writeFile(file, `${APP}loadBalancers:\n${web('"htps:80"')}`);
	await running.shows('stderr', /lb\.yaml:3:21: loadBalancers\.web\.listeners\[0\]: unknown protocol "htps"/);
	await running.shows('stderr', /^nothing has changed: what ran before goes on$/m);
	// Written again unchanged: a change of the file, but the same problem. The next problem is reported after it.
	await replace(file, `${APP}loadBalancers:\n${web('"htps:80"')}`);
	running.child.kill('SIGHUP');
	await running.shows('stderr', /(?:unknown protocol "htps"(?:.|\n)*){2}/);
	await replace(file, `${APP}loadBalancers:\n${web('"htxx:80"')}`);
	await running.shows('stderr', /unknown protocol "htxx"/);
	t.is(await status(port), 200);

	await replace(file, GOOD);
	await running.shows('stderr', /^lb\.yaml is valid again, and nothing in it has changed$/m);
	const {stderr} = await running.end('SIGTERM');
	// Once for the file, once because it was requested.
	t.is(count(stderr, /unknown protocol "htps"/), 2);
	t.is(count(stderr, /unknown protocol "htxx"/), 1);
});

test('a file that is touched, emptied or removed stops nothing, and is watched when it is back', async t => {
	const {file, running} = await up(t, GOOD);
	const port = portOf(running, 'http:80 -> http:80');

	await utimes(file, new Date(), new Date());
	await writeFile(file, '');
	await running.shows('stderr', /lb\.yaml:1:1: the configuration is empty/);
	await writeFile(file, '{}');
	await running.shows('stderr', /lb\.yaml is not valid: it describes nothing any more/);
	await rm(file);
	await running.shows('stderr', /Cannot read lb\.yaml: there is no such file/);
	t.is(await status(port), 200);

	await writeFile(file, `${APP}loadBalancers:\n${web('"http:80"', '"http:81"')}`);
	await running.shows('stderr', /^reloaded lb\.yaml: load balancer web changed$/m);
	t.is(await status(port), 200);
	const {stderr} = await running.end('SIGTERM');
	t.is(count(stderr, /reloaded/), 1);
});

test('a port that is in use is reported with its place, and nothing changes', async t => {
	const {port: taken, release} = await heldPort(t);
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'lb.yaml');
	const [port = 0] = await freePorts(1);
	await writeFile(file, `${APP}loadBalancers:\n${web(`"http:${port}"`)}`);
	const running = startCli(t, ['up', 'lb.yaml'], {folder});
	await running.shows('stderr', READY);

	await writeFile(file, `${APP}loadBalancers:\n${web(`"http:${port}"`, `"http:${taken}"`)}`);
	await running.shows('stderr', new RegExp(`^error: lb\\.yaml:3:20: Cannot listen on 127\\.0\\.0\\.1:${taken}`, 'm'));
	t.is(await status(port), 200);

	await release();
	running.child.kill('SIGHUP');
	await running.shows('stderr', /^reloaded lb\.yaml: load balancer web changed$/m);
	t.is(await status(taken), 200);
	await running.end('SIGTERM');
});

test('SIGHUP reads the configuration again and continues in new access logs', async t => {
	const config = (...listeners: string[]) =>
		JSON.stringify({
			backends: {app: {kind: 'echo'}},
			loadBalancers: {web: {listeners, backends: ['app'], accessLog: 'access.log'}},
		});
	const {folder, file, running} = await up(t, config('http:80'), 'lb.json');
	await status(portOf(running, 'http:80 -> http:80'));
	await rename(path.join(folder, 'access.log'), path.join(folder, 'access.log.1'));
	await writeFile(file, config('http:80', 'http:81'));
	running.child.kill('SIGHUP');
	await running.shows('stderr', /^reloaded lb\.json: load balancer web changed$/m);
	await running.shows('stderr', / {2}http:81 -> http:81 {2}on /);

	await status(portOf(running, 'http:81 -> http:81'));

	await running.end('SIGTERM');
	t.regex(await readFile(path.join(folder, 'access.log.1'), 'utf8'), /^\S+ web .*:80\/ HTTP\/1\.1".*\n$/);
	t.regex(await readFile(path.join(folder, 'access.log'), 'utf8'), /^\S+ web .*:81\/ HTTP\/1\.1".*\n$/);
});

test('a replaced certificate file is used without a change of the configuration', async t => {
	const authority = createAuthority();
	const pairs = ['one.test', 'two.test'].map(name => authority.issue({names: [name]}));
	const folder = await temporaryFolder(t);
	const tls = path.join(folder, 'tls');
	await mkdir(tls);
	const put = async (index: number) => {
		await replace(path.join(tls, 'own.crt'), pairs[index]?.cert ?? '');
		await replace(path.join(tls, 'own.key'), pairs[index]?.key ?? '');
	};
	await put(0);
	const config = `certificates: {own: {cert: tls/own.crt, key: tls/own.key}}\n${APP}loadBalancers:\n${web('{listen: "https:443 -> http:80", certificate: own}')}`;
	await writeFile(path.join(folder, 'lb.yaml'), config);
	const running = startCli(t, ['up', '--ports', 'free', 'lb.yaml'], {folder});
	await running.shows('stderr', READY);
	const port = portOf(running, 'https:443 -> http:80');
	const shown = async () => {
		const client = connectTls({host: '127.0.0.1', port, rejectUnauthorized: false});
		await once(client, 'secureConnect');
		const {fingerprint256} = client.getPeerCertificate();
		client.destroy();
		return fingerprint256;
	};
	t.is(await shown(), pairs[0]?.fingerprint256 ?? '');

	await put(1);
	await running.shows('stderr', /^reloaded lb\.yaml: certificate own changed$/m);

	t.is(await shown(), pairs[1]?.fingerprint256 ?? '');
	await running.end('SIGTERM');
});

test('a reload under load loses no request', async t => {
	const {file, running} = await up(t, GOOD);
	const port = portOf(running, 'http:80 -> http:80');
	const agent = new Agent({keepAlive: true, maxSockets: 4});
	t.teardown(() => agent.destroy());
	const ask = async () => {
		const asked = request({host: '127.0.0.1', port, agent}).end();
		const [response] = await once(asked, 'response');
		response.resume();
		await once(response, 'end');
		if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
	};
	let done = false;
	const load = Promise.all(
		Array.from({length: 4}, async () => {
			let count = 0;
			for (; !done; count++) await ask();
			return count;
		}),
	);

	for (let turn = 1; turn <= 5; turn++) {
		await replace(file, `${APP}loadBalancers:\n${web('"http:80"', `"http:${90 + turn}"`)}`);
		await running.shows('stderr', new RegExp(`http:${90 + turn} -> .* on `));
	}
	done = true;

	for (const count of await load) t.true(count > 5, `${count} requests`);
	await running.end('SIGTERM');
});

test('a stop right after the start does not wait for the file watch', async t => {
	const {running} = await up(t, GOOD);

	const {code, stderr} = await running.end('SIGTERM');

	t.is(code, 0);
	t.notRegex(stderr, /error|warning/);
});
