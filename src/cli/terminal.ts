import {closeSync} from 'node:fs';
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
