import type {ChildProcess} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';

/** How long a process may take to report; one whose threads all stand still never does. */
const REPORT_MS = 5000;

/** Where a child process stands that says nothing: its JavaScript stack, what its event loop waits for, its threads. */
export class Standstill {
	readonly #folder = mkdtempSync(path.join(tmpdir(), 'lb-local-report-'));

	/** Arguments of `node` with which a process reports on SIGUSR2. */
	get nodeArguments(): string[] {
		return ['--report-on-signal', `--report-directory=${this.#folder}`];
	}

	async of(child: ChildProcess): Promise<string> {
		if (child.exitCode !== null || child.signalCode !== null) return 'it has ended';
		child.kill('SIGUSR2');
		let report: string | undefined;
		for (let waitedMs = 0; waitedMs < REPORT_MS && report === undefined; waitedMs += 50) {
			await wait(50);
			report = this.#report();
		}
		return `${report ?? `no report within ${REPORT_MS} ms`}; threads: ${threadsOf(child.pid)}`;
	}

	forget(): void {
		rmSync(this.#folder, {recursive: true, force: true});
	}

	#report(): string | undefined {
		const [file] = readdirSync(this.#folder);
		if (file === undefined) return undefined;
		try {
			const {javascriptStack, libuv} = JSON.parse(readFileSync(path.join(this.#folder, file), 'utf8'));
			const waitsFor = libuv.filter(({is_active: isActive}: {is_active: boolean}) => isActive);
			return JSON.stringify({stack: javascriptStack, waitsFor});
		} catch {
			// Half-written: looked at again.
			return undefined;
		}
	}
}

/** What each thread waits for in the kernel; Linux only. */
function threadsOf(pid: number | undefined): string {
	const read = (file: string): string => {
		try {
			return readFileSync(file, 'utf8').trim();
		} catch {
			return '?';
		}
	};
	try {
		const threads = readdirSync(`/proc/${pid}/task`);
		return threads
			.map(thread => `${read(`/proc/${pid}/task/${thread}/comm`)} ${read(`/proc/${pid}/task/${thread}/wchan`)}`)
			.join(', ');
	} catch {
		return 'not known here';
	}
}
