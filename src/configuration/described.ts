import type {Surroundings} from '../model/estate.ts';
import type {HealthCheck} from '../model/health-check.ts';
import type {ListenerPorts} from '../model/listener.ts';
import type {PemPair, RetryPolicy, ScopedRule, Timeouts, TlsSettings, UpgradePolicy} from '../model/load-balancer.ts';
import type {StickinessPolicy} from '../model/stickiness-policy.ts';
import type {EchoBackend, HandlerBackend, ProxyProtocolMode, ReplyBackend, SocketBackend, TcpBackend} from './spec.ts';

/** Where a listener's certificate comes from. */
export type CertificateReference =
	/** The emulator's authority issues one; without names for the load balancer's DNS name and loopback. */
	| {readonly kind: 'issue'; readonly names?: readonly string[]}
	/** One of the configuration's `certificates`. */
	| {readonly kind: 'named'; readonly name: string}
	/** PEM text. Whether the key fits is for the certificates room to say. */
	| {readonly kind: 'pem'; readonly pair: PemPair};

/** A listener whose text has been read and whose defaults are filled in. */
export interface DescribedListener {
	readonly ports: ListenerPorts;
	/** Present on HTTPS and SSL listeners, absent on the others. */
	readonly certificate: CertificateReference | undefined;
	readonly tls: TlsSettings;
	readonly proxyProtocol: boolean;
	/** On HTTP and HTTPS listeners only; undefined = every request is balanced. */
	readonly stickiness: StickinessPolicy | undefined;
	/** undefined = the back-ends' certificates are not verified. `authority` = the emulator's own is trusted. */
	readonly verifyBackend:
		| {readonly ca: 'authority' | (string & {}); readonly servername: string | undefined}
		| undefined;
}

/** What a fake back-end does with what it is sent. */
export type FakeBehaviour = EchoBackend | ReplyBackend | HandlerBackend | TcpBackend | SocketBackend;

/** The certificate of a fake back-end; names undefined = its own name, the DNS names of its load balancers, loopback. */
export interface DescribedBackendTls {
	readonly names: readonly string[] | undefined;
	readonly clientAuth: boolean;
}

/** Your own server. */
export interface DescribedAddress {
	readonly kind: 'address';
	readonly name: string;
	readonly host: string;
	/** The one port all traffic goes to; undefined = the listener's back-end port as it is. */
	readonly port: number | undefined;
	/** Ports by the listener's back-end port; they come before `port`. */
	readonly ports: ReadonlyMap<number, number>;
}

export interface DescribedFake {
	readonly kind: 'fake';
	readonly name: string;
	readonly behaviour: FakeBehaviour;
	/** undefined = plain; `detect` = TLS when the first byte is a TLS record's, plain otherwise. */
	readonly tls: DescribedBackendTls | 'detect' | undefined;
	readonly proxyProtocol: ProxyProtocolMode;
}

/** A shell command that is started with `PORT` in its environment. */
export interface DescribedCommand {
	readonly kind: 'command';
	readonly name: string;
	readonly run: string;
	/** The port it listens on; undefined = a free one. */
	readonly port: number | undefined;
}

/**
 * A VM id that came through a cloud API and that nobody declared: registered, never in service, never probed. Its health
 * reason says how to declare it: under `vms` in the configuration, or with `lb-local set vm i-… host:port`.
 */
export interface DescribedUndeclared {
	readonly kind: 'undeclared';
	readonly name: string;
}

export type DescribedBackend = DescribedAddress | DescribedFake | DescribedCommand | DescribedUndeclared;

/**
 * Where access log lines go. Paths are as written until `readConfigFile` has resolved them; an empty prefix is none.
 * The interval is OUTSCALE's `PublicationInterval`.
 */
export type DescribedAccessLog =
	| {readonly kind: 'file'; readonly file: string}
	| {readonly kind: 'folder'; readonly folder: string; readonly prefix: string; readonly intervalMinutes: 5 | 60};

/** A load balancer whose every part has been judged and whose defaults are filled in. */
export interface DescribedLoadBalancer {
	readonly name: string;
	/** What the user wrote, name and all: an update changes some of its keys and has the whole judged again. */
	readonly source: Readonly<Record<string, unknown>>;
	/** Whether it is reached from inside its Net only, which shows in its DNS name. Through a cloud API alone. */
	readonly internal: boolean;
	/** The loopback address to bind; undefined = the emulator's host. */
	readonly address: string | undefined;
	readonly listeners: readonly DescribedListener[];
	/** In registration order. A back-end that two load balancers of a configuration share is one and the same object. */
	readonly backends: readonly DescribedBackend[];
	/** Names of back-ends that a cloud API registered: they start out of service until a probe has passed. */
	readonly pendingBackends: ReadonlySet<string>;
	readonly healthCheck: HealthCheck;
	readonly faithfulHealth: boolean;
	/** As written; what they name is registered. */
	readonly rules: readonly ScopedRule[];
	/** undefined = what is in flight at a back-end that is deregistered is cut at once. */
	readonly drainMs: number | undefined;
	readonly securedCookies: boolean;
	/** undefined = none is written. */
	readonly accessLog: DescribedAccessLog | undefined;
	readonly timeouts: Timeouts;
	readonly retry: RetryPolicy;
	readonly upgrade: UpgradePolicy;
}

/** A certificate of the configuration. The paths of `files` are as written until `readConfigFile` has resolved them. */
export type DescribedCertificate =
	| {readonly kind: 'issue'; readonly names: readonly string[]; readonly key: 'ec' | 'rsa'}
	| {readonly kind: 'files'; readonly cert: string; readonly key: string; readonly chain: string | undefined};

/** The control port, its defaults filled in. The path of `accessLogs` is as written until `readConfigFile` has resolved it. */
export interface DescribedControl {
	readonly host: string;
	/** 0 = any free one; undefined = the program's choice. */
	readonly port: number | undefined;
	readonly names: readonly string[];
	/** Secret keys by access key; undefined = any signature is taken. */
	readonly credentials: ReadonlyMap<string, string> | undefined;
	readonly strict: boolean;
	readonly lifecycleMs: number;
	readonly faithfulHealth: boolean;
	readonly accessLogs: string | undefined;
}

/** What exists in the account. */
export interface DescribedAccount {
	readonly id: string | undefined;
	readonly region: string | undefined;
	readonly surroundings: Surroundings;
}

/** A configuration whose every part has been judged. Maps keep the order of the file. */
export interface DescribedConfig {
	readonly control: DescribedControl;
	readonly account: DescribedAccount;
	/** What VM ids mean. */
	readonly vms: ReadonlyMap<string, DescribedBackend>;
	readonly certificates: ReadonlyMap<string, DescribedCertificate>;
	/** By each name that a load balancer may use: `app-1` holds one, and `app` with a count of 2 holds both of its own. */
	readonly backends: ReadonlyMap<string, readonly DescribedBackend[]>;
	readonly loadBalancers: ReadonlyMap<string, DescribedLoadBalancer>;
}
