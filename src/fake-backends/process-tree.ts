import {execFile} from 'node:child_process';
import {readdir, readFile} from 'node:fs/promises';

/** One process as the system lists it: its number, and those of its parent, its group and, on Linux, its session. */
type Listed = readonly [pid: number, ...kin: readonly number[]];

/**
 * The processes of a group and all their descendants, including those that have left the group.
 *
 * @returns an empty list where processes cannot be listed, such as on Windows. Never rejects.
 */
export async function processTree(leader: number): Promise<number[]> {
	const listed = process.platform === 'linux' ? await listedInProc() : await listedByPs();
	const known = new Set([leader]);
	let before = 0;
	while (known.size > before) {
		before = known.size;
		for (const [pid, ...kin] of listed) if (kin.some(each => known.has(each))) known.add(pid);
	}
	return listed.map(([pid]) => pid).filter(pid => known.has(pid));
}

/** proc(5), /proc/pid/stat: `pid (comm) state ppid pgrp session …`; `comm` may contain any character. */
async function listedInProc(): Promise<Listed[]> {
	const pids = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name));
	const listed = pids.map(async (pid): Promise<Listed> => {
		// A process may end while they are listed.
		const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
		const [, ...kin] = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 4);
		return [Number(pid), ...kin.map(Number)];
	});
	return Promise.all(listed);
}

function listedByPs(): Promise<Listed[]> {
	return new Promise(resolve => {
		execFile('ps', ['-A', '-o', 'pid=', '-o', 'ppid=', '-o', 'pgid='], (_, stdout) => {
			const rows = stdout.split('\n').map(line => line.trim().split(/\s+/).map(Number));
			resolve(rows.map(([pid = 0, ...kin]): Listed => [pid, ...kin]));
		});
	});
}
