import test from 'ava';
import {changed, isOver, type Life, type LifeState, stateInAnswer, stateOf} from '../../src/model/life.ts';

const at = (nowMs: number, lifecycleMs = 1000) => ({nowMs, lifecycleMs});

/** A phase that began at 0, how long each takes, the moment, and what a read and an answer show then. */
const STATES: readonly (readonly [Life['phase'], number, number, LifeState, LifeState])[] = [
	['creating', 0, 0, 'active', 'provisioning'],
	['changing', 0, 0, 'active', 'reconfiguring'],
	['deleting', 0, 0, 'deleting', 'deleting'],
	['creating', 1000, 0, 'provisioning', 'provisioning'],
	['creating', 1000, 499, 'provisioning', 'provisioning'],
	['creating', 1000, 500, 'starting', 'starting'],
	['creating', 1000, 999, 'starting', 'starting'],
	['creating', 1000, 1000, 'active', 'provisioning'],
	['changing', 1000, 999, 'reconfiguring', 'reconfiguring'],
	['changing', 1000, 1000, 'active', 'reconfiguring'],
	['deleting', 1000, 1_000_000, 'deleting', 'deleting'],
];

for (const [phase, lifecycleMs, nowMs, read, answer] of STATES) {
	test(`${phase} for ${nowMs} of ${lifecycleMs} ms reads as ${read} and is answered as ${answer}`, t => {
		t.is(stateOf({phase, sinceMs: 0}, {nowMs, lifecycleMs}), read);
		t.is(stateInAnswer({phase, sinceMs: 0}, {nowMs, lifecycleMs}), answer);
	});
}

test('a change does not hurry a creation, and begins anew during a change', t => {
	t.deepEqual(changed({phase: 'creating', sinceMs: 0}, at(999)), {phase: 'creating', sinceMs: 0});
	t.deepEqual(changed({phase: 'creating', sinceMs: 0}, at(1000)), {phase: 'changing', sinceMs: 1000});
	t.deepEqual(changed({phase: 'changing', sinceMs: 0}, at(500)), {phase: 'changing', sinceMs: 500});
});

test('only a deletion is ever over, and not before its time', t => {
	t.false(isOver({phase: 'deleting', sinceMs: 0}, at(999)));
	t.true(isOver({phase: 'deleting', sinceMs: 0}, at(1000)));
	t.true(isOver({phase: 'deleting', sinceMs: 5}, at(5, 0)));
	t.false(isOver({phase: 'changing', sinceMs: Number.NEGATIVE_INFINITY}, at(1000)));
});
