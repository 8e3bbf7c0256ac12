import type {Clock} from '../base/clock.ts';
import type {Revision} from '../base/revision.ts';
import type {ArmedFault, FaultChange} from '../model/fault.ts';
import type {Transition} from '../model/health.ts';
import type {PemPair} from '../model/resolved.ts';
import type {Advice} from '../observability/advice/advice.ts';
import type {TrafficFeed} from '../observability/traffic-feed.ts';
import type {ReadBuffers} from './sockets/read-buffers.ts';
import type {ReadTurns} from './sockets/read-turns.ts';
import type {SecureContexts} from './sockets/tls-settings.ts';

/** A back-end has come in service or gone out of it, as its probes say. */
export interface HealthChange {
	readonly loadBalancer: string;
	readonly backend: string;
	readonly transition: Transition;
}

/** A fault as far as it is told of; always the same object for one fault. */
export type ToldFault = Pick<ArmedFault, 'id' | 'text' | 'hits'>;

/** What all load balancers of one emulator share. */
export interface Services {
	readonly clock: Clock;
	readonly buffers: ReadBuffers;
	readonly readTurns: ReadTurns;
	readonly contexts: SecureContexts;
	/** What identifiers that must be the same in every run are made from. */
	readonly seed: number;
	/** Called on each change; it must not throw. */
	readonly onHealthChange: (change: HealthChange) => void;
	/** Called with each piece of advice that is said for the first time; it must not throw. */
	readonly onAdvice: (advice: Advice) => void;
	/** Called when a fault of a load balancer is armed, removed, or fires; it must not throw. */
	readonly onFault?: (change: FaultChange, fault: ToldFault, loadBalancer: string) => void;
	/** A certificate of the emulator's authority that fits no name that is asked for. */
	readonly wrongCertificate?: () => PemPair;
	/** Advances with every change of what is shown of all load balancers. */
	readonly shown?: Revision;
	/** Numbers the exchanges of all load balancers. */
	readonly feed: TrafficFeed;
	/** How many exchanges each load balancer keeps, and how many bytes of each of their bodies. */
	readonly record: {readonly exchanges: number; readonly bodyBytes: number};
}
