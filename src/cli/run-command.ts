import {spawn} from 'node:child_process';
import {constants} from 'node:os';
import {codeOf, EmulatorError, messageOf} from '../base/errors.ts';
import {type Watched, watchProcess} from '../base/parent-watcher.ts';
import {quote} from '../base/quote.ts';
import {isInForeground} from './foreground.ts';
import type {Interruption} from './interruption.ts';
import type {Output} from './output.ts';

export interface CommandOptions {
	readonly env: NodeJS.ProcessEnv;
	readonly interruption: Pick<Interruption, 'passTo'>;
	readonly output: Pick<Output, 'fail'>;
}

/** The exit codes of a shell: POSIX.1-2024, Shell Command Language, 2.8.2. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const BY_SIGNAL = 128;

/** Signals that a key sends to the whole foreground of a terminal: Ctrl-C and Ctrl-\\. */
const OF_KEYS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
/** Those that `Interruption` does not listen to. SIGUSR1 is Node's own. */
const OTHERS: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGQUIT', 'SIGUSR2'];

/**
 * Runs a command to its end, in this process's group and with its standard streams, and passes signals to it. One that
 * a key sends has reached the command already, and is not sent again.
 *
 * @returns its exit code; 128 and the number of the signal that ended it; 127 when it is not found, 126 when it cannot
 * be executed.
 */
export async function runCommand(
	[program = '', ...args]: readonly string[],
	{env, interruption, output}: CommandOptions,
): Promise<number> {
	let send = (_: NodeJS.Signals): void => {};
	const take = (signal: NodeJS.Signals): void => {
		if (!(OF_KEYS.includes(signal) && isInForeground())) send(signal);
	};
	// First, so that no signal finds the command without the one who passes it on.
	const endPassing = interruption.passTo(take);
	for (const signal of OTHERS) process.on(signal, take);
	let watched: Watched | undefined;
	try {
		return await new Promise<number>((resolve, reject) => {
			const child = spawn(program, args, {env, stdio: 'inherit'});
			send = signal => void child.kill(signal);
			// Without the load balancers it would be of no use.
			if (child.pid !== undefined) watched = watchProcess(child.pid);
			child.once('error', reject);
			// Not `close`: what it has started may go on and hold its streams.
			child.once('exit', (code, signal) => resolve(code ?? BY_SIGNAL + constants.signals[signal ?? 'SIGKILL']));
		});
	} catch (error) {
		const isMissing = program === '' || codeOf(error) === 'ENOENT';
		output.fail(notRun(program, isMissing ? 'there is no such command' : messageOf(error), error));
		return isMissing ? NOT_FOUND : NOT_EXECUTABLE;
	} finally {
		// The folder of the authority is watched until later, so this takes no time.
		void watched?.release();
		endPassing();
		for (const signal of OTHERS) process.off(signal, take);
	}
}

function notRun(program: string, why: string, cause: unknown): EmulatorError<'COMMAND_NOT_RUN'> {
	return new EmulatorError('COMMAND_NOT_RUN', `Cannot run ${quote(program)}: ${why}`, {cause});
}
