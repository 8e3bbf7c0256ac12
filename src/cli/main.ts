#!/usr/bin/env node
import {EXIT} from './exit-codes.ts';
import {catchSignals} from './interruption.ts';
import {processOutput} from './output.ts';
import {runProgram} from './program.ts';

const interruption = catchSignals(code => process.exit(code));
const output = processOutput(interruption.interrupt);

// Only a mistake of ours gets here; it is told like any failure, and ends the process.
process.on('uncaughtException', error => {
	output.fail(error);
	process.exit(EXIT.failed);
});

process.exitCode = await runProgram(process.argv.slice(2), {output, interruption});
