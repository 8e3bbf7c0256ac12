import {once} from 'node:events';
import {type AddressInfo, connect, createServer, type Socket} from 'node:net';
import {setTimeout as wait} from 'node:timers/promises';

/** Bytes that went there and back while nothing moved, and the pauses between them: delayed acknowledgements take 40 ms. */
const ROUND_TRIPS = 25;
const PAUSE_MS = 20;

/**
 * Whether something does not come. That it never will, nothing tells; so this process and the loopback interface are
 * seen to work meanwhile, many times over, which a busy machine only makes last longer.
 */
export async function stalls(coming: Promise<unknown>): Promise<boolean> {
	let hasCome = false;
	coming.then(
		() => {
			hasCome = true;
		},
		() => {},
	);
	// Most things come at once, without any of this.
	for (let turn = 0; turn < 3 && !hasCome; turn++) await new Promise(resolve => setImmediate(resolve));
	if (hasCome) return false;
	const echo = createServer(socket => void socket.pipe(socket)).listen(0, '127.0.0.1');
	await once(echo, 'listening');
	// A TCP server's address is an object.
	const socket = connect((echo.address() as AddressInfo).port, '127.0.0.1');
	for (let trip = 0; trip < ROUND_TRIPS && !hasCome; trip++) await roundTrip(socket);
	socket.destroy();
	echo.close();
	return !hasCome;
}

async function roundTrip(socket: Socket): Promise<void> {
	socket.write('.');
	await once(socket, 'data');
	await wait(PAUSE_MS);
}
