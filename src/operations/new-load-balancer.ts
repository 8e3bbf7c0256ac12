import type {AccountLoadBalancer, Creation, Placement, Scheme} from '../model/account-load-balancer.ts';
import {DEFAULT_DRAINING_MS, NO_ACCESS_LOG} from '../model/account-load-balancer.ts';
import {defaultHealthCheck} from '../model/health-check.ts';
import type {Life} from '../model/life.ts';
import {DEFAULT_SETTINGS} from '../model/settings.ts';
import type {Context} from './context.ts';

/** What a load balancer has from its first moment, whoever creates it. */
export interface NewLoadBalancer {
	readonly name: string;
	readonly scheme: Scheme;
	readonly placement: Placement;
	readonly publicIp: AccountLoadBalancer['publicIp'];
	readonly life: Life;
	readonly creation: Creation;
}

/** A load balancer with nothing in it, and the defaults of the cloud. */
export function newLoadBalancer(given: NewLoadBalancer, {identifiers}: Context): AccountLoadBalancer {
	const {name, scheme} = given;
	return {
		// Not a spread first: V8 adds keys to a copy slowly, about 2 us each.
		dnsName: identifiers.dnsName(name, scheme === 'internal'),
		...given,
		listeners: [],
		healthCheck: defaultHealthCheck(80),
		accessLog: NO_ACCESS_LOG,
		logTarget: undefined,
		crossZone: false,
		desyncMode: 'defensive',
		drainingTimeoutMs: DEFAULT_DRAINING_MS,
		policies: [],
		backendPolicies: new Map(),
		tags: new Map(),
		backends: [],
		formerVms: [],
		...DEFAULT_SETTINGS,
		address: undefined,
		faults: [],
		source: {},
		isConfigured: false,
	};
}
