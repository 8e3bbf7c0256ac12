import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {hasCode} from '../base/errors.ts';
import {type WatchedGroup, watchGroup} from '../base/parent-watcher.ts';
import {nowMs, wait} from '../base/timers.ts';
import {familyOf} from './process-family.ts';

/** How a process ended: a code, a signal, or an error that kept it from starting. */
export interface ProcessEnd {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly error: Error | undefined;
}

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 2000;

/**
 * For those who outlive the shell they came from. Short, because the dead look alive where nobody takes note of them:
 * orphans in a container whose first process is no init.
 */
const ORPHAN_GRACE_MS = 200;

const POLL_MS = 10;

/**
 * Every shell that is there, on Windows alone: without `sh` and process groups, a parent takes its shells with it if it
 * ends in good order. One listener for all, where one for each would make Node warn of a leak at the eleventh.
 */
const windowsShells = new Set<ChildProcess>();

function killShells(): void {
	for (const shell of windowsShells) shell.kill();
}

function endWithProcess(shell: ChildProcess): void {
	if (windowsShells.size === 0) process.on('exit', killShells);
	windowsShells.add(shell);
	shell.once('exit', () => {
		windowsShells.delete(shell);
		if (windowsShells.size === 0) process.off('exit', killShells);
	});
}

/**
 * A shell command and everything it starts, as one thing that can be ended. It ends with this process too, however that
 * ends: see `watchGroup`.
 */
export class ProcessGroup {
	readonly child: ChildProcess;
	/** Resolves when the shell has ended; never rejects. */
	readonly ended: Promise<ProcessEnd>;
	hasEnded = false;
	readonly #watched: WatchedGroup;
	#released: Promise<void> | undefined;
	/** Nobody was left in the group once; its number may since belong to strangers. */
	#isEmpty = false;

	/** Its own process group, so that what the shell starts can be ended with it. */
	constructor(command: string, env: NodeJS.ProcessEnv) {
		this.#watched = watchGroup();
		this.child = spawn(`${this.#watched.prefix}${command}`, {
			shell: true,
			// On Windows this would open a console window, and there are no groups to end there.
			detached: process.platform !== 'win32',
			stdio: ['ignore', 'pipe', 'pipe', this.#watched.pipe ?? 'ignore'],
			env,
		});
		if (process.platform === 'win32') endWithProcess(this.child);
		this.ended = new Promise(resolve => {
			const finish = (end: ProcessEnd) => {
				this.hasEnded = true;
				// Asked at once, so that an empty group is known to be one before its number is given away.
				if (!this.#isAlive()) void this.#release();
				resolve(end);
			};
			this.child.once('exit', (code, signal) => finish({code, signal, error: undefined}));
			this.child.once('error', error => finish({code: null, signal: null, error}));
		});
	}

	/** SIGTERM, two seconds of grace, SIGKILL. Resolves when nothing is left of it; twice is as good as once. */
	async end(): Promise<void> {
		if (this.#isAlive()) {
			const strays = await this.#strays();
			this.#signal('SIGTERM');
			for (const pid of strays) signal(pid, 'SIGTERM');
			await waitUntil(() => this.hasEnded, GRACE_MS);
			const isOver = () => !this.#isAlive() && !strays.some(pid => signal(pid, 0));
			await waitUntil(isOver, this.hasEnded ? ORPHAN_GRACE_MS : 0);
			this.#signal('SIGKILL');
			for (const pid of strays) signal(pid, 'SIGKILL');
		}
		await this.ended;
		await this.#release();
		// A process that left the group may hold the other ends of the pipes.
		this.child.stdout?.destroy();
		this.child.stderr?.destroy();
	}

	/** Resolves when what the process wrote has been read, or after the limit when somebody else holds its pipes. */
	async outputRead(limitMs: number): Promise<void> {
		const {stdout, stderr} = this.child;
		if ((stdout === null || stdout.closed) && (stderr === null || stderr.closed)) return;
		const limit = AbortSignal.timeout(limitMs);
		await once(this.child, 'close', {signal: limit}).catch(() => {});
	}

	/** Descendants that have a group of their own: those of a shell with job control, or that were started detached. */
	async #strays(): Promise<number[]> {
		const {pid} = this.child;
		return pid === undefined ? [] : (await familyOf(pid)).filter(each => each !== pid);
	}

	#release(): Promise<void> {
		this.#released ??= this.#watched.release(this.child.pid);
		return this.#released;
	}

	#isAlive(): boolean {
		return this.#signal(0);
	}

	/** Signals the group; false when nobody is left in it. */
	#signal(signal: NodeJS.Signals | 0): boolean {
		const {pid} = this.child;
		if (pid === undefined || this.#isEmpty) return false;
		if (process.platform === 'win32') return !this.hasEnded && this.child.kill(signal);
		try {
			process.kill(-pid, signal);
			return true;
		} catch (error) {
			// ESRCH: nobody is left. EPERM: somebody is there who is not ours to signal, such as a command under sudo.
			this.#isEmpty = !hasCode(error, 'EPERM');
			return !this.#isEmpty && !this.hasEnded;
		}
	}
}

/** Signals one process; false when it is not there, or not ours to signal. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
	try {
		return process.kill(pid, name);
	} catch {
		return false;
	}
}

async function waitUntil(fact: () => boolean, limitMs: number): Promise<void> {
	const deadline = nowMs() + limitMs;
	while (!fact() && nowMs() < deadline) await wait(POLL_MS);
}
