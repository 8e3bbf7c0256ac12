import * as v from 'valibot';
import {quote} from '../../base/quote.ts';
import type {CommandContext} from '../command-context.ts';
import {ControlClient, strangerAt} from '../control-client.ts';
import {EXIT, usageError} from '../exit-codes.ts';
import {findEndpoint} from '../find-endpoint.ts';
import {printable} from '../text.ts';

export interface SetOptions {
	readonly endpoint?: string;
	readonly json?: boolean;
}

const healthAnswer = v.object({
	health: v.array(v.object({state: v.string(), reason: v.exactOptional(v.string()), operator: v.string()})),
});

/**
 * Takes a back-end of the running instance in or out of service, or leaves it to the probes.
 *
 * @param target `<load-balancer>/<back-end>`
 * @throws EmulatorError `USAGE`, `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`, `NO_SUCH_LOAD_BALANCER`, `NO_SUCH_BACKEND`
 */
export async function setHealth(
	target: string,
	state: string,
	options: SetOptions,
	{output}: CommandContext,
): Promise<number> {
	// A back-end's name may contain a slash; a load balancer's cannot.
	const [, loadBalancer, backend] = /^([^/]+)\/(.+)$/s.exec(target) ?? [];
	if (loadBalancer === undefined || backend === undefined) {
		throw usageError(
			`${quote(target)} does not name a back-end of a load balancer; write <load-balancer>/<back-end>`,
			'lb-local set health web/app-1 OutOfService; `lb-local status` shows their names.',
		);
	}
	const client = new ControlClient(await findEndpoint({given: options.endpoint}));
	const json = await client.post('/_lb/health', {loadBalancer, backend, state});
	const read = v.safeParse(healthAnswer, json);
	const [entry] = read.success ? read.output.health : [];
	if (entry === undefined) throw strangerAt(client.endpoint);
	const why = entry.reason === undefined ? '' : ` (${entry.reason})`;
	const who = entry.operator === 'auto' ? ', by its probes' : ', by hand';
	output.data(options.json === true ? JSON.stringify(json) : printable(`${target} is ${entry.state}${who}${why}`));
	return EXIT.ok;
}

/**
 * Tells the running instance the address of a VM of the cloud.
 *
 * @throws EmulatorError `USAGE`, `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`, `INVALID_DESCRIPTION`
 */
export async function setVm(
	id: string,
	address: string,
	options: SetOptions,
	{output}: CommandContext,
): Promise<number> {
	const client = new ControlClient(await findEndpoint({given: options.endpoint}));
	const json = await client.post('/_lb/vms', {id, address});
	output.data(options.json === true ? JSON.stringify(json) : printable(`${id} is at ${address}`));
	return EXIT.ok;
}
