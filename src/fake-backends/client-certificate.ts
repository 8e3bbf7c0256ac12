import type {TLSSocket} from 'node:tls';

/**
 * Whether OpenSSL trusts the certificate that a client has shown. `authorized` is set by a `tls.Server` alone; it asks
 * the handle, which Node does not document (Node 20 to 26). Where that cannot be asked, nobody is trusted.
 */
export function isClientTrusted(connection: TLSSocket): boolean {
	if (connection.getPeerX509Certificate() === undefined) return false;
	const {_handle: handle} = connection as TLSSocket & {readonly _handle?: Verifying | null}; // See above.
	if (typeof handle?.verifyError !== 'function') return false;
	// An Error with OpenSSL's code, or nothing.
	return !handle.verifyError();
}

interface Verifying {
	readonly verifyError?: () => unknown;
}
