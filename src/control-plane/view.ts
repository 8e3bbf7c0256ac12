import type {DescribedBackend} from '../configuration/described.ts';
import type {CloudLoadBalancer, CloudRule} from '../model/cloud-load-balancer.ts';
import {type Estate, rulesOf} from '../model/estate.ts';
import type {PemPair} from '../model/load-balancer.ts';

/** What the cloud knows, and what a VM id means on this machine. */
export interface Account {
	readonly estate: Estate;
	/** By VM id. An id that is not in here can be registered, and is never in service. */
	readonly vms: ReadonlyMap<string, DescribedBackend>;
}

/** A load balancer with all of its account that it needs to run. */
export interface View {
	readonly loadBalancer: CloudLoadBalancer;
	readonly rules: readonly CloudRule[];
	/** By logical port. */
	readonly certificates: ReadonlyMap<number, PemPair>;
	/** In registration order; two VM ids that mean one back-end are one. */
	readonly backends: readonly DescribedBackend[];
	/** The name of the back-end that a VM id stands for. */
	readonly backendOfVm: ReadonlyMap<string, string>;
}

/** Undefined for a load balancer that is not there, or that is being deleted: nothing of it runs. */
export function viewOf({estate, vms}: Account, name: string): View | undefined {
	const loadBalancer = estate.loadBalancers.get(name);
	if (loadBalancer === undefined || loadBalancer.life.phase === 'deleting') return undefined;
	const certificates = new Map<number, PemPair>();
	for (const {port, certificateId} of loadBalancer.listeners) {
		const certificate = certificateId === undefined ? undefined : estate.certificates.get(certificateId);
		if (certificate !== undefined) certificates.set(port, certificate.pair);
	}
	const backends = new Map<string, DescribedBackend>();
	const backendOfVm = new Map<string, string>();
	for (const registration of loadBalancer.backends) {
		const backend = registration.kind === 'vm' ? backendOf(registration.id, vms) : addressOf(registration.ip);
		if (registration.kind === 'vm') backendOfVm.set(registration.id, backend.name);
		if (!backends.has(backend.name)) backends.set(backend.name, backend);
	}
	return {loadBalancer, rules: rulesOf(estate, name), certificates, backends: [...backends.values()], backendOfVm};
}

/** The load balancers of which something may look different: told by identity, so that a command costs what it touches. */
export function touchedBetween(before: Account, after: Account): ReadonlySet<string> {
	const names = new Set<string>();
	const compare = <Value>(one: ReadonlyMap<string, Value>, other: ReadonlyMap<string, Value>) =>
		one === other ? [] : [...new Set([...one.keys(), ...other.keys()])].filter(key => one.get(key) !== other.get(key));
	for (const name of compare(before.estate.loadBalancers, after.estate.loadBalancers)) names.add(name);
	for (const rule of compare(before.estate.rules, after.estate.rules)) {
		for (const {estate} of [before, after]) names.add(estate.rules.get(rule)?.loadBalancer ?? '');
	}
	const certificates = new Set(compare(before.estate.certificates, after.estate.certificates));
	const vms = new Set(compare(before.vms, after.vms));
	if (certificates.size > 0 || vms.size > 0) {
		for (const {name, listeners, backends} of after.estate.loadBalancers.values()) {
			if (listeners.some(({certificateId = ''}) => certificates.has(certificateId))) names.add(name);
			if (backends.some(backend => backend.kind === 'vm' && vms.has(backend.id))) names.add(name);
		}
	}
	names.delete('');
	return names;
}

function backendOf(id: string, vms: Account['vms']): DescribedBackend {
	return vms.get(id) ?? {kind: 'undeclared', name: id};
}

/** An address as it is: each listener's traffic goes to its own back-end port there. */
function addressOf(ip: string): DescribedBackend {
	return {kind: 'address', name: ip, host: ip, port: undefined, ports: new Map()};
}
