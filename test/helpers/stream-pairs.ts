import type {ExecutionContext} from 'ava';
import {type Authority, createAuthority} from '../../src/certificates/authority.ts';
import {type EmulatorOptions, type LoadBalancer, type LoadBalancerSpec, startLoadBalancer} from '../../src/index.ts';
import type {ListenerSpec} from '../../src/model/listener.ts';
import {type RawBackend, startStreamBackend} from './raw-backend.ts';
import {open, type RawConnection} from './raw-connection.ts';

/** One way for a stream to pass a load balancer. */
export interface Pair {
	readonly name: string;
	readonly listen: ListenerSpec;
	/** Whether the client speaks TLS, with whomever. */
	readonly clientTls: boolean;
	/** Whether the back-end speaks TLS, with whomever. */
	readonly backendTls: boolean;
}

/** Every way that does not go by HTTP; the last one is a client and a back-end that speak TLS with each other. */
export const PAIRS: readonly Pair[] = [
	{name: 'tcp -> tcp', listen: 'tcp:6379 -> tcp:6380', clientTls: false, backendTls: false},
	{name: 'ssl -> tcp', listen: 'ssl:6379 -> tcp:6380', clientTls: true, backendTls: false},
	{name: 'tcp -> ssl', listen: 'tcp:6379 -> ssl:6380', clientTls: false, backendTls: true},
	{name: 'ssl -> ssl', listen: 'ssl:6379 -> ssl:6380', clientTls: true, backendTls: true},
	{name: 'passthrough', listen: 'tcp:6379 -> tcp:6379', clientTls: true, backendTls: true},
];

/** The authority of one test file's run, and a certificate for the test's own servers. */
export const authority: Authority = createAuthority();
export const serverPair = authority.issue({names: ['shop.test', '127.0.0.1']});

/** What a client of these tests trusts; the listener's own certificate carries the address, the server's the same. */
export const trusting = {ca: authority.pem, host: '127.0.0.1'} as const;

export interface Passage extends AsyncDisposable {
	readonly lb: LoadBalancer;
	readonly server: RawBackend;
	/** One more client, its handshake done; over a passthrough it takes the back-end's TLS for that. */
	client(): Promise<RawConnection>;
}

/** A load balancer in front of one server of the test's own. */
export async function startPassage(
	{listen, clientTls, backendTls}: Pair,
	{serve, ...spec}: Partial<LoadBalancerSpec & EmulatorOptions> & {readonly serve?: (end: RawConnection) => void} = {},
): Promise<Passage> {
	const server = await startStreamBackend({
		tls: backendTls ? serverPair : undefined,
		...(serve === undefined ? {} : {serve}),
	});
	const lb = await startLoadBalancer({
		listeners: [listen],
		backends: [{kind: 'address', name: 'a', host: '127.0.0.1', port: server.port}],
		authority,
		// A busy machine takes more than the usual 5 s.
		connectTimeout: '1m',
		...spec,
	});
	return {
		lb,
		server,
		client: () => open({port: lb.port(6379), tls: clientTls ? trusting : undefined}),
		async [Symbol.asyncDispose]() {
			await lb.stop();
			await server[Symbol.asyncDispose]();
		},
	};
}

export interface Joined {
	readonly lb: LoadBalancer;
	readonly server: RawBackend;
	readonly client: RawConnection;
	readonly backend: RawConnection;
}

/** One connection that stands from end to end; everything is stopped when the test is over. */
export async function join(
	t: ExecutionContext,
	pair: Pair,
	spec: Partial<LoadBalancerSpec & EmulatorOptions> = {},
): Promise<Joined> {
	const passage = await startPassage(pair, spec);
	t.teardown(() => passage[Symbol.asyncDispose]());
	const {lb, server} = passage;
	const client = await passage.client();
	return {lb, server, client, backend: await server.connection()};
}
