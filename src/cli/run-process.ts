import {EXIT} from './exit-codes.ts';
import {catchSignals} from './interruption.ts';
import {processOutput} from './output.ts';
import {runProgram} from './program.ts';
import {findTerminal} from './terminal.ts';

/** How long a reader that takes nothing is waited for, once the process is asked to end. A guess: a busy machine's pause. */
const PATIENCE_MS = 1000;

const terminal = findTerminal();
const interruption = catchSignals(leave);
const output = processOutput(interruption.interrupt);

/** Ends the process at once. */
function leave(code: number): void {
	// A write that another thread waits for would keep `exit` waiting, too.
	if (output.isStuck) process.kill(process.pid, 'SIGKILL');
	terminal.letGo();
	process.exit(code);
}

// Node writes its warnings itself, and would wait for a terminal that is stopped. It does not listen if it is to be silent.
if (process.listenerCount('warning') > 0) {
	process.removeAllListeners('warning').on('warning', ({name, message, stack}) => {
		output.say(process.execArgv.includes('--trace-warnings') ? String(stack) : `${name}: ${message}`);
	});
}

// Only a mistake of ours gets here; it is told like any failure, and ends the process.
process.on('uncaughtException', error => {
	output.fail(error);
	void output.end(PATIENCE_MS).finally(() => leave(EXIT.failed));
});

async function run(): Promise<void> {
	const code = await runProgram(process.argv.slice(2), {output, interruption});
	// What a command prints is waited for as long as its reader takes; who interrupts does not want to wait.
	await output.end(interruption.isInterrupted ? PATIENCE_MS : undefined);
	leave(output.hasFailed ? EXIT.failed : code);
}

// The command line is bundled as CommonJS, which has no top-level await.
void run();
