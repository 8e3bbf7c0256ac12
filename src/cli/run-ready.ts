import {hasCode, messageOf} from '../base/errors.ts';
import {type ReadyOptions, ready} from './commands/ready.ts';
import {exitCodeOf} from './exit-codes.ts';

/**
 * `lb-local ready` with options that are understood; anything else, and what goes wrong, is for the whole command line,
 * which knows the help, the spelling of options and how errors are shown.
 */
const options = readOptions(process.argv.slice(3));
if (options === undefined) void import('./run-process.ts');
else {
	ready(options, {data: line => process.stdout.write(`${line}\n`)}).then(
		code => {
			process.exitCode = code;
		},
		(error: unknown) => {
			const hint = hasHint(error) ? `\nhint: ${error.hint}` : '';
			process.stderr.write(`error: ${messageOf(error)}${hint}\n`);
			process.exitCode = exitCodeOf(error);
		},
	);
}

function hasHint(error: unknown): error is {readonly hint: string} {
	return error instanceof Error && 'hint' in error && typeof error.hint === 'string' && !hasCode(error, 'BUG');
}

function readOptions(args: readonly string[]): ReadyOptions | undefined {
	const read: {endpoint?: string; timeout?: string; settled?: boolean; quiet?: boolean} = {};
	const left = [...args];
	for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
		const [, name, attached] = /^--(endpoint|timeout)(?:=(.*))?$/s.exec(arg) ?? [];
		if (name === 'endpoint' || name === 'timeout') {
			const value = attached ?? left.shift();
			if (value === undefined || value === '') return undefined;
			read[name] = value;
		} else if (arg === '--settled') read.settled = true;
		else if (arg === '--quiet' || arg === '-q') read.quiet = true;
		else return undefined;
	}
	return read;
}
