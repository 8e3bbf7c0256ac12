import {createHash} from 'node:crypto';
import {type DnsZone, dnsNameOf} from '../model/dns-name.ts';
import type {ApiDialect} from '../model/normalised.ts';

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** What identifiers are made from. The same seed and serial give the same identifier, so that tests repeat. */
export interface IdentifierOptions {
	readonly seed: number;
	readonly region: string;
	/** 12 digits. */
	readonly accountId: string;
	/** Whose forms they have where they differ. */
	readonly cloud?: ApiDialect;
}

/** Identifiers in the cloud's forms. Pure: a serial is given to each, and never twice. */
export class Identifiers {
	readonly region: string;
	readonly accountId: string;
	readonly #seed: number;
	readonly #cloud: ApiDialect;

	constructor({seed, region, accountId, cloud = 'outscale'}: IdentifierOptions) {
		this.#seed = seed;
		this.#cloud = cloud;
		this.region = region;
		this.accountId = accountId;
	}

	/** A UUID (version 4 in form): OUTSCALE API 1.40, ResponseContext.RequestId. */
	requestId(serial: number): string {
		const bytes = this.#bytes('request', serial).subarray(0, 16);
		bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
		bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
		return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
	}

	/** 30 upper-case letters and digits: the example of OUTSCALE API 1.40, ServerCertificate.Id. */
	certificateId(serial: number): string {
		const bytes = this.#bytes('certificate', serial).subarray(0, 30);
		return [...bytes].map(byte => LETTERS_AND_DIGITS[byte % LETTERS_AND_DIGITS.length]).join('');
	}

	/** Six digits, as the examples of OUTSCALE API 1.40, ListenerRule.ListenerId. */
	listenerId(serial: number): number {
		return 100_000 + serial;
	}

	/** Four digits, as the examples of OUTSCALE API 1.40, ListenerRule.ListenerRuleId. */
	ruleId(serial: number): number {
		return 1000 + serial;
	}

	/** An address that nobody has: RFC 5737, the three blocks for documentation. */
	publicIp(serial: number): string {
		const block = ['192.0.2', '198.51.100', '203.0.113'][serial % 3];
		return `${block}.${1 + (Math.floor(serial / 3) % 254)}`;
	}

	/** An address in `ipRange`, or in 10.0.0.0/8 where there is none that could be read. */
	privateIp(ipRange: string | undefined, serial: number): string {
		const network = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}\/\d{1,2}$/.exec(ipRange ?? '')?.[1] ?? '10.0.0';
		// The first addresses of a Subnet are the cloud's own.
		return `${network}.${4 + (serial % 250)}`;
	}

	/** `i-0a1b2c3d` and the like: eight hexadecimal digits that follow from `of` alone. */
	resourceId(prefix: 'i' | 'sg' | 'vpc', of: string): string {
		return `${prefix}-${this.#bytes(`${prefix} of ${of}`, 0).toString('hex').slice(0, 8)}`;
	}

	/** `orn:ows:idauth::<account id>:server-certificate<path><name>`: OUTSCALE API 1.40, ServerCertificate.Orn. */
	certificateOrn({path, name}: {readonly path: string; readonly name: string}): string {
		return `orn:ows:idauth::${this.accountId}:server-certificate${path}${name}`;
	}

	/** The same on AWS, and in older documents of OUTSCALE: IAM API, ServerCertificateMetadata.Arn. */
	certificateArn({path, name}: {readonly path: string; readonly name: string}): string {
		return `arn:aws:iam::${this.accountId}:server-certificate${path}${name}`;
	}

	/** `ASCA` and 17 upper-case letters and digits: IAM User Guide, IAM identifiers, unique ids. */
	iamCertificateId({id}: {readonly id: string}): string {
		return `ASCA${id.slice(0, 17)}`;
	}

	/** As AWS IAM names the user of a certificate: Service Authorization Reference, Elastic Load Balancing. */
	loadBalancerArn(name: string): string {
		return `arn:aws:elasticloadbalancing:${this.region}:${this.accountId}:loadbalancer/${name}`;
	}

	dnsName(name: string, internal: boolean): string {
		const zone: DnsZone = {seed: this.#seed, region: this.region, internal, cloud: this.#cloud};
		return dnsNameOf(name, zone);
	}

	#bytes(kind: string, serial: number): Buffer {
		return createHash('sha256').update(`${this.#seed}/${kind}/${serial}`).digest();
	}
}
