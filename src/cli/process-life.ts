import {readFile} from 'node:fs/promises';
import {hasCode} from '../base/errors.ts';

/** Signal 0 asks whether a process is there; one that may not be asked is. See kill(2). */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return hasCode(error, 'EPERM');
	}
}

/** Whether a process has ended, also where nobody has asked for its exit code yet (a zombie, see proc(5)). */
export async function hasEnded(pid: number): Promise<boolean> {
	if (!isAlive(pid)) return true;
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
	// The name before it is in parentheses and may hold anything.
	return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}
