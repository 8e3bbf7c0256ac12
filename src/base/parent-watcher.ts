import {type ChildProcess, spawn} from 'node:child_process';
import type {Writable} from 'node:stream';

/**
 * The processes of the groups in `$1`: their members, all of their sessions, and the descendants of those, in whatever
 * group they are. Out of `/proc` where there is one (proc(5)), because small images have no `ps`; macOS has no `/proc`.
 */
const FAMILY = `
family() {
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
 * Reads what to end, until the pipe ends because the parent has, in whatever way. Then SIGTERM to all of them, SIGKILL
 * two seconds later to whoever is left, and the folders are removed. Signals that are meant for the parent are not heard.
 */
const WATCH = `
${FAMILY}
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
	all=$(family "$groups")
	anybody() {
		for each in $all; do kill -0 "$each" && return 0; done
		return 1
	}
	kill -TERM $all
	turn=0
	while [ $turn -lt 40 ] && anybody; do
		sleep 0.05
		turn=$((turn + 1))
	done
	kill -KILL $all $(family "$all")
fi
[ $# -eq 0 ] || rm -rf -- "$@"
`;

/** A process group or a folder that must not outlive this process. */
export interface Watched {
	/** Nobody needs to look after it any more. Resolves when nothing is left of the watching, if it was the last. */
	release(): Promise<void>;
}

/** There are no process groups to end, and no `sh`. */
const isPossible = process.platform !== 'win32';

/** One `sh` that waits for the end of this process. */
class Watcher {
	holders = 0;
	readonly #child: ChildProcess;
	readonly #ended: Promise<void>;

	constructor(onEnd: () => void) {
		this.#child = spawn('/bin/sh', ['-c', WATCH, 'lb-local-watcher'], {
			// A session of its own: a closed terminal or Ctrl-C ends the parent, and not who watches it.
			detached: true,
			cwd: '/',
			stdio: ['pipe', 'ignore', 'ignore'],
		});
		// It keeps no process alive: an end of this one is what it waits for.
		this.#child.unref();
		// An end that comes too early is told below.
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

	tell(line: string): void {
		if (this.pipe?.writable === true) this.pipe.write(`${line}\n`);
	}

	async end(): Promise<void> {
		this.#child.ref();
		this.pipe?.end();
		await this.#ended;
	}
}

/**
 * Of the process and not of an emulator: what is waited for is the end of the process, or of the worker, and one watcher
 * serves all. It is there while something is watched.
 */
let current: Watcher | undefined;

function hold(): Watcher {
	if (current === undefined) {
		const watcher = new Watcher(() => {
			// Somebody has killed it, or it has done its work: the next one who needs a watcher gets another.
			if (current === watcher) current = undefined;
		});
		current = watcher;
	}
	current.holders++;
	return current;
}

async function letGo(watcher: Watcher, line: string): Promise<void> {
	watcher.tell(line);
	watcher.holders--;
	if (watcher.holders > 0) return;
	if (current === watcher) current = undefined;
	await watcher.end();
}

/** A process group that is yet to be started, by a shell. */
export interface WatchedGroup {
	/** What to give the shell as its descriptor 3; undefined where nothing can watch. */
	readonly pipe: Writable | undefined;
	/**
	 * What the shell is to do before anything else. It says itself who it is, so that there is no moment at which it runs
	 * and nobody knows of it; then it closes the descriptor.
	 */
	readonly prefix: string;
	/** The group is empty, or it was never started. See {@link Watched.release}. */
	release(leader: number | undefined): Promise<void>;
}

/** Has a process group and its descendants ended as soon as this process ends, however it does: SIGKILL included. */
export function watchGroup(): WatchedGroup {
	if (!isPossible) return {pipe: undefined, prefix: '', release: async () => {}};
	const watcher = hold();
	const pipe = watcher.pipe?.writable === true ? watcher.pipe : undefined;
	return {
		pipe,
		prefix: pipe === undefined ? '' : 'echo "group $$" >&3; exec 3>&-; ',
		release: leader => letGo(watcher, `over ${leader ?? ''}`),
	};
}

/** Has a temporary folder removed as soon as this process ends, however it does. */
export function watchFolder(folder: string): Watched {
	if (!isPossible || folder.includes('\n')) return {release: async () => {}};
	const watcher = hold();
	watcher.tell(`folder ${folder}`);
	return {release: () => letGo(watcher, `removed ${folder}`)};
}
