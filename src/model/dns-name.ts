import type {ApiDialect} from './normalised.ts';

/** Where a load balancer's DNS name lies, and whose it is. */
export interface DnsZone {
	/** What the digits are made from: the same for all load balancers of an account. */
	readonly seed: number;
	readonly region?: string | undefined;
	/** Whether the load balancer is reached from inside its Net only. */
	readonly internal?: boolean | undefined;
	readonly cloud?: ApiDialect | undefined;
}

export const DEFAULT_REGION = 'eu-west-2';

/** 12 digits: the account of OUTSCALE's own examples. */
export const DEFAULT_ACCOUNT_ID = '123456789012';

/**
 * `<name>-<9 digits>.<region>.lbu.outscale.com`, on AWS `<name>-<10 digits>.<region>.elb.amazonaws.com`; with `internal-` in front of an internal one's. The digits look constant
 * per account (real DNS names, 2026).
 */
export function dnsNameOf(name: string, {seed, region = DEFAULT_REGION, internal = false, cloud}: DnsZone): string {
	// Knuth's multiplicative hash: any seed, small ones too, gives nine digits that look arbitrary.
	const digits = 100_000_000 + ((Math.imul(seed, 2_654_435_761) >>> 0) % 900_000_000);
	const label = `${internal ? 'internal-' : ''}${name.toLowerCase()}-${digits}`;
	// Ten digits on AWS, nine on OUTSCALE.
	return cloud === 'aws' ? `${label}0.${region}.elb.amazonaws.com` : `${label}.${region}.lbu.outscale.com`;
}
