import {withLoadBalancer} from '../model/account.ts';
import {backendOf} from '../model/resolve.ts';
import type {Operation} from './context.ts';
import {reregistered} from './registrations.ts';

/** A back-end of a load balancer, by its name. */
export interface DrainBackend {
	readonly loadBalancer: string;
	readonly backend: string;
}

/** `drain()` of the library: the back-end is no longer registered. Rules go on naming it, as they do in the cloud. */
export const drainBackend: Operation<DrainBackend, undefined> =
	({loadBalancer: name, backend}) =>
	account => {
		const before = account.loadBalancers.get(name);
		if (before === undefined) return {account, result: undefined};
		const backends = before.backends.filter(each => backendOf(each, account).name !== backend);
		return {account: withLoadBalancer(account, {...before, ...reregistered(before, backends)}), result: undefined};
	};
