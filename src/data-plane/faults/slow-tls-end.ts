import type {Socket} from 'node:net';
import type {FaultySocket} from './faulty-socket.ts';

/**
 * Lets the ends of TLS come late where a fault delays the end of a connection. Both sides take the close_notify for that
 * end, and to the connection below it is data like any other. Does nothing without such a fault.
 *
 * @param stream TLS over `faulty`.
 */
export function slowTlsEnd(stream: Socket, faulty: FaultySocket): void {
	if (!faulty.leavesEndAbove()) return;
	const final = stream._final;
	const push = stream.push;
	let isHeld = false;
	stream._final = done => faulty.holdEnd('out', () => final.call(stream, done));
	stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
		if (chunk !== null) return push.call(stream, chunk, encoding);
		// The end of the connection below comes behind that of TLS, and is the same one.
		if (isHeld) return false;
		isHeld = true;
		faulty.holdEnd('in', () => {
			push.call(stream, null);
			// As Node does it: an end that nothing stands before is told even while nothing is read.
			stream.read(0);
		});
		return false;
	};
}
