import fc from 'fast-check';
import type {LoadBalancer} from '../../src/index.ts';
import {runningIn, type SimpleAccount, type SimpleLoadBalancer, withLoadBalancer} from './simple-account.ts';

/** An emulator, on real sockets or not, as the steps use it. */
export interface SteppedEmulator {
	get(name: string): LoadBalancer;
	create(spec: object): Promise<LoadBalancer>;
	/** Reads this configuration in place of the one before. */
	reload(config: object): Promise<unknown>;
	reset(): Promise<void>;
	/** Calls the OUTSCALE API. @throws an `ApiRefusal` when it is refused */
	api(action: string, body: object): Promise<unknown>;
	setVm(vm: {readonly id: string; readonly address: string}): Promise<unknown>;
	/** @throws when nobody has said where it is. */
	removeVm(id: string): Promise<unknown>;
	/** Lets time pass that a load balancer takes to be created, changed and deleted. */
	pass(): Promise<void>;
}

/** What the API refused, in its own form. */
export class ApiRefusal extends Error {}

/** One thing that somebody does. */
export interface Step {
	readonly label: string;
	readonly run: (emulator: SteppedEmulator) => Promise<unknown>;
	/** What it may make of what is described when it succeeds; nothing when it cannot succeed there. */
	readonly effects: (before: SimpleAccount) => readonly SimpleAccount[];
}

export type Make = fc.Arbitrary<Step>;

export interface StepsOptions {
	/** As the simple account has them. */
	readonly ports: readonly [number, number, number];
	/** The folder of access logs. */
	readonly logs: string;
	/** Where commands with a port of their own listen, one at a time. */
	readonly commandPort: number;
	/** Certificates in PEM, to be uploaded and set, by the name that each is for. */
	readonly pairs: Readonly<Record<'one.test' | 'two.test', {readonly cert: string; readonly key: string}>>;
}

export const VMS = ['i-00000001', 'i-00000002'] as const;

/** Some come more often than others, so that more of the steps succeed. */
export const anyName = fc.constantFrom('a', 'a', 'a', 'b', 'b', 'c');
export const anyVm = fc.constantFrom('i-00000001', 'i-00000001', ...VMS);
export const anyPair = fc.constantFrom('one.test', 'two.test');
export const anyPriority = fc.integer({min: 1, max: 3});
export const anyPattern = fc.constantFrom<{readonly host?: string; readonly path?: string}>(
	{path: '/docs/*'},
	{path: '/api/*'},
	{host: '*.shop.test'},
	{host: '*.shop.test', path: '/docs/*'},
);

/** One effect, or none. */
export function only(after: SimpleAccount | undefined): readonly SimpleAccount[] {
	return after === undefined ? [] : [after];
}

/** Changes one load balancer that is there. */
export function changed(
	before: SimpleAccount,
	name: string,
	change: (old: SimpleLoadBalancer) => Partial<SimpleLoadBalancer> | undefined,
): readonly SimpleAccount[] {
	const old = runningIn(before, name);
	const changes = old && change(old);
	return old === undefined || changes === undefined ? [] : [withLoadBalancer(before, name, {...old, ...changes})];
}
