import {randomInt} from 'node:crypto';
import {once} from 'node:events';
import {connect, createServer, type Server} from 'node:net';
import getPort, {portNumbers} from 'get-port';

interface Teardown {
	teardown(task: () => Promise<void> | void): void;
}

/** Below the ports that systems hand out by themselves, so that nobody's port 0 becomes one of these. */
const FIRST = 20_000;
const LAST = 32_000;
const CANDIDATES = 200;

/** Ports that nobody has, for tests in which a number must stay the same: what is bound, let go of and bound again. */
export async function freePorts(count: number): Promise<number[]> {
	const ports: number[] = [];
	while (ports.length < count) {
		const first = randomInt(FIRST, LAST - CANDIDATES);
		ports.push(await getPort({host: '127.0.0.1', port: portNumbers(first, first + CANDIDATES)}));
	}
	return ports;
}

/** A port that a server has which says nothing, until the test is over or it is released. */
export async function heldPort(
	t: Teardown,
	host = '127.0.0.1',
): Promise<{readonly port: number; release(): Promise<void>}> {
	const server = createServer(socket => socket.on('error', () => {}).resume()).listen(0, host);
	await once(server, 'listening');
	t.teardown(() => void server.close());
	const release = async () => void (await once(server.close(), 'close'));
	return {port: portOf(server), release};
}

/** A port on which nobody listens, and nobody will during the test: it is the near end of a connection. */
export async function deadPort(t: Teardown): Promise<number> {
	const {port} = await heldPort(t);
	const holder = connect(port, '127.0.0.1');
	await once(holder, 'connect');
	t.teardown(() => void holder.destroy());
	return holder.localPort ?? 0;
}

/** Why a port does not accept connections, or `accepted`. */
export async function refusalAt(port: number): Promise<string> {
	const socket = connect(port, '127.0.0.1');
	try {
		await once(socket, 'connect');
		return 'accepted';
	} catch (error) {
		// What the system says has a code.
		return (error as NodeJS.ErrnoException).code ?? String(error);
	} finally {
		socket.destroy();
		if (!socket.closed) await once(socket, 'close');
	}
}

/** The port that a TCP server has bound. */
export function portOf(server: Server): number {
	const address = server.address();
	return typeof address === 'object' && address !== null ? address.port : 0;
}
