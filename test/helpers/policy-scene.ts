import type {ExecutionContext} from 'ava';
import {systemClock} from '../../src/base/clock.ts';
import {RunningLoadBalancer} from '../../src/data-plane/running-load-balancer.ts';
import type {ResolvedListener} from '../../src/model/resolved.ts';
import type {Exchange} from '../../src/observability/exchange.ts';
import {checkOf} from './probing.ts';
import {HTTP_LISTENER, resolvedBackend, resolvedLoadBalancer, servicesOf} from './running-pieces.ts';

/** A load balancer with one listener that runs, whose policies a test changes. */
export interface PolicyScene {
	/** The port that is bound. */
	readonly port: number;
	/** Makes it another listener on the same port, as a change of its policies does. */
	change(more: Partial<ResolvedListener>): Promise<void>;
	/** Resolves with the next exchange that ends. */
	next(): Promise<Exchange>;
	/** Probes until the thresholds have decided. */
	settle(): Promise<unknown>;
	/** The names of the back-ends in service. */
	inService(): string[];
}

/** @param backendPort where the one back-end listens; undefined: there is none. */
export async function startWithPolicies(
	t: ExecutionContext,
	listener: Partial<ResolvedListener>,
	backendPort?: number,
	healthCheck = checkOf('TCP:80'),
): Promise<PolicyScene> {
	const backends = backendPort === undefined ? [] : [resolvedBackend('a', backendPort)];
	const describe = (more: Partial<ResolvedListener>) =>
		resolvedLoadBalancer({listeners: [{...HTTP_LISTENER, ...listener, ...more}], backends, healthCheck});
	const running = await RunningLoadBalancer.start(describe({}), servicesOf(systemClock));
	t.teardown(() => running.stop(0));
	return {
		port: running.listeners[0]?.bound.port ?? 0,
		change: more => running.update(describe(more)),
		next: () => running.journal.next(),
		settle: () => running.settle(),
		inService: () => running.backends.filter(backend => backend.inService).map(({name}) => name),
	};
}
