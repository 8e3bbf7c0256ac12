import type {Socket} from 'node:net';
import {Duplex} from 'node:stream';

/** A stream that stands in for a TCP socket: it has what is used of one here, of the socket below. */
export abstract class SocketStandIn extends Duplex {
	protected readonly inner: Socket;
	/** Those of the socket below, as they were while it was connected. */
	#remote: {readonly address: string | undefined; readonly port: number | undefined};

	/** @param inner owned by this stream from now on: accepted, or being connected. */
	constructor(inner: Socket) {
		super({allowHalfOpen: true, emitClose: true, autoDestroy: true});
		this.inner = inner;
		const remote = () => ({address: inner.remoteAddress, port: inner.remotePort});
		this.#remote = remote();
		inner.on('connect', () => {
			this.#remote = remote();
		});
	}

	get connecting(): boolean {
		return this.inner.connecting;
	}

	get remoteAddress(): string | undefined {
		return this.#remote.address;
	}

	get remotePort(): number | undefined {
		return this.#remote.port;
	}

	get localAddress(): string | undefined {
		return this.inner.localAddress;
	}

	get bytesRead(): number {
		return this.inner.bytesRead;
	}

	destroySoon(): void {
		if (this.writable) this.end();
		if (this.writableFinished) this.destroy();
		else this.once('finish', () => this.destroy());
	}

	abstract resetAndDestroy(): this;

	setNoDelay(): this {
		return this;
	}
}

/** It has what is used of a socket here: a stream that connects, with addresses, `destroySoon()` and `resetAndDestroy()`. */
export function asSocket(standIn: SocketStandIn): Socket {
	return standIn as unknown as Socket;
}
