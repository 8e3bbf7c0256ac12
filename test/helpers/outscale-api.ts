import {eventually} from './patience.ts';

/** What tests look at in answers. */
export interface Answered {
	// biome-ignore lint/suspicious/noExplicitAny: an answer is JSON of many shapes, and a test says which it expects.
	readonly [key: string]: any;
}

/** The OUTSCALE API as tests call it, wherever it is: at a control port, or an `InMemoryOutscaleApi`. */
export abstract class OutscaleApi {
	/** Sends a body as it is, or an object as JSON: what is answered, whatever it is. */
	abstract send(action: string, body?: unknown): Promise<{readonly status: number; readonly body: string}>;

	/** Calls what must succeed: what the answer says. */
	async ok(action: string, body: unknown = {}): Promise<Answered> {
		const answer = await this.send(action, body);
		if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.body}`);
		return JSON.parse(answer.body);
	}

	/** Calls what must be refused: `409 9013: Details`. */
	async refusal(action: string, body: unknown = {}): Promise<string> {
		const answer = await this.send(action, body);
		const {Errors: errors} = JSON.parse(answer.body);
		return errors === undefined ? `${answer.status}` : `${answer.status} ${errors[0].Code}: ${errors[0].Details}`;
	}

	/** The load balancer of that name, as ReadLoadBalancers has it; undefined when there is none. */
	async read(name: string): Promise<Answered | undefined> {
		return (await this.ok('ReadLoadBalancers', {Filters: {LoadBalancerNames: [name]}}))['LoadBalancers'][0];
	}

	/** `UP`, or `DOWN: Description`, of each VM. */
	async health(name: string): Promise<Readonly<Record<string, string>>> {
		const {BackendVmHealth: all} = await this.ok('ReadVmsHealth', {LoadBalancerName: name});
		return Object.fromEntries(
			all.map(({VmId, State, Description}: Answered) => [VmId, State === 'UP' ? State : `${State}: ${Description}`]),
		);
	}

	/** Reads the health until a VM is in service. */
	untilUp(name: string, vm: string): Promise<void> {
		return eventually(async () => (await this.health(name))[vm] === 'UP', `${vm} in service`);
	}
}

/** The APIs at a control port: OUTSCALE's, and the emulator's own. */
export class ControlPortApi extends OutscaleApi {
	readonly #endpoint: string;

	constructor({endpoint}: {readonly endpoint: string}) {
		super();
		this.#endpoint = endpoint;
	}

	override send(action: string, body: unknown = {}) {
		return this.#fetch('POST', `/api/v1/${action}`, body);
	}

	/** Asks the emulator's own API, of what must succeed. */
	async own(method: string, route: string, body?: object): Promise<Answered> {
		const answer = await this.#fetch(method, `/_lb/${route}`, body);
		if (answer.status !== 200) throw new Error(`${route}: ${answer.status} ${answer.body}`);
		return JSON.parse(answer.body);
	}

	async #fetch(method: string, path: string, body: unknown) {
		const text = typeof body === 'string' ? body : JSON.stringify(body);
		const json = text === undefined ? {} : {headers: {'Content-Type': 'application/json'}, body: text};
		const response = await fetch(`${this.#endpoint}${path}`, {method, ...json});
		return {status: response.status, body: await response.text()};
	}
}

/** What CreateLoadBalancer is asked for in the public Cloud, with one HTTP listener unless others are given. */
export function newLoadBalancer(name: string, listeners: readonly object[] = [httpListener(80)]): object {
	return {LoadBalancerName: name, SubregionNames: ['eu-west-2a'], Listeners: listeners};
}

export function httpListener(port: number, backendPort = port): object {
	return {LoadBalancerPort: port, LoadBalancerProtocol: 'HTTP', BackendPort: backendPort, BackendProtocol: 'HTTP'};
}
