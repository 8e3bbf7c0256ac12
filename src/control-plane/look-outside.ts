import type {Account} from '../model/account.ts';
import type {PemPair} from '../model/load-balancer.ts';
import type {Context} from '../operations/context.ts';
import {adoptCertificate, adoptLoadBalancer, forgetCertificate, forgetLoadBalancer} from './adopt.ts';
import type {Outside} from './data-plane-port.ts';
import type {Translation} from './describe.ts';
import {viewOf} from './view.ts';

/** The account, and what of the outside it says the same as. */
export interface Seen {
	readonly account: Account;
	/** What runs, by name, and the view it says the same as. */
	readonly running: ReadonlyMap<string, Translation>;
	/** Certificates of the configuration that have been taken over. */
	readonly known: ReadonlyMap<string, PemPair>;
}

export function seenNothing(account: Account): Seen {
	return {account, running: new Map(), known: new Map()};
}

/** The account with what has come, changed or gone without an API since it was looked at last. */
export function lookedOutside(seen: Seen, outside: Outside, context: Context): Seen {
	let {account} = seen;
	const known = outside.certificates();
	for (const [name, pair] of known) {
		if (seen.known.get(name) === pair) continue;
		account = adoptCertificate(account, {name, pair}, context);
	}
	const running = new Map(seen.running);
	const names = new Set<string>();
	for (const adopted of outside.loadBalancers()) {
		const {described} = adopted;
		names.add(described.name);
		if (running.get(described.name)?.described === described) continue;
		account = adoptLoadBalancer(account, adopted, context);
		const view = viewOf(account, described.name);
		if (view !== undefined) running.set(described.name, {view, described});
	}
	for (const name of seen.running.keys()) {
		if (names.has(name)) continue;
		running.delete(name);
		account = forgetLoadBalancer(account, name, context);
	}
	for (const [name, pair] of seen.known) {
		if (!known.has(name)) account = forgetCertificate(account, pair);
	}
	return {account, running, known};
}
