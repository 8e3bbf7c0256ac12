import type {HealthCheck} from './health-check.ts';
import type {ListenerPorts} from './listener.ts';
import type {ListenerRule} from './listener-rule.ts';
import type {StickinessPolicy} from './stickiness-policy.ts';

/** PEM text of a certificate and its private key, and of the certificates between it and its root. */
export interface PemPair {
	/** The leaf; the chain may follow it in the same text. */
	readonly cert: string;
	readonly key: string;
	/** Issuer first, concatenated. */
	readonly chain?: string | undefined;
}

/** Oldest TLS version a listener takes. 1.2 unless asked for: AWS and OUTSCALE end of life for older ones. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

export interface TlsSettings {
	readonly minVersion: TlsVersion;
	/** OpenSSL cipher list; undefined = ECDHE with AEAD only. */
	readonly ciphers: string | undefined;
}

/** How the certificate of a re-encrypting listener's back-ends is judged; undefined = not at all, as the cloud does. */
export interface BackendVerification {
	/** PEM of the authorities that may have signed it. */
	readonly ca: string;
	/** The name it must carry; undefined = any. */
	readonly servername: string | undefined;
}

/** What a listener binds. */
export interface Binding {
	readonly host: string;
	/** 0 asks for any free one. */
	readonly port: number;
	/** Tried in order when the port cannot be had. */
	readonly fallbackPorts: readonly number[];
	/** Whether a port that somebody holds is a reason to fall back, as a missing privilege always is. */
	readonly fallsBackWhenTaken: boolean;
}

/** One listener as the data plane runs it. */
export interface ListenerDescription extends ListenerPorts {
	readonly bind: Binding;
	/** Present on HTTPS and SSL listeners, absent on the others. */
	readonly certificate: PemPair | undefined;
	readonly tls: TlsSettings;
	/** Sends one PROXY v1 line at the start of each back-end connection (`ProxyProtocolPolicyType`). */
	readonly proxyProtocol: boolean;
	readonly verifyBackend: BackendVerification | undefined;
	/** HTTP and HTTPS only; undefined balances every request. */
	readonly stickiness: StickinessPolicy | undefined;
}

/** A rule and where it holds. */
export interface ScopedRule extends ListenerRule {
	/** The logical port of the one listener it belongs to; undefined: every HTTP and HTTPS listener. */
	readonly listener: number | undefined;
}

/** One registered back-end: a name and where each listener's traffic finds it. */
export interface BackendDescription {
	readonly name: string;
	readonly host: string;
	/** The one port all listeners' traffic goes to. */
	readonly port: number | undefined;
	/** Ports by the listener's back-end port. What is not in here and has no `port` uses the back-end port as it is. */
	readonly ports: ReadonlyMap<number, number>;
	/** Out of service until a probe has passed, as the cloud registers; otherwise it is in service from the start. */
	readonly startsPending?: boolean;
	/** A VM whose address nobody has declared: registered, and neither probed nor ever in service. */
	readonly undeclared?: boolean;
}

/** The whole description of one load balancer, as the data plane runs it. A value: nothing in it changes. */
export interface LoadBalancerDescription {
	readonly name: string;
	readonly dnsName: string;
	readonly listeners: readonly ListenerDescription[];
	/** In registration order, which is the order of round robin. */
	readonly backends: readonly BackendDescription[];
	readonly rules: readonly ScopedRule[];
	readonly healthCheck: HealthCheck;
	/** Whether a pending back-end needs `healthyThreshold` passes, as in the cloud, and not just one. */
	readonly faithfulHealth: boolean;
	/**
	 * How long what is in flight may go on at a back-end that is deregistered; undefined cuts it at once.
	 * AWS Classic ELB, connection draining: 1 to 3600 s, off through the API unless asked for.
	 */
	readonly drainMs: number | undefined;
	/** Adds `Secure` to cookies on HTTPS listeners, the back-ends' own included (OUTSCALE API 1.40, SecuredCookies). */
	readonly securedCookies: boolean;
	readonly timeouts: Timeouts;
	readonly retry: RetryPolicy;
	readonly upgrade: UpgradePolicy;
}

/** `idempotent`: RFC 9110 section 9.2.2; `never`: what Classic ELB is reported to do. */
export type RetryPolicy = 'idempotent' | 'never';

/** `tunnel`: WebSocket and other upgrades pass; `refuse`: as Classic ELB's HTTP listeners, which do not carry them. */
export type UpgradePolicy = 'tunnel' | 'refuse';

export interface Timeouts {
	/** No bytes either way, on either side. AWS Classic ELB: 60 s by default, 1 to 4000 s. */
	readonly idleMs: number;
	/** From the first byte of a request head to its last. */
	readonly headMs: number;
	/** To connect to one back-end, its TLS handshake included. */
	readonly connectMs: number;
	/** The TLS handshake of a client. */
	readonly handshakeMs: number;
}

/**
 * Idle 60 s: AWS Classic ELB, config-idle-timeout. Head 60 s: AWS Classic ELB, 408 of a slow client.
 * Connect 5 s: *guess*, AWS does not publish it. Handshake 10 s: upper bound of the TLS checklist.
 */
export const DEFAULT_TIMEOUTS: Timeouts = {idleMs: 60_000, headMs: 60_000, connectMs: 5000, handshakeMs: 10_000};

/** The port of `backend` that traffic of a listener with this back-end port goes to. */
export function portOfBackend(backend: BackendDescription, backendPort: number): number {
	return backend.ports.get(backendPort) ?? backend.port ?? backendPort;
}
