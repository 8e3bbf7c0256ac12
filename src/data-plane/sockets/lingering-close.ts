import {systemClock} from '../../base/clock.ts';
import type {ListenerContext} from '../listener-context.ts';
import type {OpenConnection} from '../open-connections.ts';
import type {ClientConnection} from './client-connection.ts';
import {abandon, giveUnreadTo, type StreamOwner, whenSent} from './stream-owner.ts';

/** How long a closed connection's last bytes may take to be read by the client; nginx's `lingering_timeout`. */
const LINGER_MS = 5000;
/** How long a client that goes on sending is listened to all in all; nginx's `lingering_time`. */
const MAX_LINGER_MS = 30_000;

/** How long bytes that were written may take to leave when time is up. */
const CUT_MS = 50;

/**
 * How a connection ends once what was written is sent. `in-order`: over TLS with close_notify, then FIN. `reset`: with a
 * RST, which no client can take for the end of something whole.
 */
export type Ending = 'in-order' | 'reset';

/** What is closed: a client's connection, or one to a back-end that a fault closes. */
export type Closing = Pick<ClientConnection, 'stream' | 'reset'>;

/**
 * The lingering close of a connection. What was written is sent first. What the other side still sends is read and thrown
 * away until it ends too: unread, it would make the system send a RST, which can overtake the last bytes (RFC 9112
 * section 9.6).
 */
export class LingeringClose implements OpenConnection, StreamOwner {
	deadlineMs: number;
	readonly #context: ListenerContext;
	readonly #client: Closing;
	readonly #ending: Ending;
	/** What the system had not taken when this was last looked at. */
	#unwritten: number;
	/** When everything had been handed to the system. */
	#sentMs = Number.POSITIVE_INFINITY;

	/** @param client this object owns it from this call on. */
	constructor(context: ListenerContext, client: Closing, ending: Ending) {
		this.#context = context;
		this.#client = client;
		this.#ending = ending;
		const {stream} = client;
		this.#unwritten = stream.writableLength;
		this.deadlineMs = context.clock.now() + context.timeouts.idleMs;
		context.connections.enter(this);
		giveUnreadTo(this, stream);
		if (ending === 'in-order') stream.end(() => this.#sent());
		else whenSent(stream, () => client.reset());
		stream.resume();
	}

	get isFresh(): boolean {
		return false;
	}

	drain(): void {
		// It ends by itself.
	}

	cutFrom(): void {
		// No back-end is involved.
	}

	cut(): void {
		this.#leave();
		const {stream} = this.#client;
		if (this.#ending === 'reset') {
			this.#client.reset();
			return;
		}
		// What was written gets a moment to be sent; a client that does not read it must not delay a stop.
		stream.destroySoon();
		stream.once(
			'close',
			systemClock.after(CUT_MS, () => this.#client.reset()),
		);
	}

	/** The client has not ended in time, or takes no more of its last bytes. */
	onDeadline(): void {
		const {stream} = this.#client;
		const {writableFinished, writableLength} = stream;
		if (!writableFinished && writableLength < this.#unwritten) {
			this.#unwritten = writableLength;
			this.deadlineMs = this.#context.clock.now() + this.#context.timeouts.idleMs;
			return;
		}
		this.#leave();
		// What the system has been given it still delivers; what is left here can only be cut, visibly.
		if (writableFinished && this.#ending === 'in-order') stream.destroy();
		else this.#client.reset();
	}

	streamData(): void {
		if (this.#sentMs !== Number.POSITIVE_INFINITY) this.#linger();
	}

	streamEnded(): void {
		// Node closes it once both directions have ended.
	}

	streamDrained(): void {
		// Looked at when time runs out.
	}

	streamFailed(): void {
		// `streamClosed` follows.
	}

	streamClosed(): void {
		this.#leave();
	}

	#sent(): void {
		this.#sentMs = this.#context.clock.now();
		this.#linger();
	}

	/** All that remains is the client's own end. One that still sends is given more time, up to a limit. */
	#linger(): void {
		const now = this.#context.clock.now();
		const lingerMs = Math.min(LINGER_MS, this.#context.timeouts.idleMs);
		this.deadlineMs = Math.min(now + lingerMs, this.#sentMs + MAX_LINGER_MS);
	}

	#leave(): void {
		this.#context.connections.leave(this);
		abandon(this.#client.stream);
	}
}
