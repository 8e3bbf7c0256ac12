import {quote} from '../base/quote.ts';
import {type Account, withLoadBalancer, withoutLoadBalancer} from '../model/account.ts';
import type {AccountLoadBalancer, Creation, Scheme} from '../model/account-load-balancer.ts';
import {defaultHealthCheck} from '../model/health-check.ts';
import {isOver, stateOf} from '../model/life.ts';
import {Refusal} from '../model/refusal.ts';
import type {Context, Operation} from './context.ts';
import {withoutUnused} from './kept-certificates.ts';
import {makeListeners, type NewListener, validateBackendPorts, validateListeners} from './listeners.ts';
import {newLoadBalancer} from './new-load-balancer.ts';
import {type PlacementAsked, placementOf, validatePlacement, validatePublicIp} from './placement.ts';
import {type Tag, type TagRules, validateTagCount, validateTags, withTags} from './tags.ts';
import {changeable, validateQuota} from './validate.ts';

export interface CreateLoadBalancer extends PlacementAsked {
	readonly name: string;
	readonly listeners: readonly NewListener[];
	/** One of the account's own addresses; undefined: the cloud lends one. */
	readonly publicIp: string | undefined;
	readonly tags: readonly Tag[];
	readonly tagRules: TagRules;
}

/** OUTSCALE API 1.40, CreateLoadBalancerRequest.LoadBalancerName. */
const MAX_NAME_LENGTH = 32;

/** CreateLoadBalancer. */
export const createLoadBalancer: Operation<CreateLoadBalancer, AccountLoadBalancer> = input => (account, context) => {
	const {name, publicIp} = input;
	const scheme: Scheme = input.scheme ?? 'internet-facing';
	validateCreation(input);
	const placement = placementOf(input, scheme, account, context);
	if (publicIp !== undefined) validatePublicIp(account, publicIp, name);
	validateFreeName(account, name, context);
	validateQuota(
		'TOO_MANY_LOAD_BALANCERS',
		account.loadBalancers.size + 1,
		context.quotas.loadBalancers,
		'load balancers',
	);
	validateQuota('TOO_MANY_LISTENERS', input.listeners.length, context.quotas.listeners, 'listeners');
	validateTagCount(input.tags.length, input.tagRules, context);
	const made = makeListeners(input.listeners, account, context, {name, listeners: []});
	const {serial} = made.account;
	const lent = {address: context.identifiers.publicIp(serial), own: false};
	const loadBalancer: AccountLoadBalancer = {
		...newLoadBalancer(
			{
				name,
				scheme,
				placement,
				publicIp: scheme === 'internal' ? undefined : publicIp === undefined ? lent : {address: publicIp, own: true},
				life: {phase: 'creating', sinceMs: context.nowMs},
				creation: {serial, wallMs: context.wallMs, asked: askedBy(input)},
			},
			context,
		),
		listeners: made.listeners,
		// The first in the request; "the highest port" would fit the recordings as well.
		healthCheck: defaultHealthCheck(input.listeners[0]?.backendPort ?? 80),
		tags: withTags(new Map(), input.tags),
		faithfulHealth: context.faithfulHealth,
	};
	return {
		// What was being deleted under this name makes way, and stands last again.
		account: withLoadBalancer({...withoutLoadBalancer(made.account, name), serial: serial + 1}, loadBalancer),
		result: loadBalancer,
	};
};

/**
 * CreateLoadBalancer of the ELB API: the same request again is no error, and makes nothing new (observed on OUTSCALE's
 * LBU).
 */
export const ensureLoadBalancer: Operation<CreateLoadBalancer, AccountLoadBalancer> = input => (account, context) => {
	validateBackendPorts(input.listeners);
	const bearer = account.loadBalancers.get(input.name);
	if (bearer === undefined || stateOf(bearer.life, context) === 'deleting') {
		return createLoadBalancer(input)(account, context);
	}
	validateCreation(input);
	const {asked} = bearer.creation;
	const again = askedBy(input);
	if (asked?.parameters === again.parameters && asked.tags === again.tags) return {account, result: bearer};
	const what = asked?.parameters === again.parameters ? 'tags' : 'parameters';
	const message = `load balancer ${quote(input.name)} exists already, with other ${what}`;
	throw new Refusal('LOAD_BALANCER_DIFFERS', message, input.name, what);
};

