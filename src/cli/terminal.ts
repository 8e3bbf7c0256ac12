import {spawnSync} from 'node:child_process';
import {closeSync, readFileSync} from 'node:fs';
import {isatty} from 'node:tty';

/** The terminal in which a process was started. */
export interface Terminal {
	/**
	 * Whether there was a terminal that has been closed. There was one if a standard stream was a terminal; under nohup,
	 * setsid or systemd, or in a container, none is.
	 */
	readonly isGone: boolean;
	/** To be called before the process ends: Node 20 and 22 abort when they reset a closed terminal. */
	release(): void;
}

/** Finds the terminal of this process; to be called at its start. */
export function findTerminal(): Terminal {
	const streams = [0, 1, 2].filter(fd => isatty(fd));
	// A stream whose terminal was closed is no longer a TTY: every ioctl fails with EIO.
	const gone = (): number[] => streams.filter(fd => !isatty(fd));
	return {
		get isGone() {
			return streams.length > 0 && gone().length === streams.length;
		},
		release: () => {
			for (const fd of gone()) {
				try {
					closeSync(fd);
				} catch {
					// EIO, or already closed: nothing to do.
				}
			}
		},
	};
}

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
