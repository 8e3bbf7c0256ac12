import {EmulatorError, hasCode, messageOf} from '../base/errors.ts';
import {type Paint, paintFor} from './text.ts';

/** Where the command line writes: data for programs on one stream, prose for people on the other. */
export interface Output {
	/** Writes one line of data to stdout. */
	data(line: string): void;
	/** Writes a line of prose to stderr. */
	say(line: string): void;
	warn(message: string): void;
	/** Tells of a failure: what happened and what to do next, and never a stack trace unless DEBUG asks for it. */
	fail(error: unknown): void;
	readonly paintData: Paint;
	readonly paintProse: Paint;
}

/**
 * The output of this process.
 *
 * @param onReaderGone called once when nobody reads stdout any more, as after `lb-local up | head -1`.
 */
export function processOutput(onReaderGone: () => void): Output {
	const paintProse = paintFor(process.stderr);
	let isReaderGone = false;
	process.stdout.on('error', error => {
		if (isReaderGone) return;
		isReaderGone = true;
		if (!hasCode(error, 'EPIPE')) process.stderr.write(`${paintProse('bad', 'error:')} ${messageOf(error)}\n`);
		onReaderGone();
	});
	// Who closed stderr does not want to hear of it.
	process.stderr.on('error', () => {});
	const say = (line: string): void => {
		process.stderr.write(`${line}\n`);
	};
	return {
		data: line => {
			if (!isReaderGone) process.stdout.write(`${line}\n`);
		},
		say,
		warn: message => say(`${paintProse('warning', 'warning:')} ${message}`),
		fail: error => {
			say(`${paintProse('bad', 'error:')} ${messageOf(error)}`);
			const hint = hintOf(error);
			if (hint !== undefined) say(`${paintProse('name', 'hint:')} ${hint}`);
			if (wantsTrace() && error instanceof Error) say(error.stack ?? '');
		},
		paintData: paintFor(process.stdout),
		paintProse,
	};
}

function hintOf(error: unknown): string | undefined {
	if (error instanceof EmulatorError) return error.hint;
	if (typeof error === 'object' && error !== null && 'hint' in error && typeof error.hint === 'string')
		return error.hint;
	// Ours are all of one class; anything else is a mistake of ours.
	return 'this is a bug of lb-local; DEBUG=lb-local shows where, for a report.';
}

function wantsTrace(): boolean {
	const {DEBUG = ''} = process.env;
	return DEBUG.split(/[\s,]+/).some(name => name === 'lb-local' || name === '*');
}
