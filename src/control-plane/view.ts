import {type Account, rulesOf} from '../model/account.ts';
import type {CloudLoadBalancer, CloudRule} from '../model/cloud-load-balancer.ts';
import type {PemPair} from '../model/load-balancer.ts';
import type {NormalisedBackend} from '../model/normalised.ts';

/** A load balancer with all of its account that it needs to run. */
export interface View {
	readonly loadBalancer: CloudLoadBalancer;
	readonly rules: readonly CloudRule[];
	/** By logical port. */
	readonly certificates: ReadonlyMap<number, PemPair>;
	/** In registration order; two VM ids that mean one back-end are one. */
	readonly backends: readonly NormalisedBackend[];
	/** The name of the back-end that a VM id stands for. */
	readonly backendOfVm: ReadonlyMap<string, string>;
}

/** Undefined for a load balancer that is not there, or that is being deleted: nothing of it runs. */
export function viewOf(account: Account, name: string): View | undefined {
	const loadBalancer = account.loadBalancers.get(name);
	if (loadBalancer === undefined || loadBalancer.life.phase === 'deleting') return undefined;
	const certificates = new Map<number, PemPair>();
	for (const {port, certificateId} of loadBalancer.listeners) {
		const certificate = certificateId === undefined ? undefined : account.certificates.get(certificateId);
		if (certificate !== undefined) certificates.set(port, certificate.pair);
	}
	const backends = new Map<string, NormalisedBackend>();
	const backendOfVm = new Map<string, string>();
	for (const registration of loadBalancer.backends) {
		const backend = registration.kind === 'vm' ? backendOf(registration.id, account.vms) : addressOf(registration.ip);
		if (registration.kind === 'vm') backendOfVm.set(registration.id, backend.name);
		if (!backends.has(backend.name)) backends.set(backend.name, backend);
	}
	return {loadBalancer, rules: rulesOf(account, name), certificates, backends: [...backends.values()], backendOfVm};
}

/** The load balancers of which something may look different: told by identity, so that a command costs what it touches. */
export function touchedBetween(before: Account, after: Account): ReadonlySet<string> {
	const names = new Set<string>();
	const compare = <Value>(one: ReadonlyMap<string, Value>, other: ReadonlyMap<string, Value>) =>
		one === other ? [] : [...new Set([...one.keys(), ...other.keys()])].filter(key => one.get(key) !== other.get(key));
	for (const name of compare(before.loadBalancers, after.loadBalancers)) names.add(name);
	for (const rule of compare(before.rules, after.rules)) {
		for (const {rules} of [before, after]) names.add(rules.get(rule)?.loadBalancer ?? '');
	}
	const certificates = new Set(compare(before.certificates, after.certificates));
	const vms = new Set(compare(before.vms, after.vms));
	if (certificates.size > 0 || vms.size > 0) {
		for (const {name, listeners, backends} of after.loadBalancers.values()) {
			if (listeners.some(({certificateId = ''}) => certificates.has(certificateId))) names.add(name);
			if (backends.some(backend => backend.kind === 'vm' && vms.has(backend.id))) names.add(name);
		}
	}
	names.delete('');
	return names;
}

function backendOf(id: string, vms: Account['vms']): NormalisedBackend {
	return vms.get(id) ?? {kind: 'undeclared', name: id};
}

/** An address as it is: each listener's traffic goes to its own back-end port there. */
function addressOf(ip: string): NormalisedBackend {
	return {kind: 'address', name: ip, host: ip, port: undefined, ports: new Map()};
}
