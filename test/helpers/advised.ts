import type {IncomingMessage, ServerResponse} from 'node:http';
import type {ExecutionContext} from 'ava';
import {
	createAuthority,
	type EmulatorOptions,
	type LoadBalancer,
	type LoadBalancerSpec,
	startLoadBalancer,
} from '../../src/index.ts';

/** One authority for a test file: making one for each test would only cost time. */
export const authority = createAuthority();

/** A load balancer that is stopped after the test; one plain HTTP listener on port 80 unless said otherwise. */
export async function advised(
	t: Pick<ExecutionContext, 'teardown'>,
	spec: Partial<LoadBalancerSpec & EmulatorOptions>,
): Promise<LoadBalancer> {
	// A busy machine takes more than the usual 5 s to connect.
	const lb = await startLoadBalancer({authority, listeners: ['http:80'], connectTimeout: '1m', ...spec});
	t.teardown(() => lb.stop());
	return lb;
}

/** A back-end `app` that answers with these fields. */
export function answering(status: number, headers: Record<string, string | string[]> = {}) {
	return handled((_, response) => void response.writeHead(status, headers).end());
}

/** A back-end `app` with this handler. */
export function handled(handler: (request: IncomingMessage, response: ServerResponse) => void) {
	return {kind: 'handler' as const, name: 'app', handler};
}

/** What has been said, in short: the code, what it is about, how sure it is, how often it was seen. */
export function said({advice}: Pick<LoadBalancer, 'advice'>): string[] {
	return advice.map(({code, backend = '', listener = '', certainty, count}) =>
		[code, `${backend}:${listener}`, certainty, count].join(' '),
	);
}
