import {type ChildProcessWithoutNullStreams, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {PATIENCE_MS, tooLong} from '../../helpers/patience.ts';
import {commandLine} from './command-line.ts';

const HELPER = fileURLToPath(new URL('pseudo-terminal.py', import.meta.url));

/** Ctrl-S stops the output of a terminal, Ctrl-Q resumes it. */
export const KEYS = {stop: '13', goOn: '11'} as const;

/** A program in a pseudo terminal, with the user's side of the terminal. */
export class Terminal {
	readonly #helper: ChildProcessWithoutNullStreams;
	/** What the terminal shows. */
	shown = '';
	#told = '';
	readonly #looks = new Set<() => void>();

	constructor(program: string, args: readonly string[], options: {cwd: string; env: NodeJS.ProcessEnv}) {
		this.#helper = spawn('python3', [HELPER, program, ...args], options);
		this.#helper.stdout.setEncoding('utf8').on('data', (text: string) => {
			this.shown += text.replaceAll('\r\n', '\n');
			this.#lookAgain();
		});
		this.#helper.stderr.setEncoding('utf8').on('data', (text: string) => {
			this.#told += text;
			this.#lookAgain();
		});
		this.#helper.stdin.on('error', () => {});
		this.#helper.once('close', () => this.#lookAgain());
	}

	/** Resolves when the terminal has shown this. @throws when the program ends first. */
	shows(pattern: RegExp): Promise<RegExpExecArray> {
		return this.#find(pattern, () => this.shown);
	}

	/** The program's process. */
	async pid(): Promise<number> {
		return Number((await this.#find(/pid (\d+)/, () => this.#told))[1]);
	}

	async signal(name: NodeJS.Signals): Promise<void> {
		process.kill(await this.pid(), name);
	}

	/** @returns the exit code, or the signal that ended it as a negative number. */
	async ended(): Promise<number> {
		if (this.#helper.exitCode === null) await once(this.#helper, 'close');
		const status = Number((await this.#find(/ended (\d+)/, () => this.#told))[1]);
		// wait(2): the exit code is in the second byte, a signal in the first.
		return (status & 0x7f) === 0 ? status >> 8 : -(status & 0x7f);
	}

	type(key: string): void {
		this.#helper.stdin.write(`type ${key}\n`);
	}

	/** Closes its window. */
	close(): void {
		this.#helper.stdin.write('close\n');
	}

	/** Kills the program. */
	kill(): void {
		const pid = Number(/pid (\d+)/.exec(this.#told)?.[1]);
		if (pid > 0 && this.#helper.exitCode === null) process.kill(pid, 'SIGKILL');
	}

	#find(pattern: RegExp, text: () => string): Promise<RegExpExecArray> {
		return new Promise((resolve, reject) => {
			const settle = (match: RegExpExecArray | null, why: string): void => {
				clearTimeout(timer);
				this.#looks.delete(look);
				if (match === null) reject(new Error(`${why}: ${this.shown}${this.#told}`));
				else resolve(match);
			};
			const look = (): void => {
				const match = pattern.exec(text());
				if (match !== null || this.#helper.exitCode !== null) settle(match, `it ended without ${pattern}`);
			};
			const timer = setTimeout(() => settle(null, tooLong(`${pattern}`)), PATIENCE_MS);
			this.#looks.add(look);
			look();
		});
	}

	#lookAgain(): void {
		for (const look of [...this.#looks]) look();
	}
}

/** `test`, or `test.skip` where there is no Python to make a terminal. */
export const testInTerminal = spawnSync('python3', ['-c', 'import pty']).status === 0 ? test : test.skip;

/** Starts the command line in a terminal. */
export function startInTerminal(
	t: ExecutionContext,
	args: readonly string[],
	{folder, shell}: {readonly folder: string /** Of `"$@"`, the command line. */; readonly shell?: string},
): Terminal {
	const {program, args: all, env} = commandLine(args, {folder, env: {NO_COLOR: '1'}});
	const terminal =
		shell === undefined
			? new Terminal(program, all, {cwd: folder, env})
			: new Terminal('/bin/sh', ['-c', shell, 'sh', program, ...all], {cwd: folder, env});
	t.teardown(() => terminal.kill());
	return terminal;
}
