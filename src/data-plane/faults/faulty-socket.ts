import {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {Clock} from '../../base/clock.ts';
import {brokenPipe, connectionRefused, connectionReset, endedByReset, resetSocket} from '../../base/reset.ts';
import {queueMicrotask} from '../../base/timers.ts';
import type {Fired} from './fired.ts';
import {ShapedFlow} from './shaped-flow.ts';
import {SocketStandIn} from './socket-stand-in.ts';

/** A fatal TLS alert, handshake_failure (RFC 8446 section 6). */
const HANDSHAKE_ALERT = Buffer.from([21, 3, 3, 0, 2, 2, 40]);

type Done = (error?: Error | null) => void;

export interface FaultySocketOptions {
	readonly clock: Clock;
	/** Whose connection it is: `client` where a listener has accepted it, `backend` where it is dialled. */
	readonly end: 'client' | 'backend';
	/** What is dialled, for an error. */
	readonly target?: string;
	/** Takes over the socket below when the fault closes the connection, and ends it in good order. */
	readonly leave: (inner: Socket) => void;
}

/**
 * Stands in for a TCP socket, and has a fault: what goes through it is shaped, lost, or cut. A RST is a real one, on the
 * socket below.
 */
export class FaultySocket extends SocketStandIn {
	readonly fired: Fired;
	readonly #clock: Clock;
	readonly #isBackend: boolean;
	readonly #target: string;
	readonly #leave: (inner: Socket) => void;
	readonly #out: ShapedFlow | undefined;
	readonly #in: ShapedFlow | undefined;
	readonly #unhold: () => void;
	/** A write that waits until the flow takes more. */
	#waiting: Done | undefined;
	#isCut = false;
	/** Whether the socket below is somebody else's by now. */
	#isLeft = false;
	/** Whether the delay of an end is the business of what stands above. */
	#endsAbove = false;
	/** Whether something was written to a back-end after it was closed: its system would answer that with a RST. */
	#isAnsweredByReset = false;

	/**
	 * @param inner owned by this socket from now on: accepted, or being connected.
	 */
	constructor(inner: Socket, fired: Fired, {clock, end, target = '', leave}: FaultySocketOptions) {
		super(inner);
		this.fired = fired;
		this.#clock = clock;
		this.#target = target;
		this.#leave = leave;
		this.#isBackend = end === 'backend';
		this.#out = this.#flow(this.#isBackend ? 'up' : 'down', {
			write: chunk => inner.write(chunk),
			drained: () => this.#goOn(),
		});
		this.#in = this.#flow(this.#isBackend ? 'down' : 'up', {
			write: chunk => this.#deliver(chunk),
			drained: () => inner.resume(),
		});
		this.#unhold = fired.hold(() => this.#release());
		this.#listen();
		if (!inner.connecting) queueMicrotask(() => this.#begin());
	}

	override resetAndDestroy(): this {
		this.#reset();
		return this.destroy();
	}

	override _write(given: Buffer | string, encoding: BufferEncoding, done: Done): void {
		const chunk = typeof given === 'string' ? Buffer.from(given, encoding) : given;
		if (this.#isLeft && this.#isBackend) {
			this.#writeToClosed(done);
			return;
		}
		if (this.#swallows || this.fired.endsAtOnce) {
			done();
			return;
		}
		if (this.#alerts) {
			this.push(HANDSHAKE_ALERT);
			this.#cut();
			done();
			return;
		}
		if (this.#out === undefined) this.inner.write(chunk, () => done());
		// What is written may be used for something else once it is taken.
		else if (this.#out.push(Buffer.from(chunk))) done();
		else this.#waiting = done;
	}

	override _final(done: Done): void {
		if (this.#swallows) {
			done();
			return;
		}
		const end = () => {
			this.inner.end();
			done();
		};
		if (this.#out === undefined) end();
		else this.#out.end(end, this.#endsAbove ? 'goes-on' : 'closes');
	}

	override _read(): void {
		this.inner.resume();
	}

	override _destroy(error: Error | null, done: Done): void {
		this.#unhold();
		this.#out?.close();
		this.#in?.close();
		if (!this.#isLeft) this.inner.destroy();
		done(error);
	}

	/**
	 * Leaves the delay of an end to what stands above and has an end of its own: the end of this connection goes with that.
	 *
	 * @returns whether an end is delayed.
	 */
	leavesEndAbove(): boolean {
		this.#endsAbove = true;
		return this.#out?.delaysEnd === true || this.#in?.delaysEnd === true;
	}

	/** Calls `then` once the end of what stands above may be sent, or told. */
	holdEnd(way: 'out' | 'in', then: () => void): void {
		const flow = way === 'out' ? this.#out : this.#in;
		if (flow === undefined) then();
		else flow.holdEnd(then);
	}

	/** Whether the fault has ended the connection. */
	get isCut(): boolean {
		return this.#isCut;
	}

	/** Whether nothing but the fault decides how the connection ends: it has ended it, or loses its bytes. */
	get isDecided(): boolean {
		return this.#swallows;
	}

	/** Ends the connection once what was written has left: both ends see that. */
	cutWhenSent(): void {
		if (this.#out === undefined) this.#cut();
		else this.#out.end(() => this.#cut(), 'goes-on');
	}

	get #alerts(): boolean {
		return this.fired.alertsHandshake && !this.#isCut;
	}

	/** Whether bytes get lost, both ways. */
	get #swallows(): boolean {
		return this.#isCut || this.fired.losesBytes;
	}

	#flow(direction: 'up' | 'down', to: {write: (chunk: Buffer) => void; drained: () => void}): ShapedFlow | undefined {
		const shape = this.fired.shape(direction);
		return shape && new ShapedFlow(this.#clock, shape, {...to, limited: () => this.#cut()});
	}

	#listen(): void {
		const inner = this.inner;
		inner.on('connect', () => {
			this.emit('connect');
			queueMicrotask(() => this.#begin());
		});
		inner.on('data', (chunk: Buffer) => this.#received(chunk));
		inner.on('end', () => {
			const error = endedByReset(inner, inner) ? connectionReset() : undefined;
			this.#afterData(() => (error === undefined ? this.push(null) : this.destroy(error)));
		});
		inner.on('error', error => this.#afterData(() => this.destroy(error)));
		inner.on('close', () => {
			if (!this.#isLeft && !inner.readableEnded && inner.errored === null) this.destroy();
		});
	}

	/** What happens as soon as the connection stands. */
	#begin(): void {
		const {kind} = this.fired;
		if (this.destroyed) return;
		if (kind === 'close') this.#cut();
		else if (this.fired.endsAtOnce) this.#lose();
		else if (kind === 'refuse') this.destroy(connectionRefused(this.#target));
	}

	#received(chunk: Buffer): void {
		if (this.#swallows || this.fired.endsAtOnce) return;
		if (this.#alerts) {
			this.inner.write(HANDSHAKE_ALERT);
			this.#cut();
			return;
		}
		if (this.#in === undefined) this.#deliver(chunk);
		else if (!this.#in.push(chunk)) this.inner.pause();
	}

	#deliver(chunk: Buffer): void {
		if (!this.push(chunk)) this.inner.pause();
	}

	#afterData(then: () => void): void {
		if (this.#isCut) return;
		if (this.#in === undefined) then();
		else this.#in.end(then, this.#endsAbove ? 'goes-on' : 'closes');
	}

	/** Both ends see a reset. */
	#lose(): void {
		this.#isCut = true;
		this.#reset();
		this.destroy(connectionReset());
	}

	#reset(): void {
		const inner = this.inner;
		if (this.#isLeft) return;
		// One that never stood has nothing to reset.
		if (inner.remoteAddress === undefined) inner.destroy();
		else resetSocket(inner, inner);
	}

	/** As of a peer that has closed its socket: the first write arrives there and is lost, the next one knows of the RST. */
	#writeToClosed(done: Done): void {
		done(this.#isAnsweredByReset ? brokenPipe() : undefined);
		this.#isAnsweredByReset = true;
	}

	/** Both ends see the end of the connection; what has been delivered is. */
	#cut(): void {
		if (this.#isCut) return;
		this.#isCut = true;
		this.push(null);
		this.#isLeft = true;
		this.#leave(this.inner);
		// Towards a back-end the other direction stays open, until the client ends it or finds out.
		if (this.#isBackend) return;
		// Whoever serves the client is done with it once the end is read: its own end is waited for elsewhere.
		this.once('end', () => this.destroy());
		// As of a socket: an end that nothing stands before is told even while nothing is read.
		this.read(0);
	}

	#goOn(): void {
		const done = this.#waiting;
		this.#waiting = undefined;
		done?.();
	}

	/** The rule is gone: what is shaped goes on as ever; what was lost cannot, so the connection ends. */
	#release(): void {
		if (this.#swallows && !this.#isCut) this.#lose();
		this.#out?.release();
		this.#in?.release();
		this.#goOn();
	}
}

/** What stands in for a socket under this stream; undefined where none does. */
export function faultyIn(raw: Socket): FaultySocket | undefined {
	const stream: Duplex = raw;
	return stream instanceof FaultySocket ? stream : undefined;
}
