import type {EventEmitter} from 'node:events';
import type {Agent} from 'node:https';
import type {LoadBalancerSpec} from '../configuration/spec.ts';
import type {FaultEvent} from '../control-plane/admin/live.ts';
import type {LoggedCall} from '../control-plane/call-log.ts';
import type {HealthChange} from '../data-plane/services.ts';
import type {ArmedFault, FaultRule} from '../model/fault.ts';
import type {Advice} from '../observability/advice/advice.ts';
import type {Exchange} from '../observability/exchange.ts';
import type {Reloaded} from '../operations/configure.ts';
import type {EmulatorClock} from './clock.ts';
import type {CertificateAuthority, LoadBalancer} from './load-balancer.ts';
import type {Notice} from './notices.ts';

/** What an emulator emits while it runs. */
export interface EmulatorEvents {
	/** The cloud's API has been called, through the control port. */
	call: [call: Call];
	/** An exchange has ended, at whichever load balancer. */
	exchange: [exchange: Exchange];
	/** The probes have brought a back-end in service, or taken it out. */
	health: [change: HealthChange];
	/** There is something new to know: what `warnings` and `notices` list. */
	notice: [notice: Notice];
	/** Advice was said for the first time: what `lb.advice` lists. */
	advice: [advice: Advice];
	/** A fault was armed or removed, or fires: the latter ten times a second at most, whatever the number of hits. */
	fault: [fault: FaultEvent];
	/** A back-end that was deregistered through the control port has nothing in flight any more. */
	drained: [backend: {readonly loadBalancer: string; readonly backend: string}];
	/** Somebody asks for a stop: `POST /_lb/stop` at the control port, which is refused while nobody listens. */
	stop: [];
}

/** One call of the cloud's API. */
export type Call = LoggedCall;

/** Any number of load balancers, the back-ends and certificates they share, and the authority that signs for them. */
export interface Emulator extends AsyncDisposable {
	readonly ca: CertificateAuthority;
	readonly loadBalancers: readonly LoadBalancer[];
	/** What works here and will surprise elsewhere: expired certificates and the like. */
	readonly warnings: readonly string[];
	/** Ports that could not be had, and what was taken instead. */
	readonly notices: readonly string[];
	readonly events: EventEmitter<EmulatorEvents>;
	/** What every health check, timeout and expiry goes by. */
	readonly clock: EmulatorClock;
	/** The control port: `http://127.0.0.1:8089`. Empty where none was opened. */
	readonly endpoint: string;
	/**
	 * The proxy by which other programs reach `https://<dnsName>/`, for `HTTPS_PROXY`: the control port, which leads a
	 * CONNECT to the bound port. Empty where none was opened.
	 */
	readonly proxyUrl: string;
	/** The latest calls of the cloud's API, oldest first; `unread` names the fields that had no effect. */
	readonly calls: readonly Call[];
	/** The faults that are armed for the cloud's API, in the order in which they were armed. */
	readonly faults: readonly ArmedFault[];
	/**
	 * Arms a fault of the cloud's API, `on: 'api'`: calls fail as each cloud says it, or take long. It goes when it is
	 * removed, and at {@link reset}. Faults of traffic are armed at a load balancer.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation, also for what can never fire; `STOPPED`
	 */
	inject(rule: FaultRule): ArmedFault;
	/**
	 * For `https.request()` and clients over it: reaches `https://<dnsName>/`, and names in certificates, at the bound
	 * port, without a control port. Certificates are verified, with the authority and what the listeners show trusted.
	 * Other names fail with `NO_SUCH_LOAD_BALANCER` unless `proxyUnknown: 'tunnel'`. The same one at each call.
	 */
	agent(): Agent;
	/** Environment variables that point the cloud's clients here. */
	env(): Record<string, string>;
	/**
	 * Puts everything back to what the configuration says: what was made or changed in other ways is gone, traffic and
	 * calls are forgotten, faults of the cloud's API are removed. Load balancers that are as the configuration has them go on running.
	 *
	 * @throws EmulatorError what kept it from being carried out, `STOPPED`.
	 */
	reset(): Promise<void>;
	/**
	 * This emulator as one of several who share it sees it, such as one worker of a test runner: load balancers that are
	 * made here have names that begin with `prefix` and a hyphen, and only those are listed, reset and stopped; `create()`
	 * and `get()` take their names without it. Everything else is shared: the control port, the clock, the calls, the
	 * authority, certificates and back-ends of the configuration.
	 *
	 * @param prefix 1 to 30 of `A-Z a-z 0-9 -`; names have at most 32 characters in all.
	 * @throws EmulatorError `INVALID_DESCRIPTION`
	 */
	scope(prefix: string): Emulator;
	/**
	 * Starts one more load balancer.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation, `NAME_TAKEN`, `PORT_UNAVAILABLE`,
	 * `COMMAND_FAILED`, `STOPPED`; then nothing of it is left running.
	 */
	create(spec: LoadBalancerSpec): Promise<LoadBalancer>;
	/** @throws EmulatorError `NO_SUCH_LOAD_BALANCER`, `STOPPED` */
	get(name: string): LoadBalancer;
	/**
	 * Goes on in new files of the same names, after whoever rotates access logs has renamed the old ones. Nothing is lost.
	 *
	 * @throws EmulatorError `ACCESS_LOG_UNWRITABLE` when one of them cannot be made; it goes on in its old one then.
	 * `STOPPED`
	 */
	reopenAccessLogs(): Promise<void>;
	/** Absolute paths of the files that its configuration consists of, its certificates' too; none without a file. */
	readonly configFiles: readonly string[];
	/**
	 * Reads and validates its configuration again, as a whole, and carries out what differs from what it said before: load
	 * balancers, certificates and back-ends that come, change and go. Everything else goes on undisturbed, what was made
	 * or changed in other ways included. Changes that are asked for meanwhile wait.
	 *
	 * @returns what was different.
	 * @throws EmulatorError `CONFIG_NOT_FOUND`, `CONFIG_INVALID`, `INVALID_DESCRIPTION` with every violation, or what kept
	 * the change from being carried out: `PORT_UNAVAILABLE`, `COMMAND_FAILED`, `ACCESS_LOG_UNWRITABLE`, `NAME_TAKEN`,
	 * `STOPPED`; then everything is as it was.
	 */
	reload(): Promise<Reloaded>;
	/**
	 * Stops everything. What is in flight may finish for `drainMs`, 0 unless said otherwise; a second call with less
	 * time cuts it sooner. Resolves when the ports are free and nothing is left.
	 */
	stop(options?: {readonly drainMs?: number}): Promise<void>;
}
