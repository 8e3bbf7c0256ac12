import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {hasCode} from '../base/errors.ts';
import {nowMs, wait} from '../base/timers.ts';

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
 * Every group that is there. Of the process and not of an emulator, because the process's exit is one for all: one
 * listener, where one for each group would make Node warn of a leak at the eleventh.
 */
const groups = new Set<ProcessGroup>();

/** A parent that leaves without a stop takes its children with it; a parent killed by a signal cannot. */
function killGroups(): void {
	for (const group of groups) group.kill();
}

/** A shell command and everything it starts, as one thing that can be ended. */
export class ProcessGroup {
	readonly child: ChildProcess;
	/** Resolves when the shell has ended; never rejects. */
	readonly ended: Promise<ProcessEnd>;
	hasEnded = false;
	/** Nobody was left in the group once; its number may since belong to strangers. */
	#isEmpty = false;

	/** Its own process group, so that what the shell starts can be ended with it. */
	constructor(command: string, env: NodeJS.ProcessEnv) {
		this.child = spawn(command, {
			shell: true,
			// On Windows this would open a console window, and there are no groups to end there.
			detached: process.platform !== 'win32',
			stdio: ['ignore', 'pipe', 'pipe'],
			env,
		});
		if (groups.size === 0) process.on('exit', killGroups);
		groups.add(this);
		this.ended = new Promise(resolve => {
			const finish = (end: ProcessEnd) => {
				this.hasEnded = true;
				// Asked at once, so that an empty group is known to be one before its number is given away.
				this.#isAlive();
				resolve(end);
			};
			this.child.once('exit', (code, signal) => finish({code, signal, error: undefined}));
			this.child.once('error', error => finish({code: null, signal: null, error}));
		});
	}

	/** SIGTERM, two seconds of grace, SIGKILL. Resolves when nothing is left of it; twice is as good as once. */
	async end(): Promise<void> {
		if (this.#isAlive()) {
			this.#signal('SIGTERM');
			await waitUntil(() => this.hasEnded, GRACE_MS);
			await waitUntil(() => !this.#isAlive(), this.hasEnded ? ORPHAN_GRACE_MS : 0);
			this.kill();
		}
		await this.ended;
		groups.delete(this);
		if (groups.size === 0) process.off('exit', killGroups);
		// A process that left the group may hold the other ends of the pipes.
		this.child.stdout?.destroy();
		this.child.stderr?.destroy();
	}

	/** SIGKILL, to whoever is left. */
	kill(): void {
		this.#signal('SIGKILL');
	}

	/** Resolves when what the process wrote has been read, or after the limit when somebody else holds its pipes. */
	async outputRead(limitMs: number): Promise<void> {
		const {stdout, stderr} = this.child;
		if ((stdout === null || stdout.closed) && (stderr === null || stderr.closed)) return;
		const limit = AbortSignal.timeout(limitMs);
		await once(this.child, 'close', {signal: limit}).catch(() => {});
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

async function waitUntil(fact: () => boolean, limitMs: number): Promise<void> {
	const deadline = nowMs() + limitMs;
	while (!fact() && nowMs() < deadline) await wait(POLL_MS);
}
