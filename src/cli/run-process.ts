import {takeDetachedLog} from './detached-log.ts';
import {EXIT} from './exit-codes.ts';
import {catchSignals} from './interruption.ts';
import {processOutput} from './output.ts';
import {runProgram} from './program.ts';
import {findTerminal} from './terminal.ts';

/**
 * How long to wait for a reader that takes nothing, once the process is to end. A guess: the pause of a busy machine.
 */
const SLOW_READER_MS = 1000;

const terminal = findTerminal();
const interruption = catchSignals(leave);
const detachedLog = takeDetachedLog();
const output = processOutput(interruption.interrupt, detachedLog);

/** Ends the process at once. */
function leave(code: number): void {
	// `exit` would wait for a write that blocks in another thread.
	if (output.isStuck) process.kill(process.pid, 'SIGKILL');
	terminal.release();
	process.exit(code);
}

// Node writes its warnings itself, and would wait for a stopped terminal. Without a listener of Node, warnings are
// disabled.
if (process.listenerCount('warning') > 0) {
	process.removeAllListeners('warning').on('warning', ({name, message, stack}) => {
		output.say(process.execArgv.includes('--trace-warnings') ? String(stack) : `${name}: ${message}`);
	});
}

// Only a bug of ours gets here; it is reported as any failure, and ends the process.
process.on('uncaughtException', error => {
	output.fail(error);
	void output.end(SLOW_READER_MS).finally(() => leave(EXIT.failed));
});

async function run(): Promise<void> {
	const code = await runProgram(process.argv.slice(2), {output, interruption, isDetached: detachedLog !== undefined});
	// The output may take as long as its reader needs, but not after an interruption.
	await output.end(interruption.isInterrupted ? SLOW_READER_MS : undefined);
	leave(output.hasFailed ? EXIT.failed : code);
}

// The command line is bundled as CommonJS, which has no top-level await.
void run();
