import {setMaxListeners} from 'node:events';
import {formatAddress} from '../base/errors.ts';
import {readAddress} from '../configuration/host-names.ts';
import type {ShownLoadBalancer} from './banner.ts';
import {printable} from './text.ts';

type Shown = Pick<ShownLoadBalancer, 'listeners' | 'backends'>;

/**
 * Checks once whether the user's own servers listen. A refused connection means that the server is not started, or has
 * another port. A server that does not answer within a second may exist.
 *
 * @param interrupted ends the checks when it resolves.
 * @returns where nothing listens, by the shown address of the back-end. Never rejects.
 */
export async function silentBackends(
	loadBalancers: readonly Shown[],
	interrupted?: Promise<void>,
): Promise<ReadonlyMap<string, string>> {
	const places = loadBalancers.flatMap(placesOf);
	const silent = new Map<string, string>();
	if (places.length === 0) return silent;
	const {checkPort} = await import('../fake-backends/port-check.ts');
	const controller = new AbortController();
	// Each check adds a listener; Node would warn of a leak at the eleventh.
	setMaxListeners(0, controller.signal);
	void interrupted?.then(() => controller.abort());
	const checks = new Map(
		places.map(({host, port}) => [formatAddress(host, port), () => checkPort(host, port, controller.signal)]),
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
	/** The shown address of the back-end; without a port when the listener's back-end port is used. */
	readonly shown: string;
	readonly host: string;
	readonly port: number;
}

function placesOf({listeners, backends}: Shown): Place[] {
	// `https:443 -> http:80` ends with the port for back-ends without one.
	const ports = listeners.map(({spec}) => Number(spec.slice(spec.lastIndexOf(':') + 1)));
	return backends
		.filter(({kind}) => kind === 'address')
		.flatMap(({address: shown}) => {
			// `127.0.0.5 (80 at 8080)`: some back-ends have a port for each back-end port of the listeners.
			const [, bare = shown, mapped] = /^(\S+) \((.+)\)$/.exec(shown) ?? [];
			const read = readAddress(bare);
			if ('message' in read) return [];
			const own = mapped === undefined ? [] : [...mapped.matchAll(/ at (\d+)/g)].map(([, port]) => Number(port));
			const all = read.port !== undefined ? [read.port] : own.length > 0 ? own : ports;
			return all.map(port => ({shown, host: read.host, port}));
		});
}

/** The warnings about back-ends at which nothing listens. */
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
