import type {AdviceCode, Certainty} from '../../model/advice.ts';
import type {ProbeResult} from '../../model/health.ts';
import type {Exchange} from '../exchange.ts';

export type {AdviceCode, Certainty} from '../../model/advice.ts';

/** A certificate that proves a piece of advice. */
export interface SeenCertificate {
	readonly names: readonly string[];
	readonly notBefore: Date;
	readonly notAfter: Date;
	/** SHA-256, upper-case hexadecimal with colons. */
	readonly fingerprint256: string;
}

/** What proves a piece of advice, as it was seen first. One of the three at least. */
export interface Evidence {
	/** The exchange; what it records can be looked at, also when `traffic` has it no longer. */
	readonly seen?: Exchange | undefined;
	readonly probe?: ProbeResult | undefined;
	readonly certificate?: SeenCertificate | undefined;
}

/**
 * What works here, or fails, and will bite in production: found in real traffic. Each is said once for a back-end or a
 * listener, and counted from then on.
 */
export interface Advice extends Evidence {
	readonly code: AdviceCode;
	readonly loadBalancer: string;
	/** The back-end it is about; absent where it is about a listener or its clients. */
	readonly backend?: string | undefined;
	/** The logical port of the listener it is about; absent where it is about a back-end, whatever the listener. */
	readonly listener?: number | undefined;
	/** How sure it is: see `docs/advice.md`. */
	readonly certainty: Certainty;
	/** The cause, as it was seen first. */
	readonly message: string;
	/** What to do about it. */
	readonly fix: string;
	/** How often it was seen. */
	readonly count: number;
}
