import {randomInt} from 'node:crypto';
import {isListening} from './port-look.ts';

/** Where ports for commands are looked for, and how many are tried. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const CANDIDATES = 200;

/** Addresses of this machine, the one that is preferred first. */
export type Hosts = readonly [string, ...string[]];

/** A port that nobody has on any of these addresses. */
export async function freePort(hosts: Hosts): Promise<number> {
	const {default: getPort, portNumbers} = await import('get-port');
	// Below the ports that systems hand out by themselves (32768 and up on Linux, 49152 elsewhere): between the look and
	// the command's own bind, any listener on port 0 of this machine could be handed this one.
	const first = randomInt(FIRST_PORT, LAST_PORT - CANDIDATES);
	const [host, other] = hosts;
	const never = new AbortController().signal;
	const exclude = new Set<number>();
	for (;;) {
		const port = await getPort({host, exclude, port: portNumbers(first, first + CANDIDATES)});
		// Somebody there would be taken for the command.
		if (other === undefined || exclude.size === CANDIDATES || !(await isListening(other, port, never))) return port;
		exclude.add(port);
	}
}
