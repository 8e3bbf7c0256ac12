import test from 'ava';
import fc from 'fast-check';
import {
	effectiveReason,
	effectiveState,
	forgetStreaks,
	type Health,
	initialHealth,
	isConfirmed,
	MAX_TRANSITIONS,
	observe,
	type ProbeResult,
} from '../../src/model/health.ts';
import {defaultHealthCheck, type HealthCheck} from '../../src/model/health-check.ts';

const check: HealthCheck = {...defaultHealthCheck(80), healthyThreshold: 3, unhealthyThreshold: 2};

function probe(passed: boolean, number = 0): ProbeResult {
	const result = passed ? 'pass' : 'HTTP 503';
	return {target: 'HTTP:80/', address: '127.0.0.1:80', result, ms: 2, atMs: number * 1000};
}

/** + is a probe that passed, - one that failed. */
function after(start: Health, signs: string, firstSuccessSuffices = true): Health {
	return [...signs].reduce(
		(health, sign, index) => observe(health, probe(sign === '+', index), {check, firstSuccessSuffices}),
		start,
	);
}

const IN = {code: 'N/A', description: 'N/A'} as const;
const PENDING = {code: 'ELB', description: 'Instance registration is pending'} as const;
const FAILED = {
	code: 'Instance',
	description: 'Instance has failed at least the UnhealthyThreshold number of health checks consecutively.',
} as const;
const NOT_YET = {
	code: 'Instance',
	description: 'Instance has not passed the configured HealthyThreshold number of health checks consecutively.',
} as const;

// Three passes in a row bring in, two failures in a row take out.
const FROM_IN_SERVICE = [
	['', 'InService', IN],
	['-', 'InService', IN],
	['-+-+-', 'InService', IN],
	['--', 'OutOfService', FAILED],
	['+++++--', 'OutOfService', FAILED],
	['--+', 'OutOfService', NOT_YET],
	['--++', 'OutOfService', NOT_YET],
	['--++-', 'OutOfService', NOT_YET],
	['--++--', 'OutOfService', FAILED],
	['--++-++', 'OutOfService', NOT_YET],
	['--+++', 'InService', IN],
	['--+++-', 'InService', IN],
	['--+++--', 'OutOfService', FAILED],
] as const;

for (const [signs, state, reason] of FROM_IN_SERVICE) {
	for (const firstSuccessSuffices of [true, false]) {
		test(`in service, after "${signs}": ${state} (first success suffices: ${firstSuccessSuffices})`, t => {
			t.like(after(initialHealth('in-service'), signs, firstSuccessSuffices), {state, reason});
		});
	}
}

const FROM_PENDING = [
	['', true, 'OutOfService', PENDING],
	['-', true, 'OutOfService', PENDING],
	['--', true, 'OutOfService', FAILED],
	['+', true, 'InService', IN],
	['---+', true, 'InService', IN],
	['+--+', true, 'OutOfService', NOT_YET],
	['+--+++', true, 'InService', IN],
	['-', false, 'OutOfService', PENDING],
	['+', false, 'OutOfService', NOT_YET],
	['++-', false, 'OutOfService', NOT_YET],
	['++-++', false, 'OutOfService', NOT_YET],
	['+++', false, 'InService', IN],
] as const;

for (const [signs, firstSuccessSuffices, state, reason] of FROM_PENDING) {
	test(`pending, after "${signs}": ${state} (first success suffices: ${firstSuccessSuffices})`, t => {
		t.like(after(initialHealth('pending'), signs, firstSuccessSuffices), {state, reason});
	});
}

test('health carries its last probe, its number, and the transitions with their reasons', t => {
	const health = after(initialHealth('in-service'), '+--+++-');

	t.deepEqual(health, {
		state: 'InService',
		reason: IN,
		pending: false,
		passes: 0,
		failures: 1,
		probes: 7,
		lastProbe: {target: 'HTTP:80/', address: '127.0.0.1:80', result: 'HTTP 503', ms: 2, atMs: 6000},
		transitions: [
			{
				atMs: 2002,
				from: 'InService',
				to: 'OutOfService',
				because: 'HTTP:80/ failed 2 times in a row: HTTP 503',
			},
			{atMs: 5002, from: 'OutOfService', to: 'InService', because: 'HTTP:80/ passed 3 times in a row'},
		],
	});
	t.is(after(initialHealth('pending'), '+').transitions[0]?.because, 'HTTP:80/ passed for the first time');
});

test('a back-end that flaps for ever is remembered for its latest transitions only', t => {
	const health = after(initialHealth('in-service'), '--+++'.repeat(50));

	t.is(health.transitions.length, MAX_TRANSITIONS);
	t.is(health.transitions.at(-1)?.to, 'InService');
	t.is(health.transitions.at(-1)?.atMs, 249_002);
});

test('a change of the check forgets the streak and keeps the state', t => {
	const health = forgetStreaks(after(initialHealth('in-service'), '-'));

	t.like(health, {state: 'InService', failures: 0, probes: 1});
	t.is(after(health, '-').state, 'InService');
	t.is(after(health, '--').state, 'OutOfService');
});

test('thresholds have decided once a streak is as long as they ask', t => {
	for (const [signs, confirmed] of [
		['', false],
		['++', false],
		['+++', true],
		['+++-', false],
		['+++--', true],
		['-+', false],
	] as const) {
		t.is(isConfirmed(after(initialHealth('pending'), signs), check), confirmed, signs);
	}
});

test('the operator overrules the probes, who go on counting, and auto goes back to what they say', t => {
	const failing = after(initialHealth('in-service'), '--');

	t.is(effectiveState(failing, 'InService'), 'InService');
	t.deepEqual(effectiveReason(failing, 'InService'), IN);
	t.is(effectiveState(failing, 'auto'), 'OutOfService');
	t.deepEqual(effectiveReason(failing, 'auto'), FAILED);
	t.is(effectiveState(after(failing, '+++'), 'OutOfService'), 'OutOfService');
	t.deepEqual(effectiveReason(after(failing, '+++'), 'OutOfService'), {
		code: 'ELB',
		description: 'Taken out of service by hand.',
	});
	t.is(effectiveState(after(failing, '+++'), 'auto'), 'InService');
});

test('whatever comes, the state is that of the last streak that reached its threshold', t => {
	fc.assert(
		fc.property(
			fc.string({unit: fc.constantFrom('+', '-'), maxLength: 30}),
			fc.constantFrom('in-service' as const, 'pending' as const),
			(signs, start) => {
				const health = after(initialHealth(start), signs, false);
				const decided = Math.max(signs.lastIndexOf('+++'), signs.lastIndexOf('--'));
				const expected =
					decided === -1 ? initialHealth(start).state : signs[decided] === '+' ? 'InService' : 'OutOfService';
				t.is(health.state, expected);
				t.is(health.passes, signs.length - signs.replace(/\++$/, '').length);
				t.is(health.failures, signs.length - signs.replace(/-+$/, '').length);
				t.is(health.probes, signs.length);
				t.is(health.state === 'InService', health.reason.code === 'N/A');
				for (const [index, transition] of health.transitions.entries()) {
					t.not(transition.from, transition.to);
					t.is(transition.from, health.transitions[index - 1]?.to ?? initialHealth(start).state);
				}
			},
		),
	);
});
