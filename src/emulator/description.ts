import type {BackendDescription, ListenerDescription, LoadBalancerDescription} from '../model/load-balancer.ts';
import type {NormalisedLoadBalancer} from '../model/normalised.ts';
import type {UsableCertificate} from './certificates.ts';
import type {PortMode} from './options.ts';
import {bindingFor} from './ports.ts';

export interface DescriptionParts {
	readonly dnsName: string;
	/** By logical port. */
	readonly certificates: ReadonlyMap<number, UsableCertificate>;
	readonly backends: readonly BackendDescription[];
	/** PEM of the emulator's authority. */
	readonly authority: string;
	/** The emulator's address, for a load balancer without one of its own. */
	readonly host: string;
	readonly ports: PortMode;
	/** Whether another load balancer here has bound this. */
	readonly taken: (host: string, port: number) => boolean;
}

/** A load balancer as the data plane runs it: addresses, certificates and bound ports in place of names and wishes. */
export function descriptionOf(described: NormalisedLoadBalancer, parts: DescriptionParts): LoadBalancerDescription {
	const {name, timeouts, retry, upgrade, rules, healthCheck, faithfulHealth, drainMs, securedCookies} = described;
	return {
		name,
		dnsName: parts.dnsName,
		listeners: listenersOf(described, parts),
		backends: parts.backends.map(backend =>
			described.pendingBackends.has(backend.name) ? {...backend, startsPending: true} : backend,
		),
		rules,
		healthCheck,
		faithfulHealth,
		drainMs,
		securedCookies,
		timeouts,
		retry,
		upgrade,
	};
}

function listenersOf({address, listeners}: NormalisedLoadBalancer, parts: DescriptionParts): ListenerDescription[] {
	const host = address ?? parts.host;
	// Listeners are bound one after the other, so each sees what the ones before it will take.
	const planned = new Set<string>();
	const taken = (at: string, port: number) => planned.has(`${at} ${port}`) || parts.taken(at, port);
	return listeners.map(({ports, tls, proxyProtocol, verifyBackend, stickiness}) => {
		const bind = bindingFor({host, port: ports.port, mode: parts.ports}, taken);
		planned.add(`${host} ${bind.port}`);
		return {
			...ports,
			bind,
			certificate: parts.certificates.get(ports.port)?.pair,
			tls,
			proxyProtocol,
			stickiness,
			verifyBackend: verifyBackend && {
				ca: verifyBackend.ca === 'authority' ? parts.authority : verifyBackend.ca,
				servername: verifyBackend.servername,
			},
		};
	});
}
