import type {Emulator} from '../../src/index.ts';

/** What the OUTSCALE API answered. */
export interface CloudAnswer {
	readonly status: number;
	// biome-ignore lint/suspicious/noExplicitAny: tests look into it, and fail where it is not what they expect.
	readonly body: any;
}

/** Calls the OUTSCALE API of an emulator over its control port. */
export async function call({endpoint}: Pick<Emulator, 'endpoint'>, action: string, body: object = {}) {
	const response = await fetch(`${endpoint}/api/v1/${action}`, {method: 'POST', body: JSON.stringify(body)});
	const answer: CloudAnswer = {status: response.status, body: await response.json()};
	return answer;
}

/** As `call`, for what must succeed: what the answer says. */
export async function done(
	emulator: Pick<Emulator, 'endpoint'>,
	action: string,
	body: object = {},
): Promise<CloudAnswer['body']> {
	const answer = await call(emulator, action, body);
	if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${JSON.stringify(answer.body)}`);
	return answer.body;
}

/** The request that creates a load balancer in the public Cloud, with one HTTP listener unless told otherwise. */
export function creation(name: string, listeners: readonly object[] = [HTTP]): object {
	return {LoadBalancerName: name, SubregionNames: ['eu-west-2a'], Listeners: listeners};
}

const HTTP = {LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP', BackendPort: 8080};
