import type {Duplex} from 'node:stream';
import type {CertificateNames, LoadBalancerSpec} from '../configuration/spec.ts';
import type {ArmedFault, Fault, FaultRule} from '../model/fault.ts';
import type {Health, OperatorSetting, ServiceState} from '../model/health.ts';
import type {PemPair} from '../model/resolved.ts';
import type {Advice} from '../observability/advice/advice.ts';
import type {Exchange} from '../observability/exchange.ts';
import type {Traffic} from '../observability/journal.ts';
import type {ConnectOptions} from './client.ts';
import type {EmulatorClock} from './clock.ts';

/** The certificate authority whose certificates the emulator's listeners and fake back-ends show. */
export interface CertificateAuthority {
	/** Its own certificate, PEM. */
	readonly pem: string;
	/** A file that holds it, for `curl --cacert` and the like; it is removed when the emulator stops. */
	readonly file: string;
}

/** One listener as it runs. */
export interface ListenerStatus {
	/** `https:443 -> http:80` */
	readonly spec: string;
	/** The port that was written. */
	readonly port: number;
	readonly host: string;
	/** The port that was bound. */
	readonly boundPort: number;
	readonly certificate?: {
		readonly names: readonly string[];
		readonly notAfter: Date;
		readonly fingerprint256: string;
		readonly warnings: readonly string[];
	};
}

/** One registered back-end as it is. */
export interface BackendStatus {
	readonly name: string;
	readonly kind: string;
	readonly address: string;
	readonly state: ServiceState;
	/** Why it is out of service, in the cloud's words. */
	readonly reason?: string;
	/** What the operator asked for with `setHealth()`. */
	readonly operator: OperatorSetting;
	/** Requests and connections that are with it. */
	readonly inFlight: number;
	/** What the probes say, whatever the operator asked for: counters, the last probe, the changes so far. */
	readonly health: Health;
}

/** A back-end in the hands of a test. */
export interface Backend {
	readonly name: string;
	/** Where it is reached without the load balancer. */
	readonly url: string;
	/** A fake back-end's own certificate, when it has one. */
	readonly certificate: {readonly pem: string; readonly fingerprint: string} | undefined;
	/** What this load balancer has sent it. */
	readonly received: readonly Exchange[];
	/** Refuses connections for real (ECONNREFUSED), and cuts the open ones. @throws EmulatorError `NOT_OURS` for an address. */
	stop(): Promise<void>;
	/** Listens again, on the same port. @throws EmulatorError `STOPPED` when its load balancer is gone. */
	start(): Promise<void>;
	/**
	 * Has a fake back-end itself fail until what is returned is disposed (`using`): whoever asks, health checks too. Without
	 * an argument an HTTP fake answers 503 to everything, and another one resets its connections. It takes `{status}`,
	 * `{latency}`, `{reset: true}`, `{close: true}`, `{refuse: true}` and `{blackhole: true}`; a reset, a close and a
	 * refusal also cut what is open. What began last counts; a reset of the emulator ends all.
	 *
	 * @throws EmulatorError `NOT_OURS` for an address or a command, `INVALID_DESCRIPTION`, `STOPPED`
	 */
	fail(how?: Fault): Disposable;
}

