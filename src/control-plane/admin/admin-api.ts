import type {Duration} from '../../base/duration.ts';
import type {TrustLines} from '../../certificates/trust-lines.ts';
import type {Config} from '../../configuration/spec.ts';
import type {ArmedFault} from '../../model/fault.ts';
import type {OperatorSetting} from '../../model/health.ts';
import type {Reloaded} from '../../operations/configure.ts';
import type {LiveSource} from './live.ts';
import type {Counted} from './metrics.ts';
import type {AdminState, VmAddress} from './state.ts';
import type {RecordedTraffic} from './traffic.ts';

/**
 * What the emulator's own interface asks of whatever runs the load balancers. Where one of these throws an
 * `EmulatorError`, its code, message and hint are the answer, and nothing has changed.
 */
export interface AdminApi {
	/** Whether clients can come now. The health of back-ends does not count: without any, the answer is 503. */
	readiness(): Readiness;
	/** All but what the control port knows itself. */
	state(): Omit<AdminState, 'endpoint' | 'revision'>;
	/** What is described at the moment, as a configuration that describes the same; it has no private and no secret key. */
	config(): Promise<Config>;
	/**
	 * Puts a configuration in place of all that is described: what differs changes.
	 *
	 * @param config of unknown shape, such as `config()` has told.
	 * @returns what was different.
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation, or what kept it from being carried out.
	 */
	restore(config: unknown): Promise<Reloaded>;
	/**
	 * Puts everything back to what the configuration says, or the load balancers and certificates whose names begin with a
	 * prefix and a hyphen.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` for a prefix that no name can have.
	 */
	reset(prefix?: string): Promise<void>;
	/** @throws EmulatorError `NO_SUCH_LOAD_BALANCER`, `NO_SUCH_BACKEND` */
	setHealth(loadBalancer: string, backend: string, state: OperatorSetting): void | Promise<void>;
	/** Says where a VM is; load balancers that it is registered with follow. */
	setVm(vm: VmAddress): void | Promise<void>;
	/** Forgets where a VM is. @returns whether anybody had said so. */
	removeVm(id: string): boolean | Promise<boolean>;
	/** What the load balancers have recorded. */
	traffic(): readonly RecordedTraffic[];
	/** What the load balancers have counted. */
	counted(): readonly Counted[];
	/** What happens, as it happens. */
	readonly live: LiveSource;
	/**
	 * Deregisters a back-end; an event tells when nothing is in flight at it any more.
	 *
	 * @returns how many exchanges are in flight at it.
	 * @throws EmulatorError `NO_SUCH_LOAD_BALANCER`, `NO_SUCH_BACKEND`, `STOPPED`
	 */
	drain(loadBalancer: string, backend: string): Promise<number>;
	/** @throws EmulatorError `NO_SUCH_LOAD_BALANCER`, `NO_SUCH_BACKEND`, `NOT_OURS`, and why it could not be started */
	switchBackend(loadBalancer: string, backend: string, action: 'start' | 'stop'): Promise<void>;
	/** @throws EmulatorError `CLOCK_NOT_MANUAL` */
	advanceClock(by: Duration): Promise<void>;
	/** What is armed, load balancer by load balancer, and then for the cloud's API. */
	faults(): readonly PlacedFault[];
	/**
	 * Arms a fault.
	 *
	 * @param loadBalancer undefined: for the cloud's API.
	 * @throws EmulatorError `NO_SUCH_LOAD_BALANCER`, `INVALID_DESCRIPTION` with every violation, `STOPPED`
	 */
	inject(loadBalancer: string | undefined, rule: unknown): ArmedFault | Promise<ArmedFault>;
	/** Asks whoever runs it to stop it; undefined where that is a program that stops it by itself, such as a test. */
	readonly askToStop: (() => void) | undefined;
	/** The certificate of the authority that signs for the listeners, PEM. */
	readonly authorityPem: string;
	/** How clients are pointed here, and made to trust what is issued here. */
	connection(): Promise<Connection>;
}

/** What clients on this machine are told, as `GET /_lb/connect` answers it. */
export interface Connection {
	/** The variables that point the cloud's clients here. No configured key is in it. */
	readonly env: Readonly<Record<string, string>>;
	/** The authority that signs what is issued here. */
	readonly authority: {
		/** The absolute path of its certificate, PEM, on the machine that lb-local runs on. */
		readonly file: string;
		readonly fingerprint256: string;
		/** ISO 8601, UTC. */
		readonly notAfter: string;
	};
	/** As `lb-local trust` prints them, for this authority. */
	readonly trust: readonly TrustLines[];
	/** The variables of `env`, as a POSIX shell sets them. */
	readonly exports: readonly string[];
	/** A line of a POSIX shell for each listener, which sends something to it. */
	readonly listeners: readonly {readonly loadBalancer: string; readonly port: number; readonly line: string}[];
}

/** What there is to wait for before clients can come. */
export interface Readiness {
	/** Whether a stop has begun. */
	readonly isStopping: boolean;
	/** Back-ends that have had no verdict yet: `web/app-1`. */
	readonly undecided: readonly string[];
}

/** An armed fault, and what it is armed for. */
export interface PlacedFault {
	/** Undefined: the cloud's API. */
	readonly loadBalancer: string | undefined;
	readonly fault: ArmedFault;
}
