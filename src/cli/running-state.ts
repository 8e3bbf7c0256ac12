import * as v from 'valibot';
import {type ControlClient, strangerAt} from './control-client.ts';

/** The shown part of `AdminState` (control-plane/admin/state.ts); a later version may have more fields. */
const listener = v.object({
	spec: v.string(),
	port: v.number(),
	host: v.string(),
	boundPort: v.number(),
	certificate: v.exactOptional(
		v.object({names: v.array(v.string()), notAfter: v.string(), fingerprint256: v.string()}),
	),
});
const backend = v.object({
	name: v.string(),
	kind: v.string(),
	address: v.string(),
	state: v.string(),
	reason: v.exactOptional(v.string()),
	operator: v.string(),
	running: v.exactOptional(v.boolean()),
	lastProbe: v.exactOptional(v.object({target: v.string(), result: v.string()})),
});
const running = v.object({
	version: v.string(),
	pid: v.number(),
	endpoint: v.string(),
	region: v.string(),
	credentials: v.picklist(['any', 'verified']),
	clock: v.object({kind: v.string(), now: v.string()}),
	loadBalancers: v.array(
		v.object({
			name: v.string(),
			dnsName: v.string(),
			state: v.string(),
			listeners: v.array(listener),
			backends: v.array(backend),
		}),
	),
	vms: v.array(v.object({id: v.string(), address: v.string()})),
	notices: v.array(v.string()),
	warnings: v.array(v.string()),
});

/** The part of a state that the command line shows. */
export type RunningState = v.InferOutput<typeof running>;

/**
 * Reads the state of a running instance.
 *
 * @returns the state unchanged, for programs, and parsed, for people.
 * @throws EmulatorError `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`
 */
export async function readRunningState(client: ControlClient): Promise<{json: unknown; state: RunningState}> {
	const json = await client.get('/_lb/state');
	const read = v.safeParse(running, json);
	if (!read.success) throw strangerAt(client.endpoint);
	return {json, state: read.output};
}
