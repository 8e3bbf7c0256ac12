import test from 'ava';
import fc from 'fast-check';
import {Turns} from '../../src/base/turns.ts';
import {runs} from '../helpers/depth.ts';
import {within} from '../helpers/patience.ts';

/** A task that writes down when it begins, and is over when it is told. */
function task(log: string[], name: string) {
	let end = () => {};
	const over = new Promise<void>(resolve => {
		end = resolve;
	});
	const run = async () => {
		log.push(`${name} begins`);
		await over;
		log.push(`${name} ends`);
		return name;
	};
	return {run, end};
}

const turnsOfTheLoop = () => new Promise(resolve => setImmediate(resolve));

test('tasks that share a name run one after the other, in the order of the calls', async t => {
	const [turns, log] = [new Turns(), [] as string[]];
	const [one, two] = [task(log, 'one'), task(log, 'two')];

	const results = Promise.all([turns.run(['a'], one.run), turns.run(['a'], two.run)]);
	await turnsOfTheLoop();
	t.deepEqual(log, ['one begins']);
	one.end();
	two.end();

	t.deepEqual(await within('both tasks', results), ['one', 'two']);
	t.deepEqual(log, ['one begins', 'one ends', 'two begins', 'two ends']);
});

test('tasks that share no name do not wait for each other', async t => {
	const [turns, log] = [new Turns(), [] as string[]];
	const [one, two] = [task(log, 'one'), task(log, 'two')];
	const first = turns.run(['a', 'b'], one.run);
	two.end();

	t.is(await within('second task', turns.run(['c'], two.run)), 'two');

	t.deepEqual(log, ['one begins', 'two begins', 'two ends']);
	one.end();
	await first;
});

test('a task waits for every earlier one with which it shares a name', async t => {
	const [turns, log] = [new Turns(), [] as string[]];
	const [one, two, both] = [task(log, 'one'), task(log, 'two'), task(log, 'both')];
	const results = [turns.run(['a'], one.run), turns.run(['b'], two.run), turns.run(['a', 'b'], both.run)];

	two.end();
	await results[1];
	await turnsOfTheLoop();
	t.deepEqual(log, ['one begins', 'two begins', 'two ends']);
	one.end();
	both.end();
	await within('all tasks', Promise.all(results));

	t.deepEqual(log.slice(3), ['one ends', 'both begins', 'both ends']);
});

test('a name given twice is one name, and a task without a name waits for nobody', async t => {
	const turns = new Turns();

	t.is(
		await within(
			'task',
			turns.run(['a', 'a'], async () => 'twice'),
		),
		'twice',
	);
	t.is(
		await within(
			'task',
			turns.run([], async () => 'none'),
		),
		'none',
	);
});

test('a task that fails tells its caller alone, and the next one runs', async t => {
	const turns = new Turns();
	const failed = turns.run(['a'], () => Promise.reject(new Error('no')));
	const next = turns.run(['a'], async () => 'next');

	await t.throwsAsync(failed, {message: 'no'});
	t.is(await next, 'next');
});

test('whatever the names, no two tasks that share one overlap, and each sees those before it over', async t => {
	const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), {maxLength: 3});
	await fc.assert(
		fc.asyncProperty(fc.scheduler(), fc.array(names, {maxLength: 8}), async (scheduler, all) => {
			const turns = new Turns();
			const over = new Set<number>();
			let wrong = 0;
			const results = all.map((own, index) =>
				turns.run(own, async () => {
					const before = all
						.slice(0, index)
						.flatMap((other, nth) => (other.some(name => own.includes(name)) ? nth : []));
					wrong += before.filter(nth => !over.has(nth)).length;
					await scheduler.schedule(Promise.resolve());
					over.add(index);
				}),
			);
			await scheduler.waitFor(Promise.all(results));
			return wrong === 0 && over.size === all.length;
		}),
		{numRuns: runs(2000, 200)},
	);
	t.pass('else the property would have thrown, with its seed');
});
