import type {Scheme} from '../model/account-load-balancer.ts';
import type {Protocol} from '../model/listener.ts';

/** What both APIs call the protocols of listeners, and OUTSCALE's those of health checks. */
export const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
	['HTTP', 'http'],
	['HTTPS', 'https'],
	['TCP', 'tcp'],
	['SSL', 'ssl'],
]);

/** `LoadBalancerType` of the OUTSCALE API, `Scheme` of the ELB API. */
export const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
	['internet-facing', 'internet-facing'],
	['internal', 'internal'],
]);
