import type {NormalisedFaultRule} from './fault.ts';
import type {HealthCheck} from './health-check.ts';
import type {Inventory} from './inventory.ts';
import type {ListenerPorts} from './listener.ts';
import type {PemPair, ScopedRule} from './resolved.ts';
import type {ListenerSettings, Settings} from './settings.ts';
import type {StickinessPolicy} from './stickiness-policy.ts';
import type {TlsDefect} from './tls-defect.ts';

/** Where a listener's certificate comes from. */
export type CertificateReference =
	/** The emulator's authority issues one; without names for the load balancer's DNS name and loopback. */
	| {readonly kind: 'issue'; readonly names?: readonly string[]}
	/** One of the configuration's `certificates`. */
	| {readonly kind: 'named'; readonly name: string}
	/** PEM text. Whether the key fits is for the certificates room to say. */
	| {readonly kind: 'pem'; readonly pair: PemPair};

/** A listener whose text has been read and whose defaults are filled in. */
export interface NormalisedListener extends ListenerSettings {
	readonly ports: ListenerPorts;
	/** Present on HTTPS and SSL listeners, absent on the others. */
	readonly certificate: CertificateReference | undefined;
	/** On HTTP and HTTPS listeners only; undefined = every request is balanced. */
	readonly stickiness: StickinessPolicy | undefined;
}

/**
 * What a fake back-end does with what it is sent. What it holds beside its kind, handlers included, is for
 * `fake-backends/` to read.
 */
export interface FakeBehaviour {
	readonly kind: 'echo' | 'reply' | 'har' | 'handler' | 'tcp' | 'socket';
}

/** What a fake back-end makes of a PROXY header, version 1 or 2, at the start of a connection. */
export type ProxyProtocolMode = 'off' | 'accept' | 'require';

/** The certificate of a fake back-end; names undefined = its own name, the DNS names of its load balancers, loopback. */
export interface NormalisedBackendTls {
	readonly names: readonly string[] | undefined;
	/** Whether clients are asked for a certificate; `require` = those without a trusted one are refused. */
	readonly clientAuth: boolean | 'require';
	/** PEM of the authorities that may have signed it; undefined = the emulator's own. */
	readonly clientCa: string | undefined;
	/** undefined = the certificate is a good one. */
	readonly defect: TlsDefect | undefined;
}

/** Your own server. */
export interface NormalisedAddress {
	readonly kind: 'address';
	readonly name: string;
	readonly host: string;
	/** The one port all traffic goes to; undefined = the listener's back-end port as it is. */
	readonly port: number | undefined;
	/** Ports by the listener's back-end port; they come before `port`. */
	readonly ports: ReadonlyMap<number, number>;
}

export interface NormalisedFake {
	readonly kind: 'fake';
	readonly name: string;
	readonly behaviour: FakeBehaviour;
	/** undefined = plain; `detect` = TLS when the first byte is a TLS record's, plain otherwise. */
	readonly tls: NormalisedBackendTls | 'detect' | undefined;
	readonly proxyProtocol: ProxyProtocolMode;
}

/** A shell command that is started with `PORT` in its environment. */
export interface NormalisedCommand {
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
export interface NormalisedUndeclared {
	readonly kind: 'undeclared';
	readonly name: string;
}

export type NormalisedBackend = NormalisedAddress | NormalisedFake | NormalisedCommand | NormalisedUndeclared;

/**
 * Where access log lines go. Paths are as written until `readConfigFile` has resolved them; an empty prefix is none.
 * The interval is OUTSCALE's `PublicationInterval`.
 */
export type NormalisedAccessLog =
	| {readonly kind: 'file'; readonly file: string}
	| {readonly kind: 'folder'; readonly folder: string; readonly prefix: string; readonly intervalMinutes: 5 | 60};

/** A load balancer whose every part has been validated and whose defaults are filled in. */
export interface NormalisedLoadBalancer extends Settings {
	readonly name: string;
	/** What the user wrote, name and all: an update changes some of its keys and has the whole validated again. */
	readonly source: Readonly<Record<string, unknown>>;
	/** Whether it is reached from inside its Net only, which shows in its DNS name. Through a cloud API alone. */
	readonly internal: boolean;
	/** The loopback address to bind; undefined = the emulator's host. */
	readonly address: string | undefined;
	readonly listeners: readonly NormalisedListener[];
	/** In registration order. A back-end that two load balancers of a configuration share is one and the same object. */
	readonly backends: readonly NormalisedBackend[];
	/** Names of back-ends that a cloud API registered: they start out of service until a probe has passed. */
	readonly pendingBackends: ReadonlySet<string>;
	readonly healthCheck: HealthCheck;
	/** As written; what they name is registered. */
	readonly rules: readonly ScopedRule[];
	/** undefined = none is written. */
	readonly accessLog: NormalisedAccessLog | undefined;
	/** Armed before the first connection. */
	readonly faults: readonly NormalisedFaultRule[];
}

/** A certificate of the configuration. The paths of `files` are as written until `readConfigFile` has resolved them. */
export type NormalisedCertificate =
	| {readonly kind: 'issue'; readonly names: readonly string[]; readonly key: 'ec' | 'rsa'}
	| {readonly kind: 'files'; readonly cert: string; readonly key: string; readonly chain: string | undefined};

/** Whose answers the ELB and IAM APIs give where two clouds differ. */
export type ApiDialect = 'outscale' | 'aws';

/** The control port, its defaults filled in. The path of `accessLogs` is as written until `readConfigFile` has resolved it. */
export interface NormalisedControl {
	readonly host: string;
	/** 0 = any free one; undefined = the program's choice. */
	readonly port: number | undefined;
	readonly names: readonly string[];
	/** Secret keys by access key; undefined = any signature is taken. */
	readonly credentials: ReadonlyMap<string, string> | undefined;
	readonly dialect: ApiDialect | undefined;
	readonly strict: boolean;
	readonly lifecycleMs: number;
	readonly faithfulHealth: boolean;
	readonly accessLogs: string | undefined;
}

/** What exists in the account. */
export interface NormalisedAccount {
	readonly id: string | undefined;
	readonly region: string | undefined;
	readonly inventory: Inventory;
}

/** A configuration whose every part has been validated. Maps keep the order of the file. */
export interface NormalisedConfig {
	readonly control: NormalisedControl;
	readonly account: NormalisedAccount;
	/** What VM ids mean. */
	readonly vms: ReadonlyMap<string, NormalisedBackend>;
	readonly certificates: ReadonlyMap<string, NormalisedCertificate>;
	/** By each name that a load balancer may use: `app-1` holds one, and `app` with a count of 2 holds both of its own. */
	readonly backends: ReadonlyMap<string, readonly NormalisedBackend[]>;
	readonly loadBalancers: ReadonlyMap<string, NormalisedLoadBalancer>;
}
