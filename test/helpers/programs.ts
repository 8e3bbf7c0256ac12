import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {ExecutionContext} from 'ava';

/** What a program wrote and how it ended. */
export interface Ran {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs a program with text on its standard input. @returns undefined, with a line in the log, when it is not installed. */
export async function runProgram(
	t: ExecutionContext,
	program: string,
	args: readonly string[],
	input = '',
): Promise<Ran | undefined> {
	const child = spawn(program, args);
	try {
		await once(child, 'spawn');
	} catch {
		t.log(`${program} is not installed: this part is skipped`);
		return undefined;
	}
	let stdout = '';
	let stderr = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	// A program that has heard enough closes its end.
	child.stdin.on('error', () => {});
	child.stdin.end(input);
	const [code] = await once(child, 'close');
	return {code, stdout, stderr};
}
