import test from 'ava';
import {SerialQueue} from '../../src/base/serial-queue.ts';

test('tasks run one at a time, in the order of the calls, and each caller gets its own result', async t => {
	const [queue, log] = [new SerialQueue(), [] as string[]];
	const step = (name: string) => async () => {
		log.push(`${name} begins`);
		await new Promise(resolve => setImmediate(resolve));
		log.push(`${name} ends`);
		return name;
	};

	const results = await Promise.all(['start', 'stop', 'start again'].map(name => queue.run(step(name))));

	t.deepEqual(results, ['start', 'stop', 'start again']);
	t.deepEqual(
		log,
		['start', 'stop', 'start again'].flatMap(name => [`${name} begins`, `${name} ends`]),
	);
});

test('a task that fails tells its caller alone, and the next one runs', async t => {
	const queue = new SerialQueue();
	const failed = queue.run(() => Promise.reject(new Error('no')));
	const next = queue.run(async () => 'next');

	await t.throwsAsync(failed, {message: 'no'});
	t.is(await next, 'next');
});
