import type {NormalisedFaultRule} from './fault.ts';
import type {HealthCheck} from './health-check.ts';
import type {ListenerPorts} from './listener.ts';
import type {ListenerRule} from './listener-rule.ts';
import type {BackendRules} from './policy.ts';
import type {Negotiation} from './security-policies.ts';
import type {ListenerSettings, Settings} from './settings.ts';
import type {StickinessPolicy} from './stickiness-policy.ts';

export type {RetryPolicy, Timeouts, TlsSettings, TlsVersion, UpgradePolicy} from './settings.ts';
export {DEFAULT_TIMEOUTS} from './settings.ts';

/** PEM text of a certificate and its private key, and of the certificates between it and its root. */
export interface PemPair {
	/** The leaf; the chain may follow it in the same text. */
	readonly cert: string;
	readonly key: string;
	/** Issuer first, concatenated. */
	readonly chain?: string | undefined;
}

/** How the certificate of a re-encrypting listener's back-ends is validated; undefined = not at all, as the cloud does. */
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
export interface ResolvedListener extends ListenerPorts, Omit<ListenerSettings, 'verifyBackend'> {
	readonly bind: Binding;
	/** Present on HTTPS and SSL listeners, absent on the others. */
	readonly certificate: PemPair | undefined;
	readonly verifyBackend: BackendVerification | undefined;
	/** HTTP and HTTPS only; undefined balances every request. */
	readonly stickiness: StickinessPolicy | undefined;
	/** What a policy says of TLS with clients, in place of `tls`; undefined: nothing. */
	readonly negotiation: Negotiation | undefined;
	/** What the policies of its back-end port say, beside its own `proxyProtocol` and `verifyBackend`. */
	readonly backendRules: BackendRules;
}

/** A rule and where it holds. */
export interface ScopedRule extends ListenerRule {
	/** The logical port of the one listener it belongs to; undefined: every HTTP and HTTPS listener. */
	readonly listener: number | undefined;
}

/** One registered back-end: a name and where each listener's traffic finds it. */
export interface ResolvedBackend {
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
export interface ResolvedLoadBalancer extends Settings {
	readonly name: string;
	readonly dnsName: string;
	readonly listeners: readonly ResolvedListener[];
	/** In registration order, which is the order of round robin. */
	readonly backends: readonly ResolvedBackend[];
	readonly rules: readonly ScopedRule[];
	/** What is armed as long as it is described; none unless said otherwise. */
	readonly faults?: readonly NormalisedFaultRule[];
	readonly healthCheck: HealthCheck;
}

/** The port of `backend` that traffic of a listener with this back-end port goes to. */
export function portOfBackend(backend: ResolvedBackend, backendPort: number): number {
	return backend.ports.get(backendPort) ?? backend.port ?? backendPort;
}

/** Whether each connection to a back-end begins with a line of the PROXY protocol. */
export function sendsProxyLine({
	proxyProtocol,
	backendRules,
}: Pick<ResolvedListener, 'proxyProtocol' | 'backendRules'>): boolean {
	return proxyProtocol || backendRules.sendsProxyLine;
}

/** Whether connections to back-ends that are made for the one listener may serve the other: their policies ask for the same. */
export function dialAlike({backendRules: one}: ResolvedListener, {backendRules: other}: ResolvedListener): boolean {
	return (
		one.sendsProxyLine === other.sendsProxyLine &&
		String(one.publicKeys?.toSorted()) === String(other.publicKeys?.toSorted())
	);
}

/**
 * Whether connections of the one listener may go on under the other, as far as policies of back-end ports do not matter.
 * Its certificate and its SSL negotiation policy concern handshakes alone.
 */
export function serveAlike(one: ResolvedListener, other: ResolvedListener): boolean {
	return (
		one.protocol === other.protocol &&
		one.backendProtocol === other.backendProtocol &&
		one.backendPort === other.backendPort &&
		one.proxyProtocol === other.proxyProtocol &&
		one.tls.minVersion === other.tls.minVersion &&
		one.tls.ciphers === other.tls.ciphers &&
		one.verifyBackend?.ca === other.verifyBackend?.ca &&
		one.verifyBackend?.servername === other.verifyBackend?.servername
	);
}
