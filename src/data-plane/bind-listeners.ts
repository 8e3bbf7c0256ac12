import {formatListener} from '../model/listener.ts';
import type {ResolvedListener} from '../model/resolved.ts';
import {type BoundPort, listen} from './sockets/listener.ts';

/**
 * Binds the ports of these listeners, or none. Connections are closed until they are served.
 *
 * @param adoptable ports that are bound and free to be taken over: one that fits is.
 * @returns the ports, by the logical ones.
 * @throws EmulatorError `PORT_UNAVAILABLE`
 */
export async function bindListeners(
	listeners: readonly ResolvedListener[],
	loadBalancer: string,
	adoptable: readonly BoundPort[],
): Promise<Map<number, BoundPort>> {
	const bound = new Map<number, BoundPort>();
	try {
		for (const listener of listeners) {
			const purpose = `listener ${formatListener(listener)} of load balancer "${loadBalancer}"`;
			bound.set(listener.port, await listen({...listener.bind, purpose, adoptable}));
		}
	} catch (error) {
		closeUnless(adoptable, bound.values());
		throw error;
	}
	return bound;
}

/** Closes ports, but for those that are somebody else's. */
export function closeUnless(others: readonly BoundPort[], ports: Iterable<BoundPort>): void {
	for (const port of ports) if (!others.includes(port)) void port.close();
}
