import type {Clock} from '../base/clock.ts';
import type {ReadBuffers} from './read-buffers.ts';
import type {SecureContexts} from './tls-settings.ts';

/** What all load balancers of one emulator share. */
export interface Services {
	readonly clock: Clock;
	readonly buffers: ReadBuffers;
	readonly contexts: SecureContexts;
	/** What identifiers that must be the same in every run are made from. */
	readonly seed: number;
	/** How many exchanges each load balancer keeps, and how many bytes of each of their bodies. */
	readonly record: {readonly exchanges: number; readonly bodyBytes: number};
}
