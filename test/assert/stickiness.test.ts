import test from 'ava';
import {assertStickiness} from '../../src/assert.ts';
import type {LoadBalancer} from '../../src/index.ts';
import {failureOf, startAsserted, visit} from '../helpers/assertion-failures.ts';

const STICKY = {listeners: [{listen: 'http:80', stickiness: {seconds: 60}}]} as const;

/** A client that keeps its cookie. Returns a function that sends one request. */
function client(lb: LoadBalancer): () => Promise<void> {
	let cookie = '';
	return async () => {
		const response = await lb.fetch('/', cookie === '' ? {} : {headers: {cookie}});
		await response.text();
		cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
	};
}

test('a client that sends its cookie stays, and one that does not is no session', async t => {
	const lb = await startAsserted(t, STICKY);
	const one = client(lb);
	await one();
	t.regex(failureOf(t, () => assertStickiness(lb)).message, /^One exchange, or none, shows nothing of stickiness\n/);
	await one();
	await one();

	t.notThrows(() => assertStickiness(lb));
	t.notThrows(() => assertStickiness(lb, {backend: 'a'}));
	failureOf(t, () => assertStickiness(lb, {backend: 'b'}));

	await visit(lb, '/');
	const {message, actual} = failureOf(t, () => assertStickiness(lb));
	t.deepEqual(actual, ['a none', 'a kept', 'a kept', 'b none']);
	t.regex(message, /^2 exchanges came without a cookie that binds them\n/);
	t.regex(message, /\n> web:80 #4 /);
});

test('several clients are as many sessions', async t => {
	const lb = await startAsserted(t, STICKY);
	for (const each of [client(lb), client(lb), client(lb)]) {
		await each();
		await each();
	}

	t.notThrows(() => assertStickiness(lb, {sessions: 3}));
	t.regex(failureOf(t, () => assertStickiness(lb, {sessions: 2})).message, /^3 exchanges came without a cookie/);
});

test('a client whose back-end has gone did not stay', async t => {
	const lb = await startAsserted(t, STICKY);
	const one = client(lb);
	await one();
	await one();
	lb.setHealth('a', 'OutOfService');
	await one();

	const {message} = failureOf(t, () => assertStickiness(lb));

	t.regex(message, /^A client did not stay at its back-end\n[\s\S]*\n> web:80 #3 .*\n {6}why: cookie AWSELB gone/);
});

test('a listener without stickiness is named', async t => {
	const lb = await startAsserted(t, {backends: 1});
	await visit(lb, '/1', '/2');

	t.regex(failureOf(t, () => assertStickiness(lb)).message, /^Listener 80 has no stickiness\n/);
});
