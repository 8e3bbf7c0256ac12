import {type Account, emptyAccount} from '../../src/model/account.ts';
import type {AccountListener, AccountLoadBalancer} from '../../src/model/account-load-balancer.ts';
import type {NormalisedAddress} from '../../src/model/normalised.ts';
import type {Context} from '../../src/operations/context.ts';
import {newLoadBalancer} from '../../src/operations/new-load-balancer.ts';
import {HandClock} from './hand-clock.ts';
import {MemoryStore} from './memory-store.ts';

/** What operations go by, at the beginning of time. */
export const CONTEXT: Context = new MemoryStore({clock: new HandClock()}).context();

/** One of your own servers on this machine. */
export function address(name: string, port: number): NormalisedAddress {
	return {kind: 'address', name, host: '127.0.0.1', port, ports: new Map()};
}

/** A listener of an account: HTTP to port 80 unless said otherwise. */
export function accountListener(port: number, more: Partial<AccountListener> = {}): AccountListener {
	return {
		protocol: 'http',
		port,
		backendProtocol: 'http',
		backendPort: 80,
		id: 1,
		certificateId: undefined,
		policies: [],
		certificate: undefined,
		tls: {minVersion: 'TLSv1.2', ciphers: undefined},
		proxyProtocol: false,
		verifyBackend: undefined,
		...more,
	};
}

/** A load balancer of an account: `web` with one HTTP listener unless said otherwise. */
export function accountLoadBalancer(more: Partial<AccountLoadBalancer> = {}): AccountLoadBalancer {
	const given = {
		name: more.name ?? 'web',
		scheme: 'internet-facing',
		placement: {kind: 'public', subregions: ['eu-west-2a'], securityGroups: []},
		publicIp: undefined,
		life: {phase: 'changing', sinceMs: 0},
		creation: {serial: 0, wallMs: 0, asked: undefined},
	} as const;
	return {...newLoadBalancer(given, CONTEXT), listeners: [accountListener(80)], ...more};
}

/** A VM as it is registered. */
export function registeredVm(id: string, isPending = false) {
	return {kind: 'vm', id, isPending} as const;
}

/** An account with these load balancers, and what else is given. */
export function accountWith(loadBalancers: readonly AccountLoadBalancer[], more: Partial<Account> = {}): Account {
	return {...emptyAccount(), loadBalancers: new Map(loadBalancers.map(each => [each.name, each])), ...more};
}