/** Validates a request by itself, before anything is looked up. @throws Refusal */
function validateCreation(input: CreateLoadBalancer): void {
	validateName(input.name);
	validateListeners(input.listeners);
	validateTags(input.tags, input.tagRules);
	validatePlacement(input, input.publicIp);
}

/** What was asked for in one form: the order of listeners, places and tags says nothing. */
function askedBy({listeners, tags, ...input}: CreateLoadBalancer): NonNullable<Creation['asked']> {
	const sorted = (texts: readonly string[]) => [...new Set(texts)].sort();
	return {
		parameters: JSON.stringify([
			sorted(
				listeners.map(({protocol, port, backendProtocol, backendPort, certificate}) =>
					JSON.stringify([protocol, port, backendProtocol, backendPort, certificate?.place ?? certificate?.text]),
				),
			),
			input.scheme ?? 'internet-facing',
			sorted(input.subnets),
			sorted(input.subregions),
			sorted(input.securityGroups),
			input.publicIp,
		]),
		tags: JSON.stringify(sorted(tags.map(({key, value}) => JSON.stringify([key, value])))),
	};
}

/** DeleteLoadBalancer: works with back-ends and rules still there. An unknown one is refused, unlike on AWS (recorded). */
export const deleteLoadBalancer: Operation<{readonly name: string}, AccountLoadBalancer> =
	({name}) =>
	(account, context) => {
		const before = changeable(account, name, context);
		const after: AccountLoadBalancer = {...before, life: {phase: 'deleting', sinceMs: context.nowMs}};
		return {account: withoutGone(withLoadBalancer(account, after), context), result: after};
	};

/** DeleteLoadBalancer of the ELB API: one that is not there is gone already (AWS Classic ELB, DeleteLoadBalancer). */
export const ensureNoLoadBalancer: Operation<{readonly name: string}, undefined> =
	({name}) =>
	(account, context) => {
		validateName(name);
		const bearer = account.loadBalancers.get(name);
		if (bearer === undefined || stateOf(bearer.life, context) === 'deleting') return {account, result: undefined};
		return {...deleteLoadBalancer({name})(account, context), result: undefined};
	};

/** The account without the load balancers whose deletion is over, and the certificates that they brought. */
export function withoutGone(account: Account, context: Pick<Context, 'nowMs' | 'lifecycleMs'>): Account {
	let rest = account;
	for (const {name, life} of account.loadBalancers.values()) {
		if (isOver(life, context)) rest = withoutUnused(withoutLoadBalancer(rest, name), name);
	}
	return rest;
}

/** @throws Refusal `BAD_NAME`, `TOO_LONG` */
function validateName(name: string): void {
	if (name.length > MAX_NAME_LENGTH) {
		const message = `a load balancer's name has 1 to ${MAX_NAME_LENGTH} characters, and this one has ${name.length}`;
		throw new Refusal('TOO_LONG', message, name, 'LoadBalancerName');
	}
	if (/^(?!-)[A-Za-z0-9-]+(?<!-)$/.test(name)) return;
	throw new Refusal(
		'BAD_NAME',
		`${quote(name)} is not a load balancer's name; allowed are A-Z, a-z, 0-9 and "-", no "-" at either end`,
		name,
	);
}

/** Recorded: taken with identical parameters too, and while the last bearer is still being deleted. */
function validateFreeName(account: Account, name: string, context: Context): void {
	const bearer = account.loadBalancers.get(name);
	if (bearer === undefined) return;
	const why = stateOf(bearer.life, context) === 'deleting' ? 'is still being deleted' : 'exists already';
	throw new Refusal('LOAD_BALANCER_NAME_TAKEN', `load balancer ${quote(name)} ${why}`, name);
}
