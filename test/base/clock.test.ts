// A process of its own: it counts the process's timers.
import test from 'ava';
import {systemClock} from '../../src/base/clock.ts';

test('a task runs once, after its delay and the tasks due before it, unless it is cancelled', async t => {
	const seen: string[] = [];
	const startMs = systemClock.now();
	const callOff = systemClock.after(1, () => void seen.push('called off'));
	callOff();
	systemClock.after(5, () => void seen.push('first'));
	// The clock's own timers do not keep the process alive.
	const hold = setInterval(() => {}, 1000);
	await new Promise<void>(resolve => systemClock.after(20, resolve));
	clearInterval(hold);

	t.true(systemClock.now() - startMs >= 18);
	t.deepEqual(seen, ['first']);
	t.notThrows(callOff);
});

test('a task of the clock does not keep the process alive', t => {
	const before = process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
	const callOffs = [systemClock.after(60_000, () => {}), systemClock.every(60_000, () => {})];

	t.is(process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length, before);
	for (const callOff of callOffs) callOff();
});
