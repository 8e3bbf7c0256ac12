import type {Socket} from 'node:net';

/** What Node calls with each read and each write, for the timeout of a socket that has one. */
interface TimedSocket {
	_unrefTimer?: () => void;
}

/**
 * Takes from a socket that Node's own timeout begins anew with each read and each write: timeouts are
 * `base/deadlines.ts` here, and nobody calls `setTimeout()`. Where a process has sockets of more than four shapes, such as
 * while somebody reads the events of the control port, V8 looks the fields for it up in a table: 2 % of a small request.
 *
 * Node has no public way to it (the same method in Node 20, 22, 24 and 26). Where it is not there, nothing is changed.
 */
export function withoutNodeTimeout<T extends Socket>(socket: T): T {
	// Undocumented, hence the guard.
	const timed = socket as TimedSocket;
	if (typeof timed._unrefTimer === 'function') timed._unrefTimer = nothing;
	return socket;
}

function nothing(): void {
	// There is no timeout that could begin anew.
}
