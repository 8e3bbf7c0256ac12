import type {Account} from '../model/account.ts';
import {certificatesOf} from '../model/resolve.ts';
import type {PemPair} from '../model/resolved.ts';
import {asRefusal} from '../operations/as-refusal.ts';
import type {BackendHealth, CloudStore, Context, Operate} from '../operations/context.ts';
import {touchedBetween} from '../operations/touched.ts';
import type {AccountStore} from './account-store.ts';
import {violationsOfListeners} from './serving.ts';
import {refuseLoadBalancer} from './validate-spec.ts';

/** The account as the cloud's APIs see it. */
export class AccountAsCloud implements CloudStore {
	readonly #store: AccountStore;
	readonly #context: () => Context;

	constructor(store: AccountStore, context: () => Context) {
		this.#store = store;
		this.#context = context;
	}

	get account(): Account {
		return this.#store.account;
	}

	get identifiers(): Context['identifiers'] {
		return this.#context().identifiers;
	}

	context(): Context {
		return this.#context();
	}

	async change<Result>(concerns: readonly string[], operation: Operate<Result>): Promise<Result> {
		try {
			return await this.#store.change(concerns, () => ({
				operation: withServedCertificates(operation),
				yieldsPorts: true,
				waitsForRemoved: true,
			}));
		} catch (error) {
			throw asRefusal(error);
		}
	}

	healthOf(loadBalancer: string): readonly BackendHealth[] {
		const backends = this.#store.managed.get(loadBalancer)?.running.backends ?? [];
		return backends.map(backend => ({
			name: backend.name,
			state: backend.inService ? 'InService' : 'OutOfService',
			reason: backend.reason,
		}));
	}

	drainingOf(loadBalancer: string): readonly string[] {
		return (this.#store.managed.get(loadBalancer)?.running.draining ?? []).map(({backend}) => backend.name);
	}
}

/** The same operation, which is refused when a listener could not serve the certificate that it is given. */
function withServedCertificates<Result>(operation: Operate<Result>): Operate<Result> {
	return (before, context) => {
		const changed = operation(before, context);
		const {account} = changed;
		for (const name of touchedBetween(before, account)) {
			const shown = pairsOf(name, before);
			const [violation] = violationsOfListeners(
				account.loadBalancers.get(name)?.listeners ?? [],
				({port, certificateId = ''}) => {
					const certificate = account.certificates.get(certificateId);
					return shown.get(port) === certificate?.pair ? undefined : certificate;
				},
			);
			if (violation !== undefined) throw refuseLoadBalancer([violation]);
		}
		return changed;
	};
}

/** What the listeners of a load balancer show, by logical port. */
function pairsOf(name: string, account: Account): ReadonlyMap<number, PemPair> {
	const loadBalancer = account.loadBalancers.get(name);
	if (loadBalancer === undefined) return new Map();
	return new Map([...certificatesOf(loadBalancer, account)].map(([port, {pair}]) => [port, pair]));
}
