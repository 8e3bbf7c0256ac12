import {randomInt} from 'node:crypto';
import getPort, {portNumbers} from 'get-port';

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
