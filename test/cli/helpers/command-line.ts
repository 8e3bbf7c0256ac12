import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {compiled} from '../../helpers/compiled.ts';
import {PATIENCE_MS, tooLong} from '../../helpers/patience.ts';
import {Standstill} from './standstill.ts';

const MAIN = compiled('src/cli/main.ts');

export interface Finished {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface CliOptions {
	/** Its working directory, which also stores its authority. */
	readonly folder: string;
	readonly env?: Readonly<Record<string, string>>;
}

/** How the command line is started: for `spawn`. */
export function commandLine(
	args: readonly string[],
	{folder, env = {}}: CliOptions,
): {readonly program: string; readonly args: string[]; readonly env: NodeJS.ProcessEnv} {
	// The colours of the terminal that runs the tests must not matter, nor a configuration of its own.
	const {FORCE_COLOR: _, NO_COLOR: __, DEBUG: ___, LB_LOCAL_CONFIG: ____, ...inherited} = process.env;
	return {
		program: process.execPath,
		args: ['--enable-source-maps', MAIN, ...args],
		env: {...inherited, LB_LOCAL_HOME: path.join(folder, 'home'), ...env},
	};
}

/** The real command line as a child process, while it runs. */
export class CommandLine {
	readonly child: ChildProcessWithoutNullStreams;
	stdout = '';
	stderr = '';
	/** Waits for output. */
	readonly #looks = new Set<() => void>();
	readonly #standstill = new Standstill();
	#hasEnded = false;

	constructor(args: readonly string[], options: CliOptions) {
		const {program, args: all, env} = commandLine(args, options);
		this.child = spawn(program, [...this.#standstill.nodeArguments, ...all], {cwd: options.folder, env});
		this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
			this.stdout += text;
			this.#lookAgain();
		});
		this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
			this.stderr += text;
			this.#lookAgain();
		});
		this.child.once('close', () => {
			this.#hasEnded = true;
			this.#standstill.forget();
			this.#lookAgain();
		});
	}

	#lookAgain(): void {
		for (const look of [...this.#looks]) look();
	}

	/** Resolves as soon as one of the streams has matched. @throws when the process ends first, or it takes too long. */
	shows(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpMatchArray> {
		return new Promise((resolve, reject) => {
			const settle = (match: RegExpMatchArray | null, how = ''): void => {
				clearTimeout(timer);
				this.#looks.delete(look);
				if (match !== null) resolve(match);
				else reject(new Error(`${how}: ${this.stdout}${this.stderr}`));
			};
			const look = (): void => {
				const match = pattern.exec(this[stream]);
				if (match !== null || this.#hasEnded) settle(match, `it ended without ${pattern}`);
			};
			const timer = setTimeout(async () => {
				const standing = await this.#standstill.of(this.child);
				settle(null, `${tooLong(`${pattern} on ${stream}`)}; ${standing}`);
			}, PATIENCE_MS);
			this.#looks.add(look);
			look();
		});
	}

	async end(signal?: NodeJS.Signals): Promise<Finished> {
		if (signal !== undefined) this.child.kill(signal);
		if (!this.#hasEnded) await once(this.child, 'close');
		return {code: this.child.exitCode, signal: this.child.signalCode, stdout: this.stdout, stderr: this.stderr};
	}
}

/** Starts the command line; it is killed after the test in any case. */
export function startCli(t: ExecutionContext, args: readonly string[], options: CliOptions): CommandLine {
	const running = new CommandLine(args, options);
	t.teardown(() => {
		running.child.kill('SIGKILL');
	});
	return running;
}

/** Runs the command line to its end. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<Finished> {
	const running = new CommandLine(args, options);
	running.child.stdin.end();
	return running.end();
}
