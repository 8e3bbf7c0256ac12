// A process of its own: it counts the process's timers.
import test from 'ava';
import {systemClock} from '../../src/base/clock.ts';

test('a task comes once, after its delay and those due before it, unless it is called off', async t => {
	const seen: string[] = [];
	const startMs = systemClock.now();
	const callOff = systemClock.after(1, () => void seen.push('called off'));
	callOff();
	systemClock.after(5, () => void seen.push('first'));
	// The clock's own timers let the process go.
	const hold = setInterval(() => {}, 1000);
	await new Promise<void>(resolve => systemClock.after(20, resolve));
	clearInterval(hold);

	t.true(systemClock.now() - startMs >= 18);
	t.deepEqual(seen, ['first']);
	t.notThrows(callOff);
});

test('what waits on the clock keeps no process alive', t => {
	const before = process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
	const callOffs = [systemClock.after(60_000, () => {}), systemClock.every(60_000, () => {})];

	t.is(process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length, before);
	for (const callOff of callOffs) callOff();
});
