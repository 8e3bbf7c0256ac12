import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';

/** How a wire breaks: with a RST, or with the end of everything. */
export type Break = 'reset' | 'end';

/** A wire between two parties that carries raw bytes until it breaks. */
export interface Wire extends AsyncDisposable {
	readonly port: number;
	/** Bytes that the last connection carried, both directions together. */
	readonly carried: number;
	/** The next connections break after so many bytes of both directions together; `undefined`: never. */
	breakAfter(bytes: number | undefined, how?: Break): void;
}

/** A server that carries every connection to `port`, byte by byte of what it knows not. */
export async function layWire(port: number): Promise<Wire> {
	let limit: number | undefined;
	let how: Break = 'reset';
	let last = {carried: 0};
	const open = new Set<Socket>();
	const server = createServer({allowHalfOpen: true, noDelay: true}, near => {
		const count = {carried: 0};
		last = count;
		const [mine, manner] = [limit, how];
		const far = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
		const snap = () => {
			for (const socket of [near, far]) {
				if (manner === 'reset') socket.resetAndDestroy();
				else socket.end(() => socket.destroy());
			}
		};
		const carry = (from: Socket, to: Socket) => {
			open.add(from);
			from.on('error', () => {});
			from.once('close', () => {
				open.delete(from);
				to.destroy();
			});
			from.once('end', () => to.end());
			from.on('data', (chunk: Buffer) => {
				const left = mine === undefined ? chunk.length : mine - count.carried;
				if (left < 0 || to.writableEnded) return;
				count.carried += Math.min(left, chunk.length);
				to.write(chunk.subarray(0, left), () => {
					if (mine !== undefined && count.carried >= mine) snap();
				});
			});
		};
		carry(near, far);
		carry(far, near);
		if (mine === 0) far.once('connect', snap);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	return {
		port: typeof address === 'object' && address !== null ? address.port : 0,
		get carried() {
			return last.carried;
		},
		breakAfter(bytes, manner = 'reset') {
			limit = bytes;
			how = manner;
		},
		async [Symbol.asyncDispose]() {
			for (const socket of open) socket.destroy();
			server.close();
			await once(server, 'close');
		},
	};
}