/** One load balancer that runs. */
export interface LoadBalancer extends AsyncDisposable {
	readonly name: string;
	/** As the cloud would name it: `web-123456789.eu-west-2.lbu.outscale.com`. Only `fetch` finds it by this name. */
	readonly dnsName: string;
	readonly listeners: readonly ListenerStatus[];
	readonly backends: readonly BackendStatus[];
	readonly traffic: Traffic;
	readonly ca: CertificateAuthority;
	/** Its emulator's control port: `http://127.0.0.1:8089`. Empty where none was opened. */
	readonly endpoint: string;
	/** What works here and will surprise elsewhere: expired certificates and the like. */
	readonly warnings: readonly string[];
	/**
	 * What works here, or fails, and will bite in production, found in the traffic so far: each once, with the cause, the
	 * fix and what proves it; its `count` goes on. `emulator.reset()` forgets it.
	 */
	readonly advice: readonly Advice[];
	/** @throws EmulatorError `NO_SUCH_BACKEND` */
	backend(name: string): Backend;
	/** The bound port of the listener with this logical port. @throws EmulatorError `NO_SUCH_LISTENER`, `STOPPED` */
	port(logical: number): number;
	/**
	 * The address of a path at the first listener, with the bound port: for any client on this machine.
	 *
	 * @throws EmulatorError `NO_SUCH_LISTENER`, `STOPPED`
	 */
	url(path?: string): string;
	/**
	 * As the global `fetch`, and it trusts the authority. A path goes to the first listener, by its DNS name; of a full
	 * URL the port chooses the listener.
	 *
	 * @throws EmulatorError `NO_SUCH_LISTENER`, `STOPPED`
	 */
	fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
	/**
	 * A connection to the listener with this logical port; TLS on HTTPS and SSL listeners unless said otherwise.
	 *
	 * @throws EmulatorError `NO_SUCH_LISTENER`, `CONNECTION_CLOSED`, `STOPPED`
	 */
	connect(port: number, options?: ConnectOptions): Promise<Duplex>;
	/**
	 * Shows another certificate on the HTTPS or SSL listener with this logical port, from the next handshake on. What is
	 * open goes on undisturbed; who resumes a TLS session of before shakes hands in full, and sees the new certificate.
	 *
	 * @param certificate a name out of the configuration's `certificates`, PEM text, or the names to issue one for.
	 * @throws EmulatorError `NO_SUCH_LISTENER`, `STOPPED`, `INVALID_DESCRIPTION` with all that is wrong with the
	 * certificate; the old one stays then.
	 */
	setCertificate(port: number, certificate: string | PemPair | CertificateNames): Promise<void>;
	/** The state of each registered back-end, by name. Set with {@link setHealth}. */
	readonly health: Readonly<Record<string, ServiceState>>;
	/** The time this load balancer goes by: its emulator's. */
	readonly clock: EmulatorClock;
	/**
	 * Takes a back-end in or out of service at once, whatever the probes say; `auto` leaves it to them again.
	 *
	 * @throws EmulatorError `NO_SUCH_BACKEND`, `STOPPED`, `INVALID_DESCRIPTION` for another state.
	 */
	setHealth(backend: string, state: OperatorSetting): void;
	/**
	 * Arms a fault: what it hits from now on goes wrong. `using fault = lb.inject(…)` removes it at the end of the block.
	 * It stays through updates and reloads, and goes at a reset.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation, or the reason why it could never fire; `STOPPED`
	 */
	inject(rule: FaultRule): ArmedFault;
	/** What is armed, described faults included. */
	readonly faults: readonly ArmedFault[];
	/**
	 * Probes every back-end now, one probe after the other, until the thresholds have decided. On a manual clock a
	 * back-end that hangs waits for its timeout: move the clock meanwhile.
	 *
	 * @throws EmulatorError `HEALTH_UNDECIDED` when the results of a back-end go on alternating, `STOPPED` when the load
	 * balancer has been stopped, or is meanwhile.
	 */
	settle(): Promise<void>;
	/**
	 * Deregisters a back-end. It gets nothing new; what is in flight may go on for the load balancer's `draining`, and is
	 * cut then, or at once where there is none. Resolves when nothing is left at it. A fake back-end goes on running.
	 *
	 * @throws EmulatorError `NO_SUCH_BACKEND`, `STOPPED`
	 */
	drain(backend: string): Promise<void>;
	/**
	 * Changes what is given, and leaves everything else as it is: listeners that do not change keep their port and their
	 * connections, back-ends their health. Back-ends that leave drain. Resolves when new ports are bound.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation, `PORT_UNAVAILABLE`, `COMMAND_FAILED`, `STOPPED`;
	 * then nothing has changed.
	 */
	update(spec: Partial<LoadBalancerSpec>): Promise<void>;
	/**
	 * Stops at once; resolves when the ports are free and nothing is left. Stopping twice is stopping once. Traffic, health
	 * and back-ends can still be read; what changes the load balancer, reaches it or waits for it, is `STOPPED`.
	 */
	stop(): Promise<void>;
}
