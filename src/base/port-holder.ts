import {readdir, readFile, readlink} from 'node:fs/promises';

/** `st` of /proc/net/tcp: TCP_LISTEN, see proc(5). */
const LISTENING = '0A';

/**
 * The process that listens on a TCP port, as an error message names it: `nginx (process 1234)`, or `this process`.
 *
 * Read from /proc: known only on Linux, and only for processes that this user may inspect.
 *
 * @returns undefined when it is not known. Never throws.
 */
export async function portHolder(port: number): Promise<string | undefined> {
	const inodes = new Set([...(await listeningInodes('tcp', port)), ...(await listeningInodes('tcp6', port))]);
	if (inodes.size === 0) return undefined;
	for (const pid of await entriesOf('/proc')) {
		if (!/^\d+$/.test(pid)) continue;
		for (const descriptor of await entriesOf(`/proc/${pid}/fd`)) {
			const inode = /^socket:\[(\d+)\]$/.exec(await linkAt(`/proc/${pid}/fd/${descriptor}`))?.[1];
			if (inode === undefined || !inodes.has(inode)) continue;
			if (Number(pid) === process.pid) return 'this process';
			return `${(await textOf(`/proc/${pid}/comm`)).trim() || 'a process'} (process ${pid})`;
		}
	}
	return undefined;
}

/** The sockets that listen on a port: `sl local_address rem_address st … inode`, addresses and ports in hexadecimal. */
async function listeningInodes(table: 'tcp' | 'tcp6', port: number): Promise<string[]> {
	const lines = (await textOf(`/proc/net/${table}`)).split('\n').slice(1);
	return lines.flatMap(line => {
		const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
		return state === LISTENING && Number.parseInt(local.slice(-4), 16) === port ? [inode] : [];
	});
}

// What cannot be read counts as empty: processes come and go, and those of other users are not readable.

function entriesOf(folder: string): Promise<string[]> {
	return readdir(folder).catch(() => []);
}

function linkAt(path: string): Promise<string> {
	return readlink(path).catch(() => '');
}

function textOf(path: string): Promise<string> {
	return readFile(path, 'utf8').catch(() => '');
}
