import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {accessSync, constants} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';

/** What a program wrote and how it ended. */
export interface Ran {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** `test`, or `test.skip` where one of these programs is not installed: a skipped test is seen in the report. */
export function testWith(...programs: readonly string[]): typeof test | typeof test.skip {
	return programs.every(isInstalled) ? test : test.skip;
}

function isInstalled(program: string): boolean {
	const folders = (process.env['PATH'] ?? '').split(path.delimiter);
	return folders.some(folder => [program, `${program}.exe`].some(name => isExecutable(path.join(folder, name))));
}

function isExecutable(file: string): boolean {
	try {
		accessSync(file, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/** Runs a program with text on its standard input. @returns undefined, with a line in the log, when it is not installed. */
export function runProgram(
	t: ExecutionContext,
	program: string,
	args: readonly string[],
	input = '',
): Promise<Ran | undefined> {
	return runIn(t, program, args, {input});
}

/** As {@link runProgram}, in a folder and with more variables in its environment. */
export async function runIn(
	t: ExecutionContext,
	program: string,
	args: readonly string[],
	{
		folder,
		env = {},
		input = '',
	}: {readonly folder?: string; readonly env?: Readonly<Record<string, string>>; readonly input?: string} = {},
): Promise<Ran | undefined> {
	const child = spawn(program, args, {cwd: folder, env: {...process.env, ...env}});
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
