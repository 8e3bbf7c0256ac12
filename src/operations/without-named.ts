import type {Account} from '../model/account.ts';
import type {Operate} from './context.ts';
import {removeCertificate} from './kept-certificates.ts';
import {removeLoadBalancer} from './put-load-balancer.ts';

/**
 * The account without the load balancers of these names, those that are being deleted too, without the VMs that are
 * theirs alone, and without certificates of these names that nobody else shows. What the configuration has is put back
 * by whoever asked for this.
 */
export function withoutNamed(isMeant: (name: string) => boolean): Operate<undefined> {
	return (before, context) => {
		const vmIds = vmsOfNamed(before, isMeant);
		let account = before;
		for (const name of before.loadBalancers.keys()) {
			if (isMeant(name)) account = removeLoadBalancer({name})(account, context).account;
		}
		for (const {id, name, configuredAs} of before.certificates.values()) {
			if (configuredAs === undefined && isMeant(name)) account = removeCertificate(account, id);
		}
		const vms = new Map([...account.vms].filter(([id]) => !vmIds.has(id)));
		return {account: vms.size === account.vms.size ? account : {...account, vms}, result: undefined};
	};
}

/** Ids of VMs that are registered with load balancers of these names, and with no other. */
export function vmsOfNamed({loadBalancers, rules}: Account, isMeant: (name: string) => boolean): Set<string> {
	const [own, others] = [new Set<string>(), new Set<string>()];
	for (const {name, backends} of loadBalancers.values()) {
		for (const each of backends) if (each.kind === 'vm') (isMeant(name) ? own : others).add(each.id);
	}
	// A rule may name one that has been deregistered.
	for (const {loadBalancer, vmIds} of rules) if (!isMeant(loadBalancer)) for (const id of vmIds) others.add(id);
	for (const id of others) own.delete(id);
	return own;
}
