import type {Socket} from 'node:net';
import {resetSocket} from '../../base/reset.ts';
import type {ListenerContext} from '../listener-context.ts';
import {LingeringClose} from '../sockets/lingering-close.ts';
import {FaultySocket, type FaultySocketOptions} from './faulty-socket.ts';
import type {Fired} from './fired.ts';

/**
 * A socket with a fault. Where that closes the connection, whoever is at the other end, client or back-end, has as long
 * for its own end as at every other close.
 */
export function faultySocket(
	context: ListenerContext,
	inner: Socket,
	fired: Fired,
	about: Pick<FaultySocketOptions, 'end' | 'target'>,
): FaultySocket {
	const leave = (left: Socket) => {
		new LingeringClose(context, {stream: left, reset: () => resetSocket(left, left)}, 'in-order');
	};
	return new FaultySocket(inner, fired, {...about, clock: context.clock, leave});
}
