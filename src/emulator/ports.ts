import {formatListener} from '../model/listener.ts';
import type {Binding, ResolvedListener} from '../model/resolved.ts';
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

/** Tells of each listener that was bound to another port than the one that was written, and why. */
export function fallbackNotices(
	name: string,
	listeners: Iterable<{
		readonly description: ResolvedListener;
		readonly bound: {readonly port: number; readonly refusal: string | undefined};
	}>,
	mode: PortMode,
): string[] {
	if (mode === 'free') return [];
	return [...listeners]
		.filter(({description, bound}) => bound.port !== description.port)
		.map(({description, bound}) => {
			// Where another load balancer here had the port, it was not even tried: what was refused is a fallback.
			const isOurs = description.bind.port !== description.port;
			const why = isOurs ? 'another load balancer here has it' : (FALLBACK_REASONS.get(bound.refusal ?? '') ?? UNKNOWN);
			const listener = `${name}, ${formatListener(description)}`;
			return `${listener}: bound to ${bound.port} in place of ${description.port} (${why})`;
		});
}

/** Why the port that was written was not bound, by the system's word for it. */
const FALLBACK_REASONS: ReadonlyMap<string, string> = new Map([
	['EACCES', 'ports below 1024 need a privilege'],
	['EADDRINUSE', 'somebody holds it'],
]);
/** Of a port that was taken over from a load balancer that has gone: what was refused then is not told. */
const UNKNOWN = 'it could not be bound';
