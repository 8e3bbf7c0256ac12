import test, {type ExecutionContext} from 'ava';
import {systemClock} from '../../../src/base/clock.ts';
import {RunningLoadBalancer} from '../../../src/data-plane/running-load-balancer.ts';
import type {Services} from '../../../src/data-plane/services.ts';
import {ReadBuffers} from '../../../src/data-plane/sockets/read-buffers.ts';
import {ReadTurns} from '../../../src/data-plane/sockets/read-turns.ts';
import {SecureContexts} from '../../../src/data-plane/sockets/tls-settings.ts';
import {defaultHealthCheck} from '../../../src/model/health-check.ts';
import {NO_BACKEND_RULES} from '../../../src/model/policy.ts';
import {
	DEFAULT_TIMEOUTS,
	type PemPair,
	type ResolvedListener,
	type ResolvedLoadBalancer,
} from '../../../src/model/resolved.ts';
import {TrafficFeed} from '../../../src/observability/traffic-feed.ts';
import {open} from '../../helpers/raw-connection.ts';
import {authority, serverPair, trusting} from '../../helpers/stream-pairs.ts';

const issue = (): PemPair => {
	const {cert, key} = authority.issue({names: ['127.0.0.1']});
	return {cert, key};
};

const listener = (port: number, more: Partial<ResolvedListener> = {}): ResolvedListener => ({
	protocol: 'ssl',
	port,
	backendProtocol: 'tcp',
	backendPort: 6380,
	bind: {host: '127.0.0.1', port: 0, fallbackPorts: [], fallsBackWhenTaken: false},
	certificate: serverPair,
	tls: {minVersion: 'TLSv1.2', ciphers: undefined},
	proxyProtocol: false,
	verifyBackend: undefined,
	stickiness: undefined,
	negotiation: undefined,
	backendRules: NO_BACKEND_RULES,
	...more,
});

const describe = (listeners: readonly ResolvedListener[], drainingMs?: number): ResolvedLoadBalancer => ({
	name: 'lb',
	dnsName: 'lb.test',
	listeners,
	backends: [],
	rules: [],
	healthCheck: defaultHealthCheck(80),
	faithfulHealth: false,
	drainingMs,
	securedCookies: false,
	timeouts: DEFAULT_TIMEOUTS,
	retry: 'idempotent',
	upgrade: 'tunnel',
});

async function start(t: ExecutionContext, description: ResolvedLoadBalancer, contexts = new SecureContexts()) {
	const services: Services = {
		clock: systemClock,
		buffers: new ReadBuffers(),
		readTurns: new ReadTurns(),
		contexts,
		seed: 1,
		onHealthChange() {},
		onAdvice() {},
		feed: new TrafficFeed(),
		record: {exchanges: 10, bodyBytes: 0},
	};
	const running = await RunningLoadBalancer.start(description, services);
	t.teardown(() => running.stop(0));
	return {running, contexts};
}

test('as many contexts are held as certificates are shown, however often they are swapped', async t => {
	const {running, contexts} = await start(t, describe([listener(1), listener(2)]));
	t.is(contexts.size, 1);

	const pairs = Array.from({length: 10}, issue);
	for (let swap = 0; swap < 200; swap++) {
		running.swapCertificate(1, pairs[swap % pairs.length] ?? serverPair);
		t.is(contexts.size, 2);
	}
	running.swapCertificate(1, serverPair);

	t.is(contexts.size, 1);
});

test('listeners that share a context hold it together, and the last one lets it go', async t => {
	const {running, contexts} = await start(t, describe([listener(1), listener(2)]));
	const other = await start(t, describe([listener(1)]), contexts);
	t.is(contexts.size, 1);

	await running.update(describe([listener(2)]));
	t.is(contexts.size, 1);
	await running.stop(0);
	t.is(contexts.size, 1);
	await other.running.stop(0);

	t.is(contexts.size, 0);
});

test('a listener that is removed, changed or turned into another kind holds nothing of before', async t => {
	const {running, contexts} = await start(t, describe([listener(1), listener(2, {certificate: issue()})]));
	t.is(contexts.size, 2);

	await running.update(describe([listener(1)]));
	t.is(contexts.size, 1);
	await running.update(describe([listener(1, {certificate: issue()})]));
	t.is(contexts.size, 1);
	await running.update(describe([listener(1, {tls: {minVersion: 'TLSv1.3', ciphers: undefined}})]));
	t.is(contexts.size, 1);
	await running.update(describe([listener(1, {protocol: 'tcp', certificate: undefined})]));

	t.is(contexts.size, 0);
});

test('a listener that only finishes what is open holds no context, whatever is done to it', async t => {
	const {running, contexts} = await start(t, describe([listener(1)], 60_000));
	// Its handshake is done when the client says so; there is no back-end, so the connection ends by itself after that.
	const client = await open({port: running.listeners[0]?.bound.port ?? 0, tls: trusting});

	const stopped = running.stop(60_000);
	t.is(contexts.size, 0);
	running.swapCertificate(1, issue());

	t.is(contexts.size, 0);
	client.raw.destroy();
	await stopped;
});

test('contexts that verify back-ends belong to their listeners alone', async t => {
	const verifyBackend = {ca: authority.pem, servername: undefined};
	const {running, contexts} = await start(
		t,
		describe([listener(1, {protocol: 'tcp', certificate: undefined, backendProtocol: 'ssl', verifyBackend})]),
	);

	for (let round = 0; round < 20; round++) contexts.forBackends(verifyBackend);

	t.is(contexts.size, 0);
	await running.stop(0);
});

test('who gives a context back twice takes it from nobody else', t => {
	const contexts = new SecureContexts();
	const settings = {minVersion: 'TLSv1.2', ciphers: undefined} as const;
	const [one, other] = [contexts.forClients(serverPair, settings), contexts.forClients(serverPair, settings)];
	t.is(one.secureContext, other.secureContext);

	one.giveBack();
	one.giveBack();

	t.is(contexts.size, 1);
	t.is(contexts.forClients(serverPair, settings).secureContext, other.secureContext);
});
