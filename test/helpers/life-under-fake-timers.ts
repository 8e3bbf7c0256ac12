/**
 * A program for `test/journeys/fake-timers.test.ts`: fakes timers as its argument says, and then leads the whole life of
 * a load balancer. Prints what it saw as one line of JSON.
 */
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {mock} from 'node:test';
import {install} from '@sinonjs/fake-timers';

const [how = ''] = process.argv.slice(2);
const LONG_AGO = new Date('2001-02-03T04:05:06Z');

function fake(): void {
	if (how.startsWith('node:test')) {
		mock.timers.enable({apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: LONG_AGO});
		return;
	}
	const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'];
	const asked = ['queueMicrotask', 'nextTick'].filter(name => how.includes(name));
	// The types of an older release lack names that this one knows.
	install({now: LONG_AGO, toFake: [...toFake, 'Date', 'hrtime', 'performance', ...asked] as never});
}

const isEarly = how.includes('before the import');
if (isEarly) fake();
const {startEmulator} = await import('../../src/index.ts');
if (!isEarly) fake();

const seen: Record<string, unknown> = {};
try {
	const folder = await mkdtemp(path.join(tmpdir(), 'lb-local-'));
	const emulator = await startEmulator();
	const lb = await emulator.create({
		name: 'web',
		listeners: ['https:443 -> http:80', 'ssl:444 -> tcp:80'],
		backends: 2,
		healthCheck: {target: 'HTTP:80/', interval: '5s', timeout: '2s'},
		accessLog: path.join(folder, 'access.log'),
	});
	await lb.settle();
	const connection = await lb.connect(444); // Verifies the certificate.
	connection.end('GET / HTTP/1.0\r\n\r\n');
	const [answer] = await once(connection, 'data');
	seen['answer'] = String(answer).split('\r\n', 1)[0];
	const run = `exec ${JSON.stringify(process.execPath)} -e "require('http').createServer((_, r) => r.end('mine')).listen(process.env.PORT, '127.0.0.1')"`;
	await lb.update({backends: [{name: 'own', kind: 'command', run}]});
	const texts: string[] = [];
	// The second one finds a connection that could be used again.
	for (const path of ['/1', '/2']) {
		const text = await lb
			.fetch(path)
			.then(each => each.text())
			.catch((error: unknown) => textOf(error));
		texts.push(text);
	}
	seen['fetched'] = texts;
	await lb.drain('own');
	await emulator.reset();
	await emulator.stop();
	const log = await readFile(path.join(folder, 'access.log'), 'utf8').catch(() => '');
	await rm(folder, {recursive: true});
	seen['logged'] = log.split('\n').filter(line => line !== '').length;
	seen['ofLongAgo'] = log.includes('2001-');
	seen['warnings'] = emulator.warnings;
} catch (error) {
	seen['error'] = textOf(error);
}
process.stdout.write(`${JSON.stringify(seen)}\n`);

function textOf(error: unknown): string {
	return error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : String(error);
}
