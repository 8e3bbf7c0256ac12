import type {Clock} from '../base/clock.ts';
import type {Revision} from '../base/revision.ts';
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
	/** A certificate of the emulator's authority that fits no name that is asked for. */
	readonly wrongCertificate?: () => PemPair;
	/** Advances with every change of what is shown of all load balancers. */
	readonly shown?: Revision;
	/** Numbers the exchanges of all load balancers. */
	readonly feed: TrafficFeed;
	/** How many exchanges each load balancer keeps, and how many bytes of each of their bodies. */
	readonly record: {readonly exchanges: number; readonly bodyBytes: number};
}
