import test from 'ava';
import {type LoadBalancer, startLoadBalancer} from '../../../src/index.ts';
import {answer} from '../../helpers/raw-backend.ts';
import {authority, openClient, startScene, type Way} from '../../helpers/raw-scene.ts';

const BACKENDS = ['a', 'b', 'c'].map(name => ({name, kind: 'echo' as const}));

function ask(path: string, cookie?: string): string {
	const field = cookie === undefined ? '' : `Cookie: ${cookie}\r\n`;
	return `GET ${path} HTTP/1.1\r\nHost: a\r\n${field}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`;
}

interface Switched {
	readonly head: string;
	/** Who answered, as the load balancer recorded it. */
	readonly backend: string | undefined;
	/** The cookie that binds, as a client sends it; undefined when none was set. */
	readonly cookie: string | undefined;
}

/** Asks for an upgrade, sees bytes come back through the tunnel, and closes it. */
async function upgrade(lb: LoadBalancer, path: string, cookie?: string, front: Way = 'http'): Promise<Switched> {
	const recorded = lb.traffic.next(undefined, '60s');
	const client = await openClient(lb, front);
	client.write(ask(path, cookie));
	const head = await client.until('\r\n\r\n');
	client.write('ping');
	await client.until('ping');
	client.end();
	await client.untilEnd();
	const {backend, response, kind} = await recorded;
	if (response.status !== 101 || kind !== 'websocket') throw new Error(head);
	return {head, backend: backend?.name, cookie: /^Set-Cookie: (AWSELB=[^;\r]+)/im.exec(head)?.[1]};
}

test('an upgrade carries the cookie that binds, and the next one with it goes to the same back-end', async t => {
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'http:80', stickiness: {seconds: 300}}],
		backends: BACKENDS,
	});

	const first = await upgrade(lb, '/chat');
	t.is(first.backend, 'a');
	t.regex(first.cookie ?? '', /^AWSELB=[0-9A-F]{138}$/);
	for (let turn = 0; turn < 3; turn++) {
		const again = await upgrade(lb, '/chat', first.cookie);
		t.is(again.backend, 'a');
		t.is(again.cookie, undefined, 'it is bound already');
	}
	t.is((await upgrade(lb, '/chat')).backend, 'b', 'without the cookie it is the next one’s turn');

	const response = await lb.fetch('/', {headers: {cookie: first.cookie ?? ''}});
	t.like(await response.json(), {backend: 'a'}, 'a plain request follows the same cookie');
});

test('an upgrade whose back-end is out of service goes to another, and is bound to that', async t => {
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'http:80', stickiness: {seconds: 300}}],
		backends: BACKENDS,
	});
	const {cookie} = await upgrade(lb, '/');
	lb.setHealth('a', 'OutOfService');

	const moved = await upgrade(lb, '/', cookie);

	t.is(moved.backend, 'b');
	t.not(moved.cookie, undefined);
	t.not(moved.cookie, cookie);
	lb.setHealth('a', 'auto');
	t.is((await upgrade(lb, '/', moved.cookie)).backend, 'b');
});

test('an application that sets its cookie as it switches binds the client', async t => {
	const switching =
		'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSet-Cookie: SESSION=1; Path=/\r\n\r\n';
	await using scene = await startScene({
		front: 'https',
		scripts: [answer(switching)],
		spec: {
			listeners: [{listen: 'https:80 -> http:80', stickiness: {cookie: 'SESSION'}}],
			securedCookies: true,
			authority,
		},
	});
	const client = await scene.send(ask('/chat'));

	const head = await client.until('\r\n\r\n');

	const cookies = [...head.matchAll(/^Set-Cookie: (.*)\r$/gim)].map(match => match[1]);
	t.is(cookies.length, 2, head);
	t.is(cookies[0], 'SESSION=1; Path=/; Secure');
	t.regex(cookies[1] ?? '', /^AWSELB=[0-9A-F]+; ?Path=\/; ?Secure$/i);
});

test('an upgrade goes by the rule that its path matches, and round robin of its own', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: BACKENDS,
		rules: [{priority: 10, path: '/chat/*', to: ['b', 'c']}],
	});

	const order = [];
	for (const path of ['/chat/1', '/', '/chat/2', '/chat/3', '/', '/chat?x=/chat/4']) {
		order.push((await upgrade(lb, path)).backend);
	}

	t.deepEqual(order, ['b', 'a', 'c', 'b', 'b', 'c']);
});

test('a rule comes before the cookie of a back-end that is not among its own', async t => {
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'http:80', stickiness: {seconds: 300}}],
		backends: BACKENDS,
		rules: [{priority: 10, path: '/chat', to: ['c']}],
	});
	const {cookie, backend} = await upgrade(lb, '/');
	t.is(backend, 'a');

	const ruled = await upgrade(lb, '/chat', cookie);

	t.is(ruled.backend, 'c');
	t.not(ruled.cookie, undefined);
});
