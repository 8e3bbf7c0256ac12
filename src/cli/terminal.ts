import {closeSync} from 'node:fs';
import {isatty} from 'node:tty';

/** The terminal that a process was started with. */
export interface Terminal {
	/**
	 * Whether there was one and it has been closed. There was one if a standard stream led to it: under nohup, setsid or
	 * systemd, or in a container, none does.
	 */
	readonly isGone: boolean;
	/** To be called before the process ends: Node 20 and 22 abort while they reset a terminal that has been closed. */
	letGo(): void;
}

/** Looks for the terminal of this process; at its start. */
export function findTerminal(): Terminal {
	const streams = [0, 1, 2].filter(fd => isatty(fd));
	// What led to a terminal that was closed no longer counts as one: every ioctl fails with EIO.
	const gone = (): number[] => streams.filter(fd => !isatty(fd));
	return {
		get isGone() {
			return streams.length > 0 && gone().length === streams.length;
		},
		letGo: () => {
			for (const fd of gone()) {
				try {
					closeSync(fd);
				} catch {
					// EIO, or closed already: there is nothing to keep it for.
				}
			}
		},
	};
}
