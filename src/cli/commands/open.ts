import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {messageOf} from '../../base/errors.ts';
import {type Opener, openerFor} from '../browser.ts';
import type {CommandContext} from '../command-context.ts';
import {ControlClient} from '../control-client.ts';
import {EXIT} from '../exit-codes.ts';
import {findEndpoint} from '../find-endpoint.ts';
import {readRunningState} from '../running-state.ts';
import {printable} from '../text.ts';

export interface OpenOptions {
	readonly endpoint?: string;
	/** Waits for an instance that is starting. */
	readonly wait?: boolean;
	/** Prints the address alone. */
	readonly print?: boolean;
}

/**
 * Prints the address of the page that shows what the running instance runs, and opens it where there is a browser.
 *
 * @throws EmulatorError `USAGE`, `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`
 */
export async function open(
	{endpoint: given, wait: waits = false, print = false}: OpenOptions,
	context: CommandContext,
) {
	const endpoint = await findEndpoint({given, waits});
	// Nothing is opened of another program.
	await readRunningState(new ControlClient(endpoint));
	const page = `${endpoint}/_lb/`;
	context.output.data(page);
	if (print) return EXIT.ok;
	const failure = await failureOf(openerFor(page, process.platform, process.env));
	if (failure !== undefined) context.output.say(`${failure}; open the address in one yourself`);
	return EXIT.ok;
}

/** @returns why no browser was started. */
async function failureOf(opener: Opener | undefined): Promise<string | undefined> {
	if (opener === undefined) return 'there is no browser here';
	const {program, args} = opener;
	const child = spawn(program, args, {stdio: 'ignore', detached: true});
	try {
		await once(child, 'spawn');
	} catch (error) {
		return `no browser could be started: ${printable(messageOf(error))}`;
	}
	// It stays when this process has ended.
	child.unref();
	return undefined;
}
