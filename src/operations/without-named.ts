import type {Operate} from './context.ts';
import {removeCertificate} from './kept-certificates.ts';
import {removeLoadBalancer} from './put-load-balancer.ts';

/**
 * The account without the load balancers of these names, those that are being deleted too, and without certificates of
 * these names that nobody else shows. What the configuration has is put back by whoever asked for this.
 */
export function withoutNamed(isMeant: (name: string) => boolean): Operate<undefined> {
	return (before, context) => {
		let account = before;
		for (const name of before.loadBalancers.keys()) {
			if (isMeant(name)) account = removeLoadBalancer({name})(account, context).account;
		}
		for (const {id, name, configuredAs} of before.certificates.values()) {
			if (configuredAs === undefined && isMeant(name)) account = removeCertificate(account, id);
		}
		return {account, result: undefined};
	};
}
