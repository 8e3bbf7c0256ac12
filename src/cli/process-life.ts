import {readFile} from 'node:fs/promises';
import {hasCode} from '../base/errors.ts';

/** Signal 0 checks whether a process exists; EPERM means that it does. See kill(2). */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return hasCode(error, 'EPERM');
	}
}

/** Whether a process has ended. That includes a zombie, whose exit code has not been read yet (proc(5)). */
export async function hasEnded(pid: number): Promise<boolean> {
	if (!isAlive(pid)) return true;
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
	// The name before it is in parentheses and may contain any character.
	return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}
