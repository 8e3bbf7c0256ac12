import type {Binding} from '../model/load-balancer.ts';
import type {PortMode} from './options.ts';

/** 443 becomes 10443: far enough from where services live, and easy to remember. */
const FALLBACK_OFFSET = 10_000;
const MAX_PORT = 65_535;
/** How many ports after the first fallback are tried before any free one is taken. */
const NEIGHBOURS = 100;

/**
 * What to bind for a port that a user wrote.
 *
 * @param taken whether another load balancer of the same emulator has bound it on this host.
 */
export function bindingFor(
	{host, port, mode}: {readonly host: string; readonly port: number; readonly mode: PortMode},
	taken: (host: string, port: number) => boolean,
): Binding {
	if (mode === 'free') return {host, port: 0, fallbackPorts: [], fallsBackWhenTaken: false};
	if (mode === 'exact') return {host, port, fallbackPorts: [], fallsBackWhenTaken: false};
	const first = port + FALLBACK_OFFSET <= MAX_PORT ? port + FALLBACK_OFFSET : port;
	const candidates = Array.from({length: NEIGHBOURS}, (_, index) => first + index).filter(
		candidate => candidate <= MAX_PORT && candidate !== port && !taken(host, candidate),
	);
	const fallsBackWhenTaken = mode === 'fallback-always';
	if (taken(host, port)) {
		const [next = 0, ...others] = candidates;
		return {host, port: next, fallbackPorts: [...others, 0], fallsBackWhenTaken: true};
	}
	return {host, port, fallbackPorts: [...candidates, 0], fallsBackWhenTaken};
}
