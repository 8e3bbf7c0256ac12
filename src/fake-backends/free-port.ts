import {randomInt} from 'node:crypto';
import {isListening} from './port-check.ts';

/** The range in which ports for commands are looked up, and how many are tried. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const CANDIDATES = 200;

/** Addresses of this machine, the one that is preferred first. */
export type Hosts = readonly [string, ...string[]];

/** A port on which no process listens at any of these addresses. */
export async function freePort(hosts: Hosts): Promise<number> {
	const {default: getPort, portNumbers} = await import('get-port');
	// Below the ephemeral ports (32768 and up on Linux, 49152 elsewhere): the system could give one of those to any
	// listener on port 0 before the command binds it.
	const first = randomInt(FIRST_PORT, LAST_PORT - CANDIDATES);
	const [host, other] = hosts;
	const never = new AbortController().signal;
	const exclude = new Set<number>();
	for (;;) {
		const port = await getPort({host, exclude, port: portNumbers(first, first + CANDIDATES)});
		// A process that listens there would be taken for the command.
		if (other === undefined || exclude.size === CANDIDATES || !(await isListening(other, port, never))) return port;
		exclude.add(port);
	}
}
