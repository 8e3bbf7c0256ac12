import {AssertionError} from 'node:assert';
import type {ExecutionContext} from 'ava';
import {type EmulatorOptions, type LoadBalancer, type LoadBalancerSpec, startLoadBalancer} from '../../src/index.ts';

/** A load balancer for assertions: plain HTTP and the back-ends a and b unless said otherwise. */
export async function startAsserted(
	t: ExecutionContext,
	spec: Partial<LoadBalancerSpec> & EmulatorOptions = {},
): Promise<LoadBalancer> {
	const lb = await startLoadBalancer({name: 'web', listeners: ['http:80'], backends: 2, ...spec});
	t.teardown(() => lb.stop());
	return lb;
}

/** Sends requests one after the other, each until its answer is whole. */
export async function visit(lb: LoadBalancer, ...targets: readonly string[]): Promise<void> {
	for (const target of targets) await (await lb.fetch(target)).arrayBuffer();
}

/** The `AssertionError` that an assertion throws, with `operator` as its name. */
export function failureOf(t: ExecutionContext, assertion: () => void): AssertionError {
	const error: unknown = t.throws(assertion, {instanceOf: AssertionError, code: 'ERR_ASSERTION'});
	if (!(error instanceof AssertionError)) throw error;
	return error;
}
