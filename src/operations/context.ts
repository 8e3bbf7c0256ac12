import type {Account} from '../model/account.ts';
import type {HealthReason, ServiceState} from '../model/health.ts';
import type {Moment} from '../model/life.ts';
import type {Identifiers} from './identifiers.ts';

/** Why a registered back-end is in the state it is in. */
export interface BackendHealth {
	readonly name: string;
	readonly state: ServiceState;
	readonly reason: HealthReason;
}

/** What the control plane asks of whoever keeps the account. */
export interface CloudStore {
	/** What is described at the moment. */
	readonly account: Account;
	readonly identifiers: Identifiers;
	/** What operations go by, as of this moment. */
	context(): Context;
	/**
	 * Carries out an operation; what runs follows before this resolves.
	 *
	 * @param concerns the load balancers it may concern.
	 * @throws Refusal its own, or one that says why what runs could not follow; nothing has changed then.
	 */
	change<Result>(concerns: readonly string[], operation: Operate<Result>): Promise<Result>;
	/** State and reason of each registered back-end; empty for a load balancer that does not run. */
	healthOf(loadBalancer: string): readonly BackendHealth[];
	/** Names of back-ends that were deregistered and may still finish what is in flight at them. */
	drainingOf(loadBalancer: string): readonly string[];
}

/** How many of each there may be. OUTSCALE does not publish its quotas: none is enforced unless asked for. */
export interface Quotas {
	readonly loadBalancers: number;
	readonly listeners: number;
	readonly rules: number;
	readonly certificates: number;
	readonly tags: number;
}

export const NO_QUOTAS: Quotas = {
	loadBalancers: Number.POSITIVE_INFINITY,
	listeners: Number.POSITIVE_INFINITY,
	rules: Number.POSITIVE_INFINITY,
	certificates: Number.POSITIVE_INFINITY,
	tags: Number.POSITIVE_INFINITY,
};

/** What a change goes by beside the account. */
export interface Context extends Moment {
	readonly identifiers: Identifiers;
	/** Milliseconds since 1970-01-01 UTC. */
	readonly wallMs: number;
	/** Takes keys as RSA in PKCS#1 only, as the cloud asks for. */
	readonly strict: boolean;
	readonly quotas: Quotas;
	/** Whether a back-end that an API registers needs `healthyThreshold` passes, as in the cloud. */
	readonly faithfulHealth: boolean;
	/** Below it, each bucket of access logs is a folder; undefined: none is written for an API. */
	readonly accessLogFolder: string | undefined;
}

/** What a change makes of an account, and what its answer is about. */
export interface Changed<Result> {
	readonly account: Account;
	readonly result: Result;
}

/**
 * Carries an operation out, whichever surface it came through: pure, and all or nothing.
 *
 * @throws EmulatorError; a `Refusal` where a cloud's rules are not kept.
 */
export type Operate<Result> = (account: Account, context: Context) => Changed<Result>;

/** An operation, which its input makes ready to be carried out. */
export type Operation<Input, Result> = (input: Input) => Operate<Result>;
