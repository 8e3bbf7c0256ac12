import {mkdir, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {formatPath, type Violation} from '../../src/base/errors.ts';
import {type Config, createAuthority, type LoadBalancerSpec, startEmulator} from '../../src/index.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const authority = createAuthority();
const [one, other] = ['a.test', 'b.test'].map(name => authority.issue({names: [name]}));
/** The key belongs to another certificate. */
const MISFIT = {cert: one?.cert ?? '', key: other?.key ?? ''};

async function pathsOf(t: ExecutionContext, failing: Promise<unknown>): Promise<string[]> {
	const error = await t.throwsAsync<Error & {violations: readonly Violation[]}>(failing);
	return error.violations.map(violation => formatPath(violation.path)).sort();
}

test('a configuration in code is judged with the files it names, all at once', async t => {
	const folder = await temporaryFolder(t);
	const config = {
		certificates: {own: {cert: path.join(folder, 'none.crt'), key: path.join(folder, 'none.key')}},
		loadBalancers: {web: {listeners: ['htps:443', {listen: 'https:444', certificate: MISFIT}], accessLog: folder}},
	} as unknown as Config; // One listener does not compile.

	t.deepEqual(await pathsOf(t, startEmulator({config})), [
		'certificates.own.cert',
		'certificates.own.key',
		'loadBalancers.web.accessLog',
		'loadBalancers.web.listeners[0]',
		'loadBalancers.web.listeners[1].certificate.key',
	]);
});

test('a load balancer in code is judged with its certificate and its access log, and so is a change of it', async t => {
	const folder = await temporaryFolder(t);
	await using emulator = await startEmulator();
	const wrong = {
		listeners: [{listen: 'https:443', certificate: MISFIT}],
		accessLog: {file: folder},
		idleTimeout: 'x',
	} as unknown as LoadBalancerSpec; // The timeout does not compile.
	const paths = ['accessLog.file', 'idleTimeout', 'listeners[0].certificate.key'];

	t.deepEqual(await pathsOf(t, emulator.create(wrong)), paths);
	const lb = await emulator.create({listeners: ['http:80'], accessLog: path.join(folder, 'a.log')});
	t.deepEqual(await pathsOf(t, lb.update(wrong)), paths);
	t.deepEqual(await pathsOf(t, lb.update({accessLog: {folder: path.join(folder, 'a.log', 'b')}})), [
		'accessLog.folder',
	]);
	await t.notThrowsAsync(lb.update({idleTimeout: '1m'}));
});

test('a reload tells all at once, changes nothing, and leaves alone where lines are written already', async t => {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'lb.json');
	const log = path.join(folder, 'log');
	const write = (accessLog: string, more: object) =>
		writeFile(file, JSON.stringify({loadBalancers: {web: {listeners: ['http:80'], accessLog, ...more}}, ...more}));
	await write(log, {});
	await using emulator = await startEmulator({config: file});
	// Rotated away, and a folder has taken its place: lines go on into what is open.
	await rm(log);
	await mkdir(log);

	await write(log, {});
	await t.notThrowsAsync(emulator.reload());
	await write(folder, {certificates: {own: {cert: 'none.crt', key: 'none.key'}}});

	t.deepEqual(await pathsOf(t, emulator.reload()), [
		'certificates.own.cert',
		'certificates.own.key',
		'loadBalancers.web.accessLog',
		'loadBalancers.web.certificates',
	]);
	t.is((await emulator.get('web').fetch('/')).status, 503);
});
