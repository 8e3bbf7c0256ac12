import {bannerLines} from '../banner.ts';
import type {CommandContext} from '../command-context.ts';
import {ControlClient} from '../control-client.ts';
import {EXIT} from '../exit-codes.ts';
import {findEndpoint} from '../find-endpoint.ts';
import {type RunningState, readRunningState} from '../running-state.ts';
import {columns, type Paint, printable} from '../text.ts';

export interface StatusOptions {
	readonly endpoint?: string;
	/** Waits for an instance that is starting. */
	readonly wait?: boolean;
	readonly json?: boolean;
	/** Shows it as a configuration that describes the same. */
	readonly config?: boolean;
}

/**
 * Shows what the running instance runs.
 *
 * @throws EmulatorError `USAGE`, `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`
 */
export async function status(
	{endpoint, wait: waits = false, json = false, config = false}: StatusOptions,
	{output}: CommandContext,
): Promise<number> {
	const client = new ControlClient(await findEndpoint({given: endpoint, waits}));
	if (config) return (await import('./status-config.ts')).statusConfig(client, {json}, output);
	const {json: whole, state} = await readRunningState(client);
	if (json) output.data(JSON.stringify(whole));
	else for (const line of statusLines(state, output.paintData)) output.data(line);
	return EXIT.ok;
}

function statusLines(state: RunningState, paint: Paint): string[] {
	const {version, endpoint, clock, loadBalancers, vms, notices, warnings} = state;
	const lines = [`lb-local ${printable(version)} at ${printable(endpoint)}`];
	if (clock.kind === 'manual') lines.push(`the clock is manual; it is ${printable(clock.now)}`);
	if (loadBalancers.length === 0) lines.push('', paint('warning', 'no load balancers'));
	lines.push(...bannerLines({loadBalancers: loadBalancers.map(asInLibrary)}, paint));
	if (vms.length > 0) lines.push('', paint('name', 'VMs'));
	for (const row of columns(vms.map(({id, address}) => [printable(id), printable(address)]))) lines.push(`  ${row}`);
	if (notices.length + warnings.length > 0) lines.push('');
	for (const notice of notices) lines.push(`${paint('name', 'note:')} ${printable(notice, 1000)}`);
	for (const warning of warnings) lines.push(`${paint('warning', 'warning:')} ${printable(warning, 1000)}`);
	return lines;
}

/** Converts it to the shape that the library has. */
function asInLibrary({listeners, backends, ...rest}: RunningState['loadBalancers'][number]) {
	return {
		...rest,
		backends: backends.map(({lastProbe, ...backend}) => ({...backend, health: {lastProbe}})),
		listeners: listeners.map(({certificate, ...listener}) =>
			certificate === undefined
				? listener
				: {...listener, certificate: {...certificate, notAfter: new Date(certificate.notAfter)}},
		),
	};
}
