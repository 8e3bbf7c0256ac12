import {once} from 'node:events';
import {type AddressInfo, connect, createServer, type Socket} from 'node:net';
import {setTimeout as wait} from 'node:timers/promises';

/** Bytes that went there and back while nothing moved, and the pauses between them: delayed acknowledgements take 40 ms. */
const ROUND_TRIPS = 25;
const PAUSE_MS = 20;
/** Turns of the event loop in which what is on its way comes on a machine that has time. */
const TURNS = 20;

/**
 * Whether a fact comes true. That it never will, nothing tells; so this process and the loopback interface are seen to
 * work meanwhile, many times over, which a busy machine only makes last longer.
 */
export async function comesTrue(fact: () => boolean): Promise<boolean> {
	// Most things come at once, without any of this.
	for (let turn = 0; turn < TURNS; turn++) {
		if (fact()) return true;
		await new Promise(resolve => setImmediate(resolve));
	}
	const echo = createServer(socket => void socket.pipe(socket)).listen(0, '127.0.0.1');
	await once(echo, 'listening');
	// A TCP server's address is an object.
	const socket = connect((echo.address() as AddressInfo).port, '127.0.0.1');
	for (let trip = 0; trip < ROUND_TRIPS && !fact(); trip++) await roundTrip(socket);
	socket.destroy();
	echo.close();
	return fact();
}

/** Whether something does not come, told as {@link comesTrue} does. */
export async function stalls(coming: Promise<unknown>): Promise<boolean> {
	let hasCome = false;
	coming.then(
		() => {
			hasCome = true;
		},
		() => {},
	);
	return !(await comesTrue(() => hasCome));
}

async function roundTrip(socket: Socket): Promise<void> {
	socket.write('.');
	await once(socket, 'data');
	await wait(PAUSE_MS);
}
