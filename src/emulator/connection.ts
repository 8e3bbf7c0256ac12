import {trustedAuthority, trustLines} from '../certificates/trust-lines.ts';
import type {Connection} from '../control-plane/admin/admin-api.ts';
import type {Emulator} from './emulator.ts';

/** How clients on this machine are pointed at an emulator and made to trust it. The files that this names are there. */
export function connectionOf(emulator: Pick<Emulator, 'ca' | 'env'>): Connection {
	const authority = trustedAuthority(emulator.ca);
	const {file, fingerprint256, notAfter} = authority;
	return {
		env: emulator.env(),
		authority: {file, fingerprint256, notAfter: notAfter.toISOString()},
		trust: trustLines(authority, process.platform === 'win32'),
	};
}
