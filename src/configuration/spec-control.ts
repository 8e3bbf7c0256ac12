import type {Duration} from '../base/duration.ts';
import type {ApiDialect} from '../model/normalised.ts';

/** The control port: the cloud's API and the emulator's own interface. */
export interface ControlConfig {
	/** An address of loopback; 127.0.0.1 unless said otherwise. */
	readonly host?: string;
	/** 0 = any free one. Not given: in the library any free one, on the command line 8089 or the next free one. */
	readonly port?: number;
	/** Host names under which it may be reached beside localhost, 127.0.0.1 and [::1]. */
	readonly names?: readonly string[];
	/** Secret keys by access key. Given, signatures are verified; otherwise any are taken. */
	readonly credentials?: Readonly<Record<string, string>>;
	/**
	 * Whose answers the ELB and IAM APIs give where OUTSCALE's LBU and AWS differ. Not given: LBU's, with every action of
	 * AWS. `outscale`: what LBU lacks is refused. `aws`: AWS's texts, statuses, ARNs and DNS names.
	 */
	readonly dialect?: ApiDialect;
	/** Takes uploaded private keys as RSA in PKCS#1 only, and bucket names by the rules of S3 only, as the cloud asks for. */
	readonly strict?: boolean;
	/** How long `provisioning`, `reconfiguring` and `deleting` show; 0 unless said otherwise: over with their answer. */
	readonly lifecycle?: Duration;
	/** Whether back-ends that the API registers need `HealthyThreshold` passes, as in the cloud, and not just one. */
	readonly faithfulHealth?: boolean;
	/** The folder below which each bucket of access logs is a folder; none are written unless said. */
	readonly accessLogs?: string;
}

/** What the emulator is told exists in the account. What it is told nothing of is taken as it is named. */
export interface AccountConfig {
	/** 12 digits. */
	readonly id?: string;
	/** `eu-west-2` unless said otherwise. */
	readonly region?: string;
	readonly subregions?: readonly string[];
	readonly nets?: readonly {
		readonly id: string;
		readonly ipRange?: string;
		/** `false`: no internet-facing load balancer can be made in it. */
		readonly internetService?: boolean;
	}[];
	readonly subnets?: readonly {
		readonly id: string;
		/** The id of its Net. */
		readonly net: string;
		readonly subregion: string;
		readonly ipRange?: string;
	}[];
	readonly securityGroups?: readonly {
		readonly id: string;
		readonly name: string;
		/** The id of its Net; one of the public Cloud unless said. */
		readonly net?: string;
	}[];
	/** Addresses that are the account's own. */
	readonly publicIps?: readonly string[];
}
