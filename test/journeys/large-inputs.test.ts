import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {createAuthority, type EmulatorError, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {runCli} from '../cli/helpers/command-line.ts';
import {runs} from '../helpers/depth.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

// Whatever is described, and however much of it is wrong: what comes back is the first 20 faults and how many more.

/** Room for 20 faults, each with a hint and its line. */
const LARGEST_ANSWER = 20_000;

/** So many faults, as a number and as titles tell it. */
const MANY = runs(40_000, 5000);
const COUNT = MANY.toLocaleString('en');
const KEYS = runs(250_000, 25_000);

const BAD_LISTENERS = Array.from({length: MANY}, (_, index) => `htps:${index + 1}`);
const BAD_NAMES = Array.from({length: MANY}, (_, index) => `bad name ${index}`);
const BAD_KEYS = Object.fromEntries(BAD_NAMES.map(name => [name, 1]));

/** What the library is given, and how many faults it has. */
const DESCRIPTIONS: Readonly<Record<string, readonly [start: () => Promise<unknown>, faults: number]>> = {
	[`${COUNT} bad listeners`]: [() => startLoadBalancer({listeners: BAD_LISTENERS as never}), MANY],
	[`${COUNT} unknown keys`]: [() => startLoadBalancer({listeners: ['http:80'], ...BAD_KEYS}), MANY],
	[`${COUNT} bad back-ends`]: [() => startLoadBalancer({listeners: ['http:80'], backends: BAD_NAMES}), MANY],
	[`${COUNT} listeners of one port`]: [
		() => startLoadBalancer({listeners: Array(MANY + 1).fill('http:80') as ['http:80']}),
		MANY,
	],
	[`a configuration with ${COUNT} bad listeners`]: [
		() => startEmulator({config: {loadBalancers: {web: {listeners: BAD_LISTENERS as never}}}}),
		MANY,
	],
	[`a configuration with ${COUNT} unknown back-ends among ${COUNT}`]: [
		() =>
			startEmulator({
				config: {
					backends: Object.fromEntries(BAD_NAMES.map((_, index) => [`app-${index}`, '127.0.0.1:3000'])),
					loadBalancers: {web: {listeners: ['http:80'], backends: BAD_NAMES.map((_, index) => `ap-${index}`)}},
				},
			}),
		MANY,
	],
	[`a rule with ${COUNT} unknown back-ends`]: [
		() => startLoadBalancer({listeners: ['http:80'], rules: [{priority: 1, path: '/', to: BAD_NAMES}], backends: 100}),
		MANY,
	],
	[`a certificate for ${COUNT} bad names`]: [async () => createAuthority().issue({names: BAD_NAMES}), MANY],
};

for (const [title, [start, faults]] of Object.entries(DESCRIPTIONS)) {
	test(`the library tells the first 20 faults of ${title}`, async t => {
		const error = await t.throwsAsync<EmulatorError>(start);

		t.is(error?.code, 'INVALID_DESCRIPTION');
		t.is(error?.violations.length, 20);
		t.is(error?.moreViolations, faults - 20);
		t.true(error?.message.endsWith(`\n  and ${faults - 20} more`));
		t.true((error?.message.length ?? 0) < LARGEST_ANSWER);
	});
}

test(`check and up print the first 20 faults of a file with ${COUNT}`, async t => {
	const folder = await temporaryFolder(t);
	const lines = BAD_LISTENERS.map(listener => `      - ${listener}\n`).join('');
	await writeFile(path.join(folder, 'lb-local.yaml'), `loadBalancers:\n  web:\n    listeners:\n${lines}`);

	for (const args of [['check'], ['up']]) {
		const {code, stdout, stderr} = await runCli(args, {folder});
		t.is(code, 2);
		t.is(stdout, '');
		t.regex(stderr, /^error: lb-local\.yaml is not valid:\nlb-local\.yaml:4:9: .*"htps"/);
		t.regex(stderr, new RegExp(`\nand ${MANY - 20} more\n`));
		t.true(stderr.length < LARGEST_ANSWER);
	}
	const {stdout} = await runCli(['check', '--json'], {folder});
	const told = JSON.parse(stdout);
	t.is(told.violations.length, 20);
	t.is(told.moreViolations, MANY - 20);
	t.true(stdout.length < LARGEST_ANSWER);
});

test(`the interface under /_lb/ tells the first 20 faults of a body with ${KEYS.toLocaleString('en')}`, async t => {
	await using emulator = await startEmulator();
	const body = `{${Array.from({length: KEYS}, (_, index) => `"k${index}":1`).join()}}`;

	for (const [method, route, missing] of [
		['POST', '/_lb/health', 3],
		['POST', '/_lb/vms', 2],
		['DELETE', '/_lb/vms', 1],
		['POST', '/_lb/reset', 0],
	] as const) {
		const response = await fetch(`${emulator.endpoint}${route}`, {method, body});
		const text = await response.text();

		t.is(response.status, 400, route);
		t.true(text.length < 2 * LARGEST_ANSWER, `${route}: ${text.length}`);
		const {error} = JSON.parse(text);
		t.is(error.violations.length, 20);
		t.is(error.moreViolations, KEYS + missing - 20);
	}
});

test('a name that nobody has is told with some of those there are', async t => {
	const backends = Array.from({length: 5000}, (_, index) => `10.0.${Math.floor(index / 250)}.${index % 250}:80`);
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends});

	const error = t.throws(() => lb.backend('10.0.0.0.1:80'), {code: 'NO_SUCH_BACKEND'});

	t.regex(
		error?.message ?? '',
		/^No back-end is named "10\.0\.0\.0\.1:80"; there is "10\.0\.0\.0:80", .* or 4980 more$/,
	);
});
