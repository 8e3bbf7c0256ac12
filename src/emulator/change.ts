import {EmulatorError} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import type {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import type {Services} from '../data-plane/services.ts';
import type {Moment} from '../model/life.ts';
import type {NormalisedBackend} from '../model/normalised.ts';
import type {Context, Operate} from '../operations/context.ts';
import type {openAccessLog} from './access-log.ts';
import type {ReadFaultRule} from './armed-fault.ts';
import type {GivenCertificate} from './listener-certificates.ts';
import type {ManagedLoadBalancer, SharedDependencies} from './managed-load-balancer.ts';
import type {Notices} from './notices.ts';
import type {ReadOptions} from './options.ts';

/** What the store needs of the emulator. */
export interface StoreDependencies extends SharedDependencies {
	readonly options: Pick<ReadOptions, 'host' | 'ports' | 'seed'>;
	/** What operations go by, as of this moment. */
	readonly context: () => Context;
	/** The part of that which says whether a deletion is over. */
	readonly moment: () => Moment;
	readonly services: Services;
	/** Binds what a load balancer that is new needs. */
	readonly prepareStart: typeof RunningLoadBalancer.prepareStart;
	readonly openAccessLog: typeof openAccessLog;
	/** Loads what validates the faults that `inject()` is given. */
	readonly faultReader: () => Promise<{readonly readFaultRule: ReadFaultRule}>;
	readonly notices: Notices;
	/** What `lb.update()` does. */
	readonly update: (loadBalancer: ManagedLoadBalancer, spec: unknown) => Promise<void>;
	/** What `lb.setCertificate()` does. */
	readonly setCertificate: (
		loadBalancer: ManagedLoadBalancer,
		port: number,
		certificate: GivenCertificate,
	) => Promise<void>;
}

/** What a failure is about: the listeners, the access log, or one back-end. */
export type FailingPart = 'listeners' | 'accessLog' | NormalisedBackend;

/** One change of the account, and how what runs follows. */
export interface Change<Result> {
	/** Run when the change is planned, and again on the account as it is when it is made. */
	readonly operation: Operate<Result>;
	/** Back-ends that from then on go on running when no load balancer holds them; undefined: as before. */
	readonly kept?: ReadonlySet<NormalisedBackend>;
	/**
	 * The back-ends that the library or the configuration gave a load balancer. Another load balancer may have others that
	 * are described alike: each goes on with its own.
	 */
	readonly ownBackends?: (loadBalancer: string) => readonly NormalisedBackend[];
	/** How many milliseconds what is in flight may go on at load balancers that go, by name; 0 unless said otherwise. */
	readonly drainMs?: ReadonlyMap<string, number>;
	/** Whether it is over only when nothing is left of the load balancers that go. */
	readonly waitsForRemoved?: boolean;
	/** Whether listeners take other ports where the command line's would be refused: the cloud would not refuse. */
	readonly yieldsPorts?: boolean;
	/** What stopping the handle of a load balancer that is new does; unless said otherwise it alone is stopped. */
	readonly stop?: (drainMs: number) => Promise<void>;
	/** Makes a failure say where in what was described it belongs. */
	readonly explain?: (error: unknown, part: FailingPart, loadBalancer: string) => unknown;
	/** Called at the moment it has been made. */
	readonly onCommit?: () => void;
}

/** A failure as it is reported, see {@link Change.explain}. */
export function explained(
	{explain}: Pick<Change<unknown>, 'explain'>,
	error: unknown,
	part: FailingPart,
	loadBalancer: string,
): unknown {
	return explain === undefined ? error : explain(error, part, loadBalancer);
}

export function nameTaken(name: string): EmulatorError<'NAME_TAKEN'> {
	return new EmulatorError('NAME_TAKEN', `There is a load balancer named ${quote(name)} already`, {
		hint: 'Give this one another name: `name` of a description, or its key in a configuration.',
	});
}

export function loadBalancerStopped(name: string): EmulatorError<'STOPPED'> {
	return new EmulatorError('STOPPED', `Load balancer "${name}" has been stopped`);
}

export function emulatorStopped(): EmulatorError<'STOPPED'> {
	return new EmulatorError('STOPPED', 'The emulator has been stopped');
}
