import {type CompiledRule, compileRules, matchingRule} from '../../model/listener-rule.ts';
import type {ScopedRule} from '../../model/resolved.ts';
import {nextBackend} from '../../model/selection.ts';
import type {Backend} from '../backends/backend.ts';

/** How many back-ends the reason why none could be chosen names. */
const MAX_NAMED = 5;

/** Round robin over one set of back-ends, with a cursor of its own. */
export class Balancer {
	/** In registration order. */
	members: readonly Backend[];
	#cursor = -1;
	/** Where the last choice stands among the members, as long as they stay the same. */
	#index = -1;

	constructor(members: readonly Backend[]) {
		this.members = members;
	}

	/** The next back-end in service that is not in `tried`; undefined when there is none. */
	choose(tried?: ReadonlySet<Backend>): Backend | undefined {
		const backend = this.#neighbour(tried) ?? nextBackend(this.members, this.#cursor, tried);
		if (backend === undefined) return undefined;
		this.#cursor = backend.order;
		return backend;
	}

	/** Why there is none to choose, in words. */
	whyNone(): string {
		const {members} = this;
		if (members.length === 0) return 'no back-end is registered';
		const named = members.slice(0, MAX_NAMED).map(({name, whyOut}) => `${name}: ${whyOut}`);
		const left = members.length - named.length;
		return `no back-end in service: ${named.join('; ')}${left > 0 ? `; and ${left} more` : ''}`;
	}

	/** The member after the last choice when it is free to be chosen, as it nearly always is: no search then. */
	#neighbour(tried: ReadonlySet<Backend> | undefined): Backend | undefined {
		const {members} = this;
		if (tried !== undefined || members[this.#index]?.order !== this.#cursor) {
			this.#index = members.findIndex(({order}) => order === this.#cursor);
			if (this.#index === -1 || tried !== undefined) return undefined;
		}
		const next = this.#index + 1 < members.length ? this.#index + 1 : 0;
		const backend = members[next];
		if (backend?.inService !== true) return undefined;
		this.#index = next;
		return backend;
	}
}

interface Route extends CompiledRule {
	readonly balancer: Balancer;
}

/** The balancers of one listener: its own, and one for each of its rules. */
export class Router {
	/** Balances what no rule matches, and connections of TCP and SSL listeners. */
	readonly defaultBalancer = new Balancer([]);
	#routes: readonly Route[] = [];

	/** The balancer for a request. */
	route(host: string, target: string): Balancer {
		if (this.#routes.length === 0) return this.defaultBalancer;
		return matchingRule(this.#routes, {host, path: target})?.balancer ?? this.defaultBalancer;
	}

	/** Takes other back-ends and rules. A rule that stays goes on where its round robin was. */
	set(backends: readonly Backend[], rules: readonly ScopedRule[]): void {
		this.defaultBalancer.members = backends;
		this.#routes = compileRules(rules).map(compiled => {
			const balancer = this.#balancerOf(compiled) ?? new Balancer([]);
			const to = new Set(compiled.rule.to);
			balancer.members = backends.filter(({name}) => to.has(name));
			return {...compiled, balancer};
		});
	}

	/** Within one listener a priority is given once. */
	#balancerOf({rule}: CompiledRule): Balancer | undefined {
		return this.#routes.find(route => route.rule.priority === rule.priority)?.balancer;
	}
}
