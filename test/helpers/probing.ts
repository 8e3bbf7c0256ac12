import {once} from 'node:events';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {createSecureContext, TLSSocket} from 'node:tls';
import {systemClock} from '../../src/base/clock.ts';
import {createAuthority} from '../../src/certificates/authority.ts';
import {ReadBuffers} from '../../src/data-plane/sockets/read-buffers.ts';
import {SecureContexts} from '../../src/data-plane/sockets/tls-settings.ts';
import {defaultHealthCheck, type HealthCheck, readTarget} from '../../src/model/health-check.ts';

const CONTEXT = new SecureContexts().forBackends(undefined);

const pair = createAuthority().issue({names: ['shop.test']});

/** What probes and their checkers need besides a check. */
export const services = {
	clock: systemClock,
	buffers: new ReadBuffers(),
	secureContext: () => CONTEXT,
};

/** A check of this target, as fast as tests want it. */
export function checkOf(target: string, numbers: Partial<HealthCheck> = {}): HealthCheck {
	const read = readTarget(target);
	if (!('target' in read)) throw new TypeError(target);
	const fast = {timeoutMs: 10_000, healthyThreshold: 2, unhealthyThreshold: 2};
	return {...defaultHealthCheck(80), ...fast, ...read.target, ...numbers};
}

/** A back-end that does with each connection what a test says, and keeps what it has seen. */
export interface Probed extends AsyncDisposable {
	readonly port: number;
	/** Connections accepted so far. */
	readonly sockets: Socket[];
	/** How each connection ended, in the order of their ends: `end`, or the code of an error. */
	readonly ends: string[];
	/** Connections whose first event has come. */
	accepted(count: number): Promise<void>;
	/** Resolves once no connection is open. */
	closed(): Promise<void>;
}

export async function startProbed(
	serve: (socket: Socket, raw: Socket) => void,
	{tls = false, host = '127.0.0.1'}: {readonly tls?: boolean; readonly host?: string} = {},
): Promise<Probed> {
	const sockets: Socket[] = [];
	const ends: string[] = [];
	const waiting = new Set<() => void>();
	const wake = () => {
		for (const look of waiting) look();
	};
	const until = (holds: () => boolean) =>
		new Promise<void>(resolve => {
			const look = () => {
				if (!holds()) return;
				waiting.delete(look);
				resolve();
			};
			waiting.add(look);
			look();
		});
	let open = 0;
	const secureContext = createSecureContext(pair);
	const server = createServer({allowHalfOpen: true}, raw => {
		const socket = tls ? new TLSSocket(raw, {isServer: true, secureContext}) : raw;
		sockets.push(raw);
		open++;
		for (const each of new Set([raw, socket]))
			each.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
		socket.once('end', () => {
			ends.push('end');
			socket.end();
		});
		raw.once('close', () => {
			open--;
			wake();
		});
		serve(socket, raw);
		wake();
	});
	server.listen(0, host);
	await once(server, 'listening');
	return {
		// A TCP server's address is an object.
		port: (server.address() as AddressInfo).port,
		sockets,
		ends,
		accepted: count => until(() => sockets.length >= count),
		closed: () => until(() => open === 0),
		async [Symbol.asyncDispose]() {
			for (const socket of sockets) socket.destroy();
			if (!server.listening) return;
			const closed = once(server, 'close');
			server.close();
			await closed;
		},
	};
}

/** Answers each connection's first bytes with these, and stays. */
export function answering(bytes: string): (socket: Socket) => void {
	return socket => void socket.once('data', () => socket.resume().write(bytes, 'latin1'));
}

/** Descriptors of sockets that this process holds. */
export function openSockets(): number {
	return process.getActiveResourcesInfo().filter(kind => /^(TCP|TLS)/.test(kind)).length;
}
