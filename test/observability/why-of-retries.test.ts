import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {type LoadBalancer, type LoadBalancerSpec, startLoadBalancer} from '../../src/index.ts';

async function start(t: ExecutionContext, spec: Partial<LoadBalancerSpec>): Promise<LoadBalancer> {
	const lb = await startLoadBalancer({
		// Dials of a back-end that says nothing last until the clock is moved.
		listeners: ['http:80 -> https:443'],
		connectTimeout: '2s',
		clock: 'manual',
		...spec,
	});
	t.teardown(() => lb.stop());
	return lb;
}

/** The candidates of the latest exchange, each as `name verdict reason`. */
function candidates(lb: LoadBalancer): string[] {
	const {candidates: all} = lb.traffic.last().why;
	return all.map(({backend, verdict, reason}) =>
		[backend, verdict, ...(reason === undefined ? [] : [reason])].join(' '),
	);
}

/** Takes connections and never answers the handshake. */
async function silentServer(
	t: ExecutionContext,
): Promise<{readonly host: string; readonly port: number; dialled: Promise<unknown>}> {
	const server = createServer().listen(0, '127.0.0.1');
	t.teardown(() => server.close());
	await once(server, 'listening');
	const {address: host, port} = server.address() as AddressInfo;
	return {host, port, dialled: once(server, 'connection')};
}

const NOT_IN_TIME = 'refused-connection no connection within 2000 ms';

test('a back-end that took no connection is named even if it has left by the time another one is tried', async t => {
	const [first, second] = [await silentServer(t), await silentServer(t)];
	const left = {kind: 'address', name: 'left', host: first.host, port: first.port} as const;
	const others = [
		{kind: 'address', name: 'silent', host: second.host, port: second.port},
		{kind: 'echo', name: 'there', tls: true},
	] as const;
	const lb = await start(t, {backends: [left, ...others]});
	const answer = lb.fetch('/');
	await first.dialled;
	await lb.clock.advance(2500);
	await second.dialled;
	await lb.update({backends: [...others]});
	await lb.clock.advance(2500);
	t.is((await answer).status, 200);

	t.deepEqual(candidates(lb), [`left ${NOT_IN_TIME}`, `silent ${NOT_IN_TIME}`, 'there chosen']);
});

test('a back-end and the one that has taken its name are two candidates', async t => {
	const silent = await silentServer(t);
	const lb = await start(t, {
		draining: '1h',
		backends: [{kind: 'address', name: 'app', host: silent.host, port: silent.port}],
	});
	const answer = lb.fetch('/');
	await silent.dialled;
	await lb.update({backends: [{kind: 'echo', name: 'app', tls: true}]});
	await lb.clock.advance(2500);
	t.is((await answer).status, 200);

	t.deepEqual(candidates(lb), [`app ${NOT_IN_TIME}`, 'app chosen']);
});

test('the rules are those that led to the choice, whatever they are by the time another back-end is tried', async t => {
	const silent = await silentServer(t);
	const lb = await start(t, {
		backends: [
			{kind: 'address', name: 'silent', host: silent.host, port: silent.port},
			{kind: 'echo', name: 'there', tls: true},
		],
		rules: [{priority: 10, name: 'old', path: '/old/*', to: ['silent', 'there']}],
	});
	const answer = lb.fetch('/old/1');
	await silent.dialled;
	await lb.update({
		rules: [
			{priority: 20, path: '/other', to: ['there']},
			{priority: 10, name: 'new', path: '/new/*', to: ['there']},
		],
	});
	await lb.clock.advance(2500);
	t.is((await answer).status, 200);

	t.deepEqual(lb.traffic.last().why.rules, [{priority: 10, name: 'old', matched: true}]);
	t.deepEqual(candidates(lb), [`silent ${NOT_IN_TIME}`, 'there chosen']);
});
