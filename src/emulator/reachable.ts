import {X509Certificate} from 'node:crypto';
import type {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import type {UsableCertificate} from '../model/account.ts';
import {isSecure, type Protocol} from '../model/listener.ts';
import type {RunningBackend} from './backends.ts';

/** Where a client finds one listener. */
export interface Reachable {
	readonly port: number;
	readonly protocol: Protocol;
	readonly host: string;
	readonly boundPort: number;
	/** PEM of the certificate that answers there, and whose names a client may ask for; undefined when none is known. */
	readonly certificate: string | undefined;
	/** PEM of all of them: behind a TCP listener each back-end may have its own. */
	readonly certificates: readonly string[];
	/** Whether the emulator's authority signs for what answers there. */
	readonly isIssued: boolean;
}

/** Where clients find the listeners of a load balancer. */
export function reachableListeners(
	running: Pick<RunningLoadBalancer, 'listeners'>,
	certificates: ReadonlyMap<number, UsableCertificate>,
	backends: readonly RunningBackend[],
): Reachable[] {
	return running.listeners.map(({description: {port, protocol, backendProtocol}, bound}) => {
		const shown = certificates.get(port);
		const own = shown?.pair.cert;
		// What answers at a TCP listener is the back-end, unless the listener speaks TLS to it by itself.
		const answering = protocol === 'tcp' && !isSecure(backendProtocol) ? backends.filter(({secure}) => secure) : [];
		return {
			port,
			protocol,
			host: bound.host,
			boundPort: bound.port,
			certificate: own ?? answering[0]?.certificate()?.cert,
			isIssued: shown?.issued ?? answering.length > 0,
			// Issued when they are asked for.
			get certificates() {
				return own === undefined ? answering.flatMap(({certificate}) => certificate()?.cert ?? []) : [own];
			},
		};
	});
}

/** The load balancer's DNS name, or the first name of a certificate that does not carry it. */
export function nameAt({certificate}: Pick<Reachable, 'certificate'>, dnsName: string): string {
	if (certificate === undefined) return dnsName;
	const x509 = new X509Certificate(certificate);
	if (x509.checkHost(dnsName) !== undefined) return dnsName;
	const name = /(?:^|, )(?:DNS|IP Address):([^,]+)/.exec(x509.subjectAltName ?? '')?.[1];
	return name?.replace(/^\*\./, 'any.') ?? dnsName;
}

/** What a URL of this listener begins with. A TCP listener may carry anything: the back-end's certificate or 443 tells. */
export function schemeOf({protocol, port, certificate}: Omit<Reachable, 'certificates'>): 'http' | 'https' {
	if (protocol === 'tcp') return certificate !== undefined || port === 443 ? 'https' : 'http';
	return isSecure(protocol) ? 'https' : 'http';
}
