import {type Emulator, type EmulatorOptions, startEmulator} from '../../src/index.ts';
import type {Answered} from './outscale-house.ts';

/** The OUTSCALE API of an emulator, over its control port. */
export interface Api {
	/** Calls what must succeed. */
	ok(action: string, body?: object): Promise<Answered>;
	/** Calls what must be refused: `409 9013: Details`. */
	refusal(action: string, body?: object): Promise<string>;
	/** The load balancer of that name, as ReadLoadBalancers has it; undefined when there is none. */
	read(name: string): Promise<Answered | undefined>;
	/** `UP`, or `DOWN: Description`, of each VM. */
	health(name: string): Promise<Readonly<Record<string, string>>>;
	/** Reads the health until a VM is in service. */
	untilUp(name: string, vm: string): Promise<void>;
	/** Asks the emulator's own interface. */
	own(method: string, route: string, body?: object): Promise<Answered>;
}

export function apiAt(endpoint: string): Api {
	const send = async (method: string, path: string, body?: object) => {
		const json = body === undefined ? {} : {headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)};
		const response = await fetch(`${endpoint}${path}`, {method, ...json});
		return {status: response.status, text: await response.text()};
	};
	const api: Api = {
		async ok(action, body = {}) {
			const {status, text} = await send('POST', `/api/v1/${action}`, body);
			if (status !== 200) throw new Error(`${action}: ${status} ${text}`);
			return JSON.parse(text);
		},
		async refusal(action, body = {}) {
			const {status, text} = await send('POST', `/api/v1/${action}`, body);
			const {Errors: errors} = JSON.parse(text);
			return errors === undefined ? `${status}` : `${status} ${errors[0].Code}: ${errors[0].Details}`;
		},
		async read(name) {
			return (await api.ok('ReadLoadBalancers', {Filters: {LoadBalancerNames: [name]}}))['LoadBalancers'][0];
		},
		async health(name) {
			const {BackendVmHealth: all} = await api.ok('ReadVmsHealth', {LoadBalancerName: name});
			return Object.fromEntries(
				all.map(({VmId, State, Description}: Answered) => [VmId, State === 'UP' ? State : `${State}: ${Description}`]),
			);
		},
		async untilUp(name, vm) {
			for (let attempt = 0; attempt < 500; attempt++) if ((await api.health(name))[vm] === 'UP') return;
			throw new Error(`${vm} did not come in service: ${JSON.stringify(await api.health(name))}`);
		},
		async own(method, route, body) {
			const {status, text} = await send(method, `/_lb/${route}`, body);
			if (status !== 200) throw new Error(`${route}: ${status} ${text}`);
			return JSON.parse(text);
		},
	};
	return api;
}

/** An emulator with its API at hand. */
export async function startWithApi(
	t: {teardown(task: () => Promise<void>): void},
	options: EmulatorOptions = {},
): Promise<{readonly emulator: Emulator; readonly api: Api}> {
	const emulator = await startEmulator({port: 0, ...options});
	t.teardown(() => emulator.stop());
	return {emulator, api: apiAt(emulator.endpoint)};
}

/** What CreateLoadBalancer is asked for, with one HTTP listener unless others are given. */
export function newLoadBalancer(name: string, listeners: readonly object[] = [httpListener(80)]): object {
	return {LoadBalancerName: name, SubregionNames: ['eu-west-2a'], Listeners: listeners};
}

export function httpListener(port: number, backendPort = port): object {
	return {LoadBalancerPort: port, LoadBalancerProtocol: 'HTTP', BackendPort: backendPort, BackendProtocol: 'HTTP'};
}
