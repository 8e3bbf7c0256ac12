import {readdir, readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {
	type AccessLogFolderOptions,
	accessLogObjectName,
	openAccessLogFolder,
} from '../../src/observability/access-log-folder.ts';
import {runs} from '../helpers/depth.ts';
import {HandClock} from '../helpers/hand-clock.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const START_MS = Date.UTC(2014, 1, 15, 23, 38, 20);

const NAME = {
	accountId: '123456789012',
	region: 'eu-west-2',
	loadBalancer: 'web',
	address: '192.0.2.1',
} as const;

interface Bucket {
	readonly folder: string;
	readonly clock: HandClock;
	readonly options: AccessLogFolderOptions;
	readonly troubles: string[];
}

async function newBucket(t: ExecutionContext, changes: Partial<AccessLogFolderOptions> = {}): Promise<Bucket> {
	const folder = path.join(await temporaryFolder(t), 'bucket');
	const clock = new HandClock(START_MS);
	const troubles: string[] = [];
	const options: AccessLogFolderOptions = {
		...NAME,
		folder,
		publicationIntervalMinutes: 5,
		random: () => 'r4nd0m',
		clock,
		onTrouble: ({message}) => void troubles.push(message),
		...changes,
	};
	return {folder, clock, options, troubles};
}

/** All files in the bucket that are not hidden, as a reader sees it. */
async function objectsIn(folder: string): Promise<Record<string, string>> {
	const objects: Record<string, string> = {};
	for (const entry of await readdir(folder, {recursive: true, withFileTypes: true})) {
		if (!entry.isFile() || entry.name.startsWith('.')) continue;
		const file = path.join(entry.parentPath, entry.name);
		objects[path.relative(folder, file)] = await readFile(file, 'utf8');
	}
	return objects;
}

const OBJECT = 'OWSLogs/123456789012/lbu/eu-west-2/2014/02/15/123456789012_lbu_eu-west-2_web_20140215T';

test('an object is published at the end of each interval in which there were lines, and at the close', async t => {
	const {folder, clock, options, troubles} = await newBucket(t, {prefix: 'my-app/logs'});
	const log = await openAccessLogFolder(options);

	log.write({log: 'one'});
	await log.flush();
	t.deepEqual(await objectsIn(folder), {}, 'what is not published is not seen');
	await clock.advance(99_000);
	await log.flush();
	t.deepEqual(await objectsIn(folder), {}, 'it is 23:39:59');
	await clock.advance(1000);
	await log.flush();
	t.deepEqual(await objectsIn(folder), {[`my-app/logs/${OBJECT}2340Z_192.0.2.1_r4nd0m.log`]: 'one\n'});

	await clock.advance(300_000);
	await log.reopen();
	log.write({log: 'two'});
	log.write({log: ''});
	await Promise.all([log.close(), log.close()]);
	log.write({log: 'late'});

	t.deepEqual(await objectsIn(folder), {
		[`my-app/logs/${OBJECT}2340Z_192.0.2.1_r4nd0m.log`]: 'one\n',
		[`my-app/logs/${OBJECT}2345Z_192.0.2.1_r4nd0m.log`]: 'two\n',
	});
	t.deepEqual(await readdir(folder), ['my-app'], 'no draft is left');
	t.is(clock.waiting, 0);
	t.is(log.dropped, 1);
	t.deepEqual(troubles, []);
});

test('two objects with the same minute and random text do not overwrite each other', async t => {
	const {folder, options} = await newBucket(t);
	for (const line of ['one', 'two', 'three']) {
		const log = await openAccessLogFolder(options);
		log.write({log: line});
		await log.close();
	}

	t.deepEqual(Object.values(await objectsIn(folder)).sort(), ['one\n', 'three\n', 'two\n']);
});

test('a draft that cannot be published is reported, and published later', async t => {
	const {folder, clock, options, troubles} = await newBucket(t);
	const log = await openAccessLogFolder(options);
	await writeFile(path.join(folder, 'OWSLogs'), 'in the way');
	log.write({log: 'one'});
	await clock.advance(100_000);
	await log.flush();
	t.is(troubles.length, 1);
	t.regex(troubles[0] ?? '', /^Cannot publish the access log .*\.draft: E(?:NOTDIR|EXIST)/);

	await rm(path.join(folder, 'OWSLogs'));
	log.write({log: 'two'});
	await log.close();

	t.deepEqual(await objectsIn(folder), {[`${OBJECT}2340Z_192.0.2.1_r4nd0m.log`]: 'one\ntwo\n'});
});

test('a folder that cannot be created is refused', async t => {
	const {folder, options} = await newBucket(t);
	await writeFile(folder, '');

	await t.throwsAsync(openAccessLogFolder(options), {
		code: 'ACCESS_LOG_UNWRITABLE',
		message: /^Cannot write the access log's folder .*: E/,
	});
});

test('every part of the name that is not allowed is reported, and nothing is created', async t => {
	const {folder, options} = await newBucket(t, {
		prefix: '../..',
		accountId: '../1',
		region: 'eu/..',
		loadBalancer: 'a/b',
		address: '../x',
		// The types forbid it, but JavaScript has no types.
		publicationIntervalMinutes: 7 as never,
	});
	const error = await t.throwsAsync(openAccessLogFolder(options), {code: 'INVALID_DESCRIPTION'});

	t.deepEqual(
		(error as unknown as {violations: {path: string[]}[]}).violations.map(violation => violation.path[0]),
		['prefix', 'accountId', 'region', 'loadBalancer', 'address', 'publicationIntervalMinutes'],
	);
	await t.throwsAsync(readdir(folder), {code: 'ENOENT'});
});

test('no prefix and no random text leads out of the folder', async t => {
	const nasty = fc
		.array(fc.constantFrom('..', '.', '/', '\\', '\0', 'a', '~', '%2e', '\n', 'C:'), {maxLength: 8})
		.map(parts => parts.join(''));
	await fc.assert(
		fc.asyncProperty(nasty, nasty, async (prefix, random) => {
			const {folder, options} = await newBucket(t, {prefix, random: () => random});
			const parent = path.dirname(folder);
			try {
				const log = await openAccessLogFolder(options);
				log.write({log: 'x'});
				await log.close();
				const found = Object.keys(await objectsIn(parent));
				t.is(found.length, 1);
				t.true(found[0]?.startsWith(`bucket${path.sep}`));
			} catch (error) {
				t.is((error as {code?: string}).code, 'INVALID_DESCRIPTION');
			}
		}),
		{numRuns: runs(60, 20)},
	);
});

test('an address of IPv6 is part of a name without colons', t => {
	t.is(accessLogObjectName({...NAME, address: '2001:db8::1'}, START_MS, 'x'), `${OBJECT}2338Z_2001-db8--1_x.log`);
});
