import type {Account} from '../model/account.ts';
import type {Moment} from '../model/life.ts';
import type {Identifiers} from './identifiers.ts';

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
}

/** What a change makes of an account, and what its answer is about. */
export interface Changed<Result> {
	readonly account: Account;
	readonly result: Result;
}

/**
 * One command, whichever API it came through: pure, and all or nothing.
 *
 * @throws Refusal
 */
export type Change<Result> = (account: Account, context: Context) => Changed<Result>;

/** An operation: its input makes a command. */
export type Operation<Input, Result> = (input: Input) => Change<Result>;
