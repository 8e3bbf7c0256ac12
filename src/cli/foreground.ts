import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';

/**
 * Whether this process belongs to the foreground of a terminal. A key such as Ctrl-C reaches every process there, whatever
 * its standard streams are (termios(3)).
 */
export function isInForeground(): boolean {
	const [group, foreground] = groups();
	return group !== undefined && group > 0 && group === foreground;
}

/** This process's group, and the one in the foreground of its terminal; -1 without a terminal. */
function groups(): readonly number[] {
	try {
		// proc(5): pid (name) state ppid pgrp session tty_nr tpgid. The name may contain any character.
		const stat = readFileSync('/proc/self/stat', 'latin1');
		const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		return [Number(group), Number(foreground)];
	} catch {
		// macOS has no /proc.
		const {stdout} = spawnSync('ps', ['-o', 'pgid=,tpgid=', '-p', String(process.pid)], {encoding: 'utf8'});
		return (stdout ?? '').trim().split(/\s+/).map(Number);
	}
}
