import test from 'ava';
import {systemClock} from '../../../src/base/clock.ts';
import {RunningLoadBalancer} from '../../../src/data-plane/running-load-balancer.ts';
import {ReadBuffers} from '../../../src/data-plane/sockets/read-buffers.ts';
import {ReadTurns} from '../../../src/data-plane/sockets/read-turns.ts';
import {SecureContexts} from '../../../src/data-plane/sockets/tls-settings.ts';
import {DEFAULT_TIMEOUTS, type ResolvedBackend} from '../../../src/model/resolved.ts';
import {TrafficFeed} from '../../../src/observability/traffic-feed.ts';
import {deadPort} from '../../helpers/ports.ts';
import {checkOf, startProbed} from '../../helpers/probing.ts';
import {open} from '../../helpers/stream-ends.ts';

const at = (name: string, port: number, more: Partial<ResolvedBackend> = {}): ResolvedBackend => ({
	name,
	host: '127.0.0.1',
	port,
	ports: new Map(),
	...more,
});

test('back-ends that an API registers are pending until a probe has passed, and a VM that is nowhere is never dialled', async t => {
	await using alive = await startProbed(socket => void socket.resume());
	const dead = await deadPort(t);
	const inService: string[] = [];
	let tell = () => {};
	const told = new Promise<void>(resolve => {
		tell = resolve;
	});
	const running = await RunningLoadBalancer.start(
		{
			name: 'lb',
			dnsName: 'lb.test',
			listeners: [
				{
					protocol: 'tcp',
					port: 80,
					backendProtocol: 'tcp',
					backendPort: 80,
					bind: {host: '127.0.0.1', port: 0, fallbackPorts: [], fallsBackWhenTaken: false},
					certificate: undefined,
					tls: {minVersion: 'TLSv1.2', ciphers: undefined},
					proxyProtocol: false,
					verifyBackend: undefined,
					stickiness: undefined,
				},
			],
			backends: [
				at('described', alive.port),
				at('alive', alive.port, {startsPending: true}),
				at('dead', dead, {startsPending: true}),
				{name: 'i-0000000a', host: '', port: undefined, ports: new Map(), startsPending: true, undeclared: true},
			],
			rules: [],
			healthCheck: checkOf('TCP:80'),
			faithfulHealth: false,
			drainingMs: undefined,
			securedCookies: false,
			timeouts: DEFAULT_TIMEOUTS,
			retry: 'idempotent',
			upgrade: 'tunnel',
		},
		{
			clock: systemClock,
			buffers: new ReadBuffers(),
			readTurns: new ReadTurns(),
			contexts: new SecureContexts(),
			seed: 1,
			onHealthChange({backend}) {
				inService.push(backend);
				tell();
			},
			feed: new TrafficFeed(),
			record: {exchanges: 10, bodyBytes: 0},
		},
	);
	t.teardown(() => running.stop(0));
	const states = () => running.backends.map(({name, inService}) => [name, inService]);
	t.deepEqual(states(), [
		['described', true],
		['alive', false],
		['dead', false],
		['i-0000000a', false],
	]);
	t.is(running.backends[1]?.reason.description, 'Instance registration is pending');

	await told;
	t.deepEqual(inService, ['alive']);
	// Nobody can bring in service what is nowhere.
	for (const backend of running.backends) backend.operator = 'InService';
	await running.settle();

	t.deepEqual(states(), [
		['described', true],
		['alive', true],
		['dead', true],
		['i-0000000a', false],
	]);
	t.regex(
		running.backends[3]?.reason.description ?? '',
		/does not know where i-0000000a is: .*lb-local set vm i-0000000a/,
	);
	t.is(running.backends[3]?.health.probes, 0);
	const client = await open({port: running.listeners[0]?.bound.port ?? 0});
	client.raw.destroy();
});
