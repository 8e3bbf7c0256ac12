import {exportLine} from '../base/shell-word.ts';
import {trustedAuthority, trustLines} from '../certificates/trust-lines.ts';
import type {Connection} from '../control-plane/admin/admin-api.ts';
import {connectLine, destinations} from './connect-lines.ts';
import type {Emulator} from './emulator.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';

/** How clients on this machine are pointed at an emulator and made to trust it. The files that this names are there. */
export function connectionOf(
	emulator: Pick<Emulator, 'ca' | 'env'>,
	loadBalancers: Iterable<ManagedLoadBalancer>,
): Connection {
	const authority = trustedAuthority(emulator.ca);
	const {file, fingerprint256, notAfter} = authority;
	const env = emulator.env();
	return {
		env,
		authority: {file, fingerprint256, notAfter: notAfter.toISOString()},
		trust: trustLines(authority, process.platform === 'win32'),
		exports: Object.entries(env).map(exportLine),
		listeners: [...loadBalancers].flatMap(loadBalancer =>
			destinations(loadBalancer).map(destination => ({
				loadBalancer: loadBalancer.name,
				port: destination.port,
				line: connectLine(destination, file),
			})),
		),
	};
}
