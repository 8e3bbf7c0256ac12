import test from 'ava';
import type {ReplyBackend, ReplyStep} from '../../src/configuration/spec-backend.ts';
import {ReplyScript} from '../../src/fake-backends/reply-script.ts';
import {send, startBackend} from './clients.ts';

/** The statuses of the next answers. */
function statuses(script: ReplyScript, ...targets: readonly string[]): (number | undefined)[] {
	return targets.map(target => script.next(target).status);
}

const scriptOf = (script: readonly ReplyStep[], reply: Partial<ReplyBackend> = {}) =>
	new ReplyScript({kind: 'reply', ...reply, script});

test('the steps of a script answer in order, each as often as it says, and the last one from then on', t => {
	const script = scriptOf([{status: 503, times: 2}, {status: 429}, {status: 200}]);

	t.deepEqual(statuses(script, '/', '/', '/', '/', '/'), [503, 503, 429, 200, 200]);
});

test('the last step answers on, whatever its times', t => {
	t.deepEqual(statuses(scriptOf([{status: 500, times: 1}]), '/', '/', '/'), [500, 500, 500]);
});

test('a script begins again when it is restarted', t => {
	const script = scriptOf([{status: 503, times: 2}, {status: 200}]);
	statuses(script, '/', '/', '/');

	script.restart();

	t.deepEqual(statuses(script, '/', '/', '/'), [503, 503, 200]);
});

test('steps with a path are a script of their own, and those without one answer the rest', t => {
	const script = scriptOf([
		{status: 503},
		{path: '/pay/*', status: 402},
		{status: 200},
		{path: '/health', status: 204},
		{path: '/pay/*', status: 201},
	]);

	t.deepEqual(
		statuses(script, '/pay/1', '/health', '/', '/pay/2?x=/health', '/', '/health?a', '/pay/3'),
		[402, 204, 503, 201, 200, 204, 201],
	);
});

test('of two patterns that match, the first one counts', t => {
	const script = scriptOf([
		{path: '/a/*', status: 201},
		{path: '*', status: 202},
		{path: '/a/b', status: 203},
	]);

	t.deepEqual(statuses(script, '/a/b', '/a', '/a/b'), [201, 202, 201]);
});

test('what no path matches is answered by the reply itself', t => {
	const script = scriptOf([{path: '/a', status: 201}], {status: 404, body: 'none'});

	t.like(script.next('/b'), {status: 404, body: 'none'});
});

test('what a step leaves out is as in the reply itself', t => {
	const own = {status: 202, headers: {'x-a': '1'}, body: 'own', delay: '1s', pace: {bytes: 1, every: 5}} as const;
	const script = scriptOf(
		[{}, {body: 'mine', status: 200}, {events: {send: ['e']}, headers: {}, delay: 0}, {body: '', pace: {bandwidth: 7}}],
		own,
	);

	t.deepEqual(script.next('/'), own);
	t.deepEqual(script.next('/'), {...own, body: 'mine', status: 200});
	t.deepEqual(script.next('/'), {status: 202, headers: {}, delay: 0, events: {send: ['e']}});
	t.deepEqual(script.next('/'), {...own, body: '', pace: {bandwidth: 7}});
});

test('a back-end with a script answers by it, and anew after a stop and a start', async t => {
	await using backend = await startBackend({
		kind: 'reply',
		script: [{status: 503, times: 2, headers: {'retry-after': '1'}}, {body: 'ok'}],
	});
	const next = async () => {
		const {head, body} = await send(backend, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
		return `${head.slice(9, 12)} ${/retry-after/.test(head)} ${body}`;
	};

	const before = [await next(), await next(), await next(), await next()];
	await backend.stop();
	await backend.start();

	t.deepEqual(before, ['503 true ', '503 true ', '200 false ok', '200 false ok']);
	t.deepEqual([await next(), await next(), await next()], ['503 true ', '503 true ', '200 false ok']);
});

test('a header of a step that no answer can have is told with its place', async t => {
	const starting = startBackend({kind: 'reply', script: [{}, {headers: {'content-length': '3'}, body: 'four'}]});

	await t.throwsAsync(starting, {
		message: /script\[1\]\.headers\.content-length: the body has 4 bytes, not 3/,
	});
});
