import type {Duration} from '../base/duration.ts';
import type {FaultRule} from '../model/fault.ts';
import type {ListenerSpec} from '../model/listener.ts';
import type {PemPair, RetryPolicy, TlsVersion, UpgradePolicy} from '../model/resolved.ts';
import type {BackendSpec, CommandBackend, EchoBackend, HarBackend, ReplyBackend, TcpBackend} from './spec-backend.ts';
import type {AccessLogSpec, HealthCheckSpec, RuleSpec, StickinessSpec} from './spec-balancing.ts';
import type {AccountConfig, ControlConfig} from './spec-control.ts';

/** Asks for a certificate of the emulator's authority with exactly these names and addresses. */
export interface CertificateNames {
	readonly names: readonly string[];
}

/** A listener with more to say than its ports. */
export interface Listener {
	readonly listen: ListenerSpec;
	/**
	 * The certificate of an HTTPS or SSL listener: a name out of the configuration's `certificates`, PEM text, or the names
	 * that the emulator's authority issues one for. Omitted: one is issued for the load balancer's DNS name and loopback.
	 */
	readonly certificate?: string | PemPair | CertificateNames;
	/**
	 * What clients may negotiate; TLS 1.2 and 1.3 with ECDHE and AEAD unless said otherwise. `ciphers` is an OpenSSL cipher
	 * list; the suites of TLS 1.3 stay those of OpenSSL unless it names some (`TLS_…`). The two and the certificate must
	 * go together: each version from `minVersion` on that the list can serve needs a cipher for the certificate's key.
	 */
	readonly tls?: {readonly minVersion?: TlsVersion; readonly ciphers?: string};
	/** Sends one PROXY v1 line at the start of each back-end connection (`ProxyProtocolPolicyType`). */
	readonly proxyProtocol?: boolean;
	/** Keeps a client at one back-end; HTTP and HTTPS only. */
	readonly stickiness?: StickinessSpec;
	/**
	 * Verifies the certificates of HTTPS and SSL back-ends, which the cloud does not do. `true` trusts the emulator's
	 * authority; otherwise the PEM of the authorities to trust, and the name the certificate must carry.
	 */
	readonly verifyBackend?: boolean | {readonly ca: string; readonly servername?: string};
}

/** One load balancer. */
export interface LoadBalancerSpec {
	/** 1 to 32 of `A-Z a-z 0-9 -`, no hyphen at either end; `lb` unless said otherwise. */
	readonly name?: string;
	readonly listeners: readonly (ListenerSpec | Listener)[];
	/** In registration order; a number asks for as many echo back-ends, named a, b, c and so on. */
	readonly backends?: readonly BackendSpec[] | number;
	/** The loopback address to bind; the emulator's `host` unless said otherwise. */
	readonly address?: string;
	readonly healthCheck?: HealthCheckSpec;
	/**
	 * Whether a pending back-end needs `healthCheck.healthy` passes, as in the cloud, and not just one. What is described
	 * starts in service; what a cloud API registers starts pending.
	 */
	readonly faithfulHealth?: boolean;
	/** Which requests go to which back-ends; what no rule matches goes to all of them in turn. */
	readonly rules?: readonly RuleSpec[];
	/**
	 * How long what is in flight may go on at a back-end that is deregistered; off, the default, cuts it at once. 1 ms
	 * and up; the cloud's API takes 1 to 3600 s (AWS Classic ELB, connection draining).
	 */
	readonly draining?: Duration | false;
	/** Adds `Secure` to cookies on HTTPS listeners, the back-ends' own included (OUTSCALE API 1.40, SecuredCookies). */
	readonly securedCookies?: boolean;
	/** Where access log lines go; nowhere unless said otherwise. */
	readonly accessLog?: AccessLogSpec;
	readonly idleTimeout?: Duration;
	readonly headTimeout?: Duration;
	readonly connectTimeout?: Duration;
	readonly retry?: RetryPolicy;
	readonly upgrade?: UpgradePolicy;
	/** What goes wrong on purpose, armed before the first connection. */
	readonly faults?: readonly FaultRule[];
}

/** A certificate in the configuration: issued by the local authority, or read from PEM files beside the file. */
export type CertificateConfig =
	| {readonly names: readonly string[]; readonly key?: 'ec' | 'rsa'}
	| {readonly cert: string; readonly key: string; readonly chain?: string};

/** A back-end that is run for the configuration may stand for several: `count: 2` of `app` are `app-1` and `app-2`. */
export type BackendConfig =
	| string
	| number
	| ((EchoBackend | ReplyBackend | HarBackend | TcpBackend | CommandBackend) & {readonly count?: number})
	| {readonly host: string; readonly port?: number; readonly ports?: Readonly<Record<number, number>>};

export interface LoadBalancerConfig extends Omit<LoadBalancerSpec, 'name' | 'backends'> {
	/** Names out of `backends`; a name with a count stands for all of them. */
	readonly backends?: readonly string[];
}

/**
 * The whole configuration file, and what `startEmulator({config})` takes. Every section is optional. Keys that begin
 * with `x-` are the user's own and are passed over.
 */
export interface Config {
	readonly [extension: `x-${string}`]: unknown;
	readonly control?: ControlConfig;
	readonly account?: AccountConfig;
	/** What a VM id means when it comes through the API: an address, a port of 127.0.0.1, or a name out of `backends`. */
	readonly vms?: Readonly<Record<string, string | number>>;
	readonly certificates?: Readonly<Record<string, CertificateConfig>>;
	readonly backends?: Readonly<Record<string, BackendConfig>>;
	readonly loadBalancers?: Readonly<Record<string, LoadBalancerConfig>>;
}
