import type {Revision} from '../../base/revision.ts';
import {type CompiledRule, compileRules, type ListenerRule, matchingRule} from '../../model/listener-rule.ts';
import type {ScopedRule} from '../../model/resolved.ts';
import {nextBackend} from '../../model/selection.ts';
import {type ChoiceBasis, skippedText} from '../../observability/why.ts';
import type {Backend} from '../backends/backend.ts';

/** What the choices of one load balancer go by besides the members of each balancer. */
export interface Standings {
	/** Advances whenever the standing of a back-end changes. */
	readonly revision: Revision;
	/** Back-ends that were deregistered and have work in flight. */
	readonly draining: () => readonly Backend[];
}

/** The rules of a listener, in the order in which they are tried, and the one that leads to a balancer. */
interface RulesBefore {
	readonly rules: readonly ListenerRule[];
	readonly rule: ListenerRule | undefined;
}

/** Round robin over one set of back-ends, with a cursor of its own. */
export class Balancer {
	readonly #standings: Standings;
	#members: readonly Backend[] = [];
	#before: RulesBefore = {rules: [], rule: undefined};
	#cursor = -1;
	/** Where the last choice stands among the members, as long as they stay the same. */
	#index = -1;
	#basis: ChoiceBasis | undefined;
	/** The revision that `#basis` is of. */
	#basisOf = -1;

	constructor(standings: Standings) {
		this.#standings = standings;
	}

	/** In registration order. */
	get members(): readonly Backend[] {
		return this.#members;
	}

	/** The order of the back-end that was chosen last; -1 before the first choice. */
	get cursor(): number {
		return this.#cursor;
	}

	/** What a choice at this moment goes by. */
	get basis(): ChoiceBasis {
		const {number} = this.#standings.revision;
		if (this.#basis === undefined || this.#basisOf !== number) {
			this.#basisOf = number;
			this.#basis = {...this.#before, standings: this.#candidates().map(({standing}) => standing)};
		}
		return this.#basis;
	}

	/** Takes other back-ends. The round robin goes on where it was. */
	set(members: readonly Backend[], before: RulesBefore): void {
		this.#members = members;
		this.#before = before;
		this.#basis = undefined;
	}

	/** The next back-end in service that is not in `tried`; undefined when there is none. */
	choose(tried?: ReadonlySet<Backend>): Backend | undefined {
		const backend = this.#neighbour(tried) ?? nextBackend(this.#members, this.#cursor, tried);
		if (backend === undefined) return undefined;
		this.#cursor = backend.order;
		return backend;
	}

	/** Why there is none to choose, in words. */
	whyNone(): string {
		const {standings} = this.basis;
		return standings.length === 0 ? 'no back-end is registered' : `no back-end in service: ${skippedText(standings)}`;
	}

	/** The members, and those that were members and are draining, in registration order. */
	#candidates(): readonly Backend[] {
		const members = this.#members;
		const {rule} = this.#before;
		const draining = this.#standings
			.draining()
			.filter(backend => !members.includes(backend) && (rule === undefined || rule.to.includes(backend.name)));
		return draining.length === 0 ? members : [...members, ...draining].sort((a, b) => a.order - b.order);
	}

	/** The member after the last choice when it is free to be chosen, as it nearly always is: no search then. */
	#neighbour(tried: ReadonlySet<Backend> | undefined): Backend | undefined {
		const members = this.#members;
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
	readonly defaultBalancer: Balancer;
	readonly #standings: Standings;
	#routes: readonly Route[] = [];

	constructor(standings: Standings) {
		this.#standings = standings;
		this.defaultBalancer = new Balancer(standings);
	}

	/** The balancer for a request. */
	route(host: string, target: string): Balancer {
		if (this.#routes.length === 0) return this.defaultBalancer;
		return matchingRule(this.#routes, {host, path: target})?.balancer ?? this.defaultBalancer;
	}

	/** Takes other back-ends and rules. A rule that stays goes on where its round robin was. */
	set(backends: readonly Backend[], rules: readonly ScopedRule[]): void {
		const compiled = compileRules(rules);
		const inOrder = compiled.map(({rule}) => rule);
		this.defaultBalancer.set(backends, {rules: inOrder, rule: undefined});
		this.#routes = compiled.map(each => {
			const {rule} = each;
			const balancer = this.#balancerOf(each) ?? new Balancer(this.#standings);
			const to = new Set(rule.to);
			balancer.set(
				backends.filter(({name}) => to.has(name)),
				{rules: inOrder, rule},
			);
			return {...each, balancer};
		});
	}

	/** Within one listener a priority is given once. */
	#balancerOf({rule}: CompiledRule): Balancer | undefined {
		return this.#routes.find(route => route.rule.priority === rule.priority)?.balancer;
	}
}
