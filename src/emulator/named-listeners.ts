import {X509Certificate} from 'node:crypto';
import {formatAddress} from '../base/errors.ts';
import {isIP} from '../base/ip.ts';
import {quote} from '../base/quote.ts';
import {alternatives} from '../base/suggest.ts';
import type {Reachable} from './reachable.ts';

/** A load balancer as it is looked up by a name. */
export interface NamedLoadBalancer {
	readonly name: string;
	readonly dnsName: string;
	readonly reachable: readonly Reachable[];
}

/** A host as clients ask for it, in lower case and ASCII, and the logical port. */
export interface NamedTarget {
	readonly host: string;
	readonly port: number;
}

/** What a target leads to here. `isOurs`: the host is the DNS name of a load balancer, so it can be nobody else's. */
export type Lookup<Found> =
	| {readonly loadBalancer: Found; readonly listener: Reachable}
	| {readonly isOurs: boolean; readonly reason: string};

/**
 * Finds the listener that a client means by a name and a port: by the DNS name of its load balancer, else by a
 * certificate that answers there. An exact name in a certificate comes before a wildcard; the first load balancer counts.
 */
export function findListener<Found extends NamedLoadBalancer>(
	loadBalancers: Iterable<Found>,
	target: NamedTarget,
): Lookup<Found> {
	const all = [...loadBalancers];
	const owner = all.find(({dnsName}) => dnsName.toLowerCase() === target.host);
	if (owner !== undefined) {
		const listener = owner.reachable.find(({port}) => port === target.port);
		return listener === undefined ? noListener(owner, target) : {loadBalancer: owner, listener};
	}
	let byWildcard: Lookup<Found> | undefined;
	for (const loadBalancer of all) {
		for (const listener of loadBalancer.reachable) {
			if (listener.port !== target.port) continue;
			const match = bestMatch(listener.certificates, target.host);
			if (match === 'exact') return {loadBalancer, listener};
			if (match === 'wildcard') byWildcard ??= {loadBalancer, listener};
		}
	}
	return byWildcard ?? noName(all, target);
}

/** Where clients on this machine reach a listener. One that listens on every address does so on that of loopback. */
export function addressOfListener({host, boundPort}: Reachable): {readonly host: string; readonly port: number} {
	const everywhere = {'0.0.0.0': '127.0.0.1', '::': '::1'}[host];
	return {host: everywhere ?? host, port: boundPort};
}

type Match = 'exact' | 'wildcard' | undefined;

function bestMatch(certificates: readonly string[], host: string): Match {
	const matches = certificates.map(pem => matchOf(new X509Certificate(pem), host));
	return matches.find(match => match === 'exact') ?? matches.find(match => match === 'wildcard');
}

/** As OpenSSL matches names, which is what clients do. */
function matchOf(certificate: X509Certificate, host: string): Match {
	if (isIP(host) !== 0) return certificate.checkIP(host) === undefined ? undefined : 'exact';
	const matched = certificate.checkHost(host);
	if (matched === undefined) return undefined;
	const names = (certificate.subjectAltName ?? '').toLowerCase().split(', ');
	return names.includes(`dns:${host}`) || !matched.includes('*') ? 'exact' : 'wildcard';
}

function noListener({name, reachable}: NamedLoadBalancer, {host, port}: NamedTarget) {
	const ports = reachable.map(listener => String(listener.port));
	const there = ports.length === 0 ? 'it has none' : `it has ${ports.join(', ')}`;
	const reason = `load balancer ${quote(name)} (${host}) has no listener with port ${port}; ${there}`;
	return {isOurs: true, reason};
}

function noName(all: readonly NamedLoadBalancer[], {host, port}: NamedTarget) {
	const where = quote(formatAddress(host, port));
	const known = all.length === 0 ? 'no load balancer' : alternatives(all.map(({dnsName}) => dnsName));
	return {
		isOurs: false,
		reason: `${where} is neither a load balancer's DNS name nor a name in a certificate at that port; there is ${known}`,
	};
}
