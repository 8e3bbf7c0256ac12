import {EmulatorError, type Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import type {Authority} from '../certificates/authority.ts';
import type {Services} from '../data-plane/services.ts';
import type {NormalisedBackend, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {Exchange} from '../observability/exchange.ts';
import type {BackendHouse} from './backend-house.ts';
import type {UsableCertificate} from './certificates.ts';
import type {EmulatorClock} from './clock.ts';
import type {Entry} from './entry.ts';
import type {Refuse} from './listener-certificates.ts';
import type {CertificateAuthority} from './load-balancer.ts';
import type {ReadOptions} from './options.ts';

/** What all load balancers of one emulator share. */
export interface Household {
	readonly options: Pick<ReadOptions, 'host' | 'ports' | 'seed'>;
	/** The name that a load balancer is told to have. */
	readonly dnsNameOf: (described: Pick<NormalisedLoadBalancer, 'name' | 'internal'>) => string;
	/** Whose load balancers they are, as the configuration said at the start. */
	readonly account: () => {readonly id: string; readonly region: string};
	readonly authority: Authority;
	readonly ca: CertificateAuthority;
	/** The control port, as it is when it is asked for. */
	readonly endpoint: () => string;
	readonly clock: EmulatorClock;
	readonly services: Services;
	readonly house: BackendHouse;
	readonly warnings: string[];
	readonly notices: string[];
	readonly onExchange: (exchange: Exchange) => void;
	/** What `lb.update()` does. */
	readonly update: (entry: Entry, spec: unknown) => Promise<void>;
}

/** What a failure is about: the name, the listeners, the access log, or one back-end. */
export type FailingPart = 'name' | 'listeners' | 'accessLog' | NormalisedBackend;

/** A load balancer as it is to be. */
export interface Wanted {
	readonly described: NormalisedLoadBalancer;
	/** Where it stands in what was described, for violations. */
	readonly path?: Violation['path'];
	readonly refuse?: Refuse;
	/** Whether one of this name must not be there yet. */
	readonly isNew?: boolean;
	/** Whether the configuration describes it. */
	readonly isConfigured?: boolean;
	/** Whether its listeners take other ports where the command line's would be refused: the cloud would not refuse. */
	readonly yieldsPorts?: boolean;
	/** What stopping its handle does; unless said otherwise it alone is stopped. */
	readonly stop?: (drainMs: number) => Promise<void>;
	/** Makes a failure say where in what was described it belongs. */
	readonly explain?: (error: unknown, part: FailingPart) => unknown;
}

/** What is to become of a fleet. */
export interface Change {
	readonly wanted: readonly Wanted[];
	/** Names of those that are to go, and how many milliseconds what is in flight at them may go on. */
	readonly unwanted?: ReadonlyMap<string, number>;
	/** What listeners may name from then on. */
	readonly known?: ReadonlyMap<string, UsableCertificate>;
	/** Back-ends that from then on go on running when no load balancer holds them. */
	readonly kept?: ReadonlySet<NormalisedBackend>;
	/** Called at the moment it has been made, before anybody else's. */
	readonly onCommit?: () => void;
}

/** What a change needs to know of the fleet. */
export interface FleetView {
	readonly household: Household;
	readonly entries: ReadonlyMap<string, Entry>;
	readonly known: ReadonlyMap<string, UsableCertificate>;
	/** Aborts, with an error as its reason, when the change has become pointless. */
	readonly signal: AbortSignal;
	readonly currentlyKnown: () => ReadonlyMap<string, UsableCertificate>;
	readonly leave: (entry: Entry, drainMs: number) => Promise<void>;
	readonly inTurn: (name: string, task: () => Promise<void>) => Promise<void>;
}

/** A failure as it is told, see {@link Wanted.explain}. */
export function explained({explain}: Wanted, error: unknown, part: FailingPart): unknown {
	return explain === undefined ? error : explain(error, part);
}

export function nameTaken(name: string): EmulatorError<'NAME_TAKEN'> {
	return new EmulatorError('NAME_TAKEN', `There is a load balancer named ${quote(name)} already`, {
		hint: 'Give this one another name: `name` of a description, or its key in a configuration.',
	});
}
