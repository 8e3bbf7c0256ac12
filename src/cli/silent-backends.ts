import {setMaxListeners} from 'node:events';
import {formatAddress} from '../base/errors.ts';
import {readAddress} from '../configuration/host-names.ts';
import type {ShownLoadBalancer} from './banner.ts';
import {printable} from './text.ts';

type Shown = Pick<ShownLoadBalancer, 'listeners' | 'backends'>;

/**
 * Looks once at each server of the user's own: a connection that is refused is of a server that has not been started, or
 * that has another port. One that does not answer within a second may be there.
 *
 * @param interrupted ends the looks when it resolves.
 * @returns by what a load balancer shows as the address of a back-end, where nothing listens. Never rejects.
 */
export async function silentBackends(
	loadBalancers: readonly Shown[],
	interrupted?: Promise<void>,
): Promise<ReadonlyMap<string, string>> {
	const places = loadBalancers.flatMap(placesOf);
	const silent = new Map<string, string>();
	if (places.length === 0) return silent;
	const {checkPort} = await import('../fake-backends/port-check.ts');
	const callOff = new AbortController();
	// Each check adds a listener; Node would warn of a leak at the eleventh.
	setMaxListeners(0, callOff.signal);
	void interrupted?.then(() => callOff.abort());
	const checks = new Map(
		places.map(({host, port}) => [formatAddress(host, port), () => checkPort(host, port, callOff.signal)]),
	);
	const states = new Map(await Promise.all([...checks].map(async ([where, run]) => [where, await run()] as const)));
	for (const {shown, host, port} of places) {
		const where = formatAddress(host, port);
		const found = silent.get(shown);
		if (states.get(where) !== 'refused' || found?.split(', ').includes(where)) continue;
		silent.set(shown, found === undefined ? where : `${found}, ${where}`);
	}
	return silent;
}

interface Place {
	/** As a load balancer shows it: without a port where that is the listener's. */
	readonly shown: string;
	readonly host: string;
	readonly port: number;
}

function placesOf({listeners, backends}: Shown): Place[] {
	// `https:443 -> http:80` ends in the port of back-ends that have none of their own.
	const ports = listeners.map(({spec}) => Number(spec.slice(spec.lastIndexOf(':') + 1)));
	return backends
		.filter(({kind}) => kind === 'address')
		.flatMap(({address: shown}) => {
			// `127.0.0.5 (80 at 8080)`: some have a port for each of the listener's.
			const [, bare = shown, mapped] = /^(\S+) \((.+)\)$/.exec(shown) ?? [];
			const read = readAddress(bare);
			if ('message' in read) return [];
			const own = mapped === undefined ? [] : [...mapped.matchAll(/ at (\d+)/g)].map(([, port]) => Number(port));
			const all = read.port !== undefined ? [read.port] : own.length > 0 ? own : ports;
			return all.map(port => ({shown, host: read.host, port}));
		});
}

/** Which back-ends nothing listens for. */
export function silentLines(
	{loadBalancers}: {readonly loadBalancers: readonly ShownLoadBalancer[]},
	silent: ReadonlyMap<string, string>,
): string[] {
	return loadBalancers.flatMap(({name, backends}) =>
		backends
			.filter(({address}) => silent.has(address))
			.map(({name: backend, address}) =>
				printable(`nothing listens at ${silent.get(address)} yet, where back-end ${backend} of ${name} is`),
			),
	);
}
