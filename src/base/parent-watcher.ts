import {type ChildProcess, spawn} from 'node:child_process';
import type {Writable} from 'node:stream';

/**
 * Lists the processes of the groups in `$1`: their members, those of their sessions, and all descendants of both in any
 * group. Reads `/proc` where it exists (proc(5)), because small images have no `ps`; macOS has no `/proc`.
 */
const LIST_DESCENDANTS = `
descendants() {
	if [ -r /proc/self/stat ]; then
		cat /proc/[0-9]*/stat | sed 's/ (.*) [^ ]* / /'
	else
		ps -A -o pid= -o ppid= -o pgid=
	fi | awk -v leaders="$1" '
		BEGIN { split(leaders, each, " "); for (i in each) known[each[i]] = 1 }
		{ pid[NR] = $1; ppid[NR] = $2; pgrp[NR] = $3; session[NR] = $4 }
		END {
			for (more = 1; more; ) {
				more = 0
				for (i = 1; i <= NR; i++) {
					if (pid[i] in known || !(ppid[i] in known || pgrp[i] in known || session[i] in known)) continue
					known[pid[i]] = more = 1
				}
			}
			for (i in known) print i
		}'
}
`;

/**
 * Reads what to end or remove, until the pipe ends because the parent has ended. Then it sends SIGTERM to all
 * processes, two seconds later SIGKILL to those that are left, and removes the folders. It ignores signals that are
 * meant for the parent.
 */
const WATCH = `
${LIST_DESCENDANTS}
trap '' HUP INT QUIT TERM
groups=
while read -r word value; do
	case $word in
	group) groups="$groups $value" ;;
	folder) set -- "$@" "$value" ;;
	over)
		left=
		for each in $groups; do [ "$each" = "$value" ] || left="$left $each"; done
		groups=$left
		;;
	removed)
		for each; do
			shift
			[ "$each" = "$value" ] || set -- "$@" "$each"
		done
		;;
	esac
done
if [ "$groups" ]; then
	all=$(descendants "$groups")
	any_left() {
		for each in $all; do kill -0 "$each" && return 0; done
		return 1
	}
	kill -TERM $all
	turn=0
	while [ $turn -lt 40 ] && any_left; do
		sleep 0.05
		turn=$((turn + 1))
	done
	kill -KILL $all $(descendants "$all")
fi
[ $# -eq 0 ] || rm -rf -- "$@"
`;

/** A process group or a folder that must not outlive this process. */
export interface Watched {
	/** Stops watching it. Resolves when the watcher itself has ended, if this was the last. */
	release(): Promise<void>;
}

/** Windows has no process groups and no `sh`. */
const isPossible = process.platform !== 'win32';

/** An `sh` that waits for the end of this process. */
class Watcher {
	users = 0;
	readonly #child: ChildProcess;
	readonly #ended: Promise<void>;

	constructor(onEnd: () => void) {
		this.#child = spawn('/bin/sh', ['-c', WATCH, 'lb-local-watcher'], {
			// A session of its own, so that a closed terminal or Ctrl-C ends the parent but not its watcher.
			detached: true,
			cwd: '/',
			stdio: ['pipe', 'ignore', 'ignore'],
		});
		// It must not keep this process alive, since it waits for its end.
		this.#child.unref();
		// An early end is handled below, by `exit` and `error`.
		this.pipe?.on('error', () => {});
		if (this.pipe !== null && 'unref' in this.pipe && typeof this.pipe.unref === 'function') this.pipe.unref();
		this.#ended = new Promise(resolve => {
			const end = () => {
				onEnd();
				resolve();
			};
			this.#child.once('exit', end);
			this.#child.once('error', end);
		});
	}

	get pipe(): Writable | null {
		return this.#child.stdin;
	}

	send(line: string): void {
		if (this.pipe?.writable === true) this.pipe.write(`${line}\n`);
	}

	async end(): Promise<void> {
		this.#child.ref();
		this.pipe?.end();
		await this.#ended;
	}
}

/**
 * Module state, the exception to the rule: the watcher waits for the end of the process (or worker), so one serves all
 * emulators in it. It exists while something is watched.
 */
let current: Watcher | undefined;

function acquire(): Watcher {
	if (current === undefined) {
		const watcher = new Watcher(() => {
			// It was killed or has done its work: the next call starts another one.
			if (current === watcher) current = undefined;
		});
		current = watcher;
	}
	current.users++;
	return current;
}

async function release(watcher: Watcher, line: string): Promise<void> {
	watcher.send(line);
	watcher.users--;
	if (watcher.users > 0) return;
	if (current === watcher) current = undefined;
	await watcher.end();
}

/** A process group that a shell is about to start. */
export interface WatchedGroup {
	/** The shell's descriptor 3; undefined where watching is not possible. */
	readonly pipe: Writable | undefined;
	/**
	 * What the shell must run first: it reports its own process id, so that it is never running unknown to the watcher,
	 * and closes the descriptor.
	 */
	readonly prefix: string;
	/** To be called when the group is empty or was never started. See {@link Watched.release}. */
	release(leader: number | undefined): Promise<void>;
}

/** Makes a process group and its descendants end as soon as this process ends, even by SIGKILL. */
export function watchGroup(): WatchedGroup {
	if (!isPossible) return {pipe: undefined, prefix: '', release: async () => {}};
	const watcher = acquire();
	const pipe = watcher.pipe?.writable === true ? watcher.pipe : undefined;
	return {
		pipe,
		prefix: pipe === undefined ? '' : 'echo "group $$" >&3; exec 3>&-; ',
		release: leader => release(watcher, `over ${leader ?? ''}`),
	};
}

/** Makes a temporary folder be removed as soon as this process ends, even by SIGKILL. */
export function watchFolder(folder: string): Watched {
	if (!isPossible || folder.includes('\n')) return {release: async () => {}};
	const watcher = acquire();
	watcher.send(`folder ${folder}`);
	return {release: () => release(watcher, `removed ${folder}`)};
}

/** Makes a process that has been started, and its descendants, end as soon as this process ends, even by SIGKILL. */
export function watchProcess(pid: number): Watched {
	if (!isPossible) return {release: async () => {}};
	const watcher = acquire();
	watcher.send(`group ${pid}`);
	return {release: () => release(watcher, `over ${pid}`)};
}
