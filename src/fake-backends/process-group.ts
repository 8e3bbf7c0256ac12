import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {hasCode} from '../base/errors.ts';
import {type WatchedGroup, watchGroup} from '../base/parent-watcher.ts';
import {nowMs, wait} from '../base/timers.ts';
import {processTree} from './process-tree.ts';

/** How a process ended: a code, a signal, or an error that kept it from starting. */
export interface ProcessEnd {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly error: Error | undefined;
}

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 2000;

/**
 * The grace for processes that outlive their shell. It is short, because in a container whose first process is no init,
 * nobody reaps orphans: they look alive after their end.
 */
const ORPHAN_GRACE_MS = 200;

const POLL_MS = 10;

/**
 * The shells that run, on Windows only: it has no `sh` and no process groups, so the shells are killed when this
 * process exits normally. One `exit` listener serves all: Node would warn of a leak at the eleventh.
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
 * A shell command and everything it starts, which can be ended together. They also end with this process, however that
 * ends: see `watchGroup`.
 */
export class ProcessGroup {
	readonly child: ChildProcess;
	/** Resolves when the shell has ended; never rejects. */
	readonly ended: Promise<ProcessEnd>;
	hasEnded = false;
	readonly #watched: WatchedGroup;
	#released: Promise<void> | undefined;
	/** The group has been empty; the system may have reused its number since. */
	#isEmpty = false;

	/** Starts the shell in a process group of its own, so that what it starts can be ended with it. */
	constructor(command: string, env: NodeJS.ProcessEnv) {
		this.#watched = watchGroup();
		this.child = spawn(`${this.#watched.prefix}${command}`, {
			shell: true,
			// On Windows this would open a console window, and Windows has no process groups.
			detached: process.platform !== 'win32',
			stdio: ['ignore', 'pipe', 'pipe', this.#watched.pipe ?? 'ignore'],
			env,
		});
		if (process.platform === 'win32') endWithProcess(this.child);
		this.ended = new Promise(resolve => {
			const finish = (end: ProcessEnd) => {
				this.hasEnded = true;
				// Checked at once: later the system may have reused the number of an empty group.
				if (!this.#isAlive()) void this.#release();
				resolve(end);
			};
			this.child.once('exit', (code, signal) => finish({code, signal, error: undefined}));
			this.child.once('error', error => finish({code: null, signal: null, error}));
		});
	}

	/** SIGTERM, two seconds of grace, SIGKILL. Resolves when no process is left. May be called again. */
	async end(): Promise<void> {
		if (this.#isAlive()) {
			const outsideGroup = await this.#outsideGroup();
			this.#signal('SIGTERM');
			for (const pid of outsideGroup) signal(pid, 'SIGTERM');
			await waitUntil(() => this.hasEnded, GRACE_MS);
			const isOver = () => !this.#isAlive() && !outsideGroup.some(pid => signal(pid, 0));
			await waitUntil(isOver, this.hasEnded ? ORPHAN_GRACE_MS : 0);
			this.#signal('SIGKILL');
			for (const pid of outsideGroup) signal(pid, 'SIGKILL');
		}
		await this.ended;
		await this.#release();
		// A process that left the group may still hold the other ends of the pipes.
		this.child.stdout?.destroy();
		this.child.stderr?.destroy();
	}

	/** Resolves when what the process wrote has been read, or after the limit when another process holds its pipes. */
	async outputRead(limitMs: number): Promise<void> {
		const {stdout, stderr} = this.child;
		if ((stdout === null || stdout.closed) && (stderr === null || stderr.closed)) return;
		const limit = AbortSignal.timeout(limitMs);
		await once(this.child, 'close', {signal: limit}).catch(() => {});
	}

	/** Descendants in other groups: those of a shell with job control, and those that were started detached. */
	async #outsideGroup(): Promise<number[]> {
		const {pid} = this.child;
		return pid === undefined ? [] : (await processTree(pid)).filter(each => each !== pid);
	}

	#release(): Promise<void> {
		this.#released ??= this.#watched.release(this.child.pid);
		return this.#released;
	}

	#isAlive(): boolean {
		return this.#signal(0);
	}

	/** Signals the group; false when it is empty. */
	#signal(signal: NodeJS.Signals | 0): boolean {
		const {pid} = this.child;
		if (pid === undefined || this.#isEmpty) return false;
		if (process.platform === 'win32') return !this.hasEnded && this.child.kill(signal);
		try {
			process.kill(-pid, signal);
			return true;
		} catch (error) {
			// ESRCH: the group is empty. EPERM: a process is left that this user may not signal, such as a command under
			// sudo.
			this.#isEmpty = !hasCode(error, 'EPERM');
			return !this.#isEmpty && !this.hasEnded;
		}
	}
}

/** Signals one process; false when it has ended, or this user may not signal it. */
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
