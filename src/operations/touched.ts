import type {Account} from '../model/account.ts';

/** The load balancers of which something may look different: found by identity, so that a change costs what it touches. */
export function touchedBetween(before: Account, after: Account): ReadonlySet<string> {
	const names = new Set<string>();
	if (before === after) return names;
	for (const name of differing(before.loadBalancers, after.loadBalancers)) names.add(name);
	if (before.rules !== after.rules) {
		const [old, now] = [new Set(before.rules), new Set(after.rules)];
		for (const rule of [...before.rules, ...after.rules]) {
			if (!(old.has(rule) && now.has(rule))) names.add(rule.loadBalancer);
		}
	}
	const certificates = new Set(differing(before.certificates, after.certificates));
	const vms = new Set(differing(before.vms, after.vms));
	if (certificates.size > 0 || vms.size > 0) {
		for (const {name, listeners, backends} of after.loadBalancers.values()) {
			if (listeners.some(({certificateId = ''}) => certificates.has(certificateId))) names.add(name);
			if (backends.some(backend => backend.kind === 'vm' && vms.has(backend.id))) names.add(name);
		}
	}
	return names;
}

function differing<Value>(one: ReadonlyMap<string, Value>, other: ReadonlyMap<string, Value>): string[] {
	if (one === other) return [];
	const keys: string[] = [];
	for (const key of one.keys()) if (other.get(key) !== one.get(key)) keys.push(key);
	for (const key of other.keys()) if (!one.has(key)) keys.push(key);
	return keys;
}
