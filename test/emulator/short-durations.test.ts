import test from 'ava';
import {startEmulator, startLoadBalancer} from '../../src/index.ts';

const KEYS = [
	'healthCheck.interval',
	'healthCheck.timeout',
	'draining',
	'idleTimeout',
	'headTimeout',
	'connectTimeout',
];

function told(name: string, value: number, keys = KEYS): string[] {
	return keys.map(
		key =>
			`${name}, durations: ${key} is ${value} milliseconds; write "${value}s" for seconds, or "${value}ms" if it is meant`,
	);
}

const short = (value: number | '5ms') => ({
	healthCheck: {interval: value, timeout: value},
	draining: value,
	idleTimeout: value,
	headTimeout: value,
	connectTimeout: value,
});

test('plain numbers under 100 where seconds are usual are milliseconds, and warned of', async t => {
	await using lb = await startLoadBalancer({listeners: ['http:80'], clock: 'manual', ...short(99)});

	t.deepEqual(lb.warnings, told('lb', 99));
});

test('a configuration in code is warned of alike, under the name of its load balancer', async t => {
	await using emulator = await startEmulator({
		clock: 'manual',
		config: {
			loadBalancers: {web: {listeners: ['http:80'], ...short(5)}, api: {listeners: ['http:81'], draining: 60_000}},
		},
	});

	t.deepEqual(emulator.warnings, told('web', 5));
});

test('what says its unit, or is long enough, is meant', async t => {
	await using emulator = await startEmulator({clock: 'manual'});

	await emulator.create({name: 'a', listeners: ['http:80'], ...short('5ms')});
	await emulator.create({name: 'b', listeners: ['http:80'], ...short(100)});

	t.deepEqual(emulator.warnings, []);
});

test('a warning comes and goes with an update', async t => {
	await using emulator = await startEmulator({clock: 'manual'});
	const lb = await emulator.create({name: 'web', listeners: ['http:80']});

	await lb.update({idleTimeout: 30});
	const after = [...emulator.warnings];
	await lb.update({idleTimeout: '30s'});

	t.deepEqual(after, told('web', 30, ['idleTimeout']));
	t.deepEqual([emulator.warnings, lb.warnings], [[], []]);
});
