import type {Buffer} from 'node:buffer';
import {isSecure} from '../../model/listener.ts';
import {Backend} from '../backends/backend.ts';
import type {BackendConnection, BackendHandler} from '../backends/backend-connection.ts';
import {BackendAttempt} from '../balancing/backend-attempt.ts';
import {clientGone, connectFailure, connectTimeout, drained, type Failure} from '../failure.ts';
import {faultOfConnection} from '../faults/backend-fault.ts';
import {noteFault} from '../faults/note.ts';
import {slowTlsEnd} from '../faults/slow-tls-end.ts';
import {truncateTls} from '../faults/truncated-client.ts';
import {type ListenerContext, newRecord} from '../listener-context.ts';
import type {OpenConnection} from '../open-connections.ts';
import type {ClientConnection} from '../sockets/client-connection.ts';
import {LingeringClose} from '../sockets/lingering-close.ts';
import {abandon, giveTo, type StreamOwner} from '../sockets/stream-owner.ts';
import {Splice} from './splice.ts';

/**
 * One client connection of a TCP or SSL listener until a back-end has taken it: chooses, dials, tries the next on
 * failure, then joins the two. Nothing is read from the client before, so that nothing can be lost.
 */
export class TcpFront implements BackendHandler, OpenConnection, StreamOwner {
	deadlineMs = Number.POSITIVE_INFINITY;
	readonly #context: ListenerContext;
	readonly #client: ClientConnection;
	readonly #attempt: BackendAttempt;
	#upstream: BackendConnection | undefined;
	#clientError: Error | undefined;
	#over = false;

	constructor(context: ListenerContext, client: ClientConnection) {
		this.#context = context;
		this.#client = client;
		const record = newRecord(context, 'tcp', client.peer);
		record.tlsMs = client.tlsMs;
		const {faulty} = client;
		if (faulty !== undefined) {
			noteFault(record, faulty.fired, () => faulty.isDecided);
			truncateTls(client.stream, faulty);
			if (isSecure(context.listener.protocol)) slowTlsEnd(client.stream, faulty);
		}
		this.#attempt = new BackendAttempt(context, record, context.router.defaultBalancer);
		context.connections.enter(this);
		context.journal.add(record);
		client.stream.pause();
		giveTo(this, client.stream);
		// A connection that a fault ends before a byte passes is nobody's: no back-end is asked.
		if (faulty?.fired.endsAtOnce !== true) this.#try(this.#attempt.choose());
	}

	connected(): void {
		const upstream = this.#upstream;
		if (upstream === undefined || this.#over) return;
		this.#attempt.connected(upstream);
		this.#leave();
		new Splice(this.#context, this.#client, this.#attempt).join(upstream);
	}

	data(_memory: Buffer, _bytes: number, release: (() => void) | undefined): void {
		release?.();
	}

	ended(): void {
		// `closed` follows.
	}

	drained(): void {
		// Nothing is written before the two are joined.
	}

	closed(error: Error | undefined): void {
		if (!this.#over) this.#try(this.#attempt.chooseAnother(connectFailure(error)));
	}

	onDeadline(): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream !== undefined) {
			upstream.handler = nobody;
			upstream.destroy();
		}
		this.#try(this.#attempt.chooseAnother(connectTimeout(this.#context.timeouts.connectMs)));
	}

	get isFresh(): boolean {
		return false;
	}

	drain(): void {
		// Under way already: it may finish.
	}

	cutFrom(backend: Backend): void {
		if (backend !== this.#attempt.backend) return;
		this.#giveUp(drained('the back-end was deregistered before it had answered'));
	}

	cut(): void {
		this.#giveUp(drained('the load balancer stopped before a back-end had answered'));
	}

	#try(chosen: Backend | Failure): void {
		if (!(chosen instanceof Backend)) {
			this.#giveUp(chosen);
			return;
		}
		this.deadlineMs = this.#context.clock.now() + this.#context.timeouts.connectMs;
		const {faults} = this.#context;
		const {record} = this.#attempt;
		const fault =
			faults === undefined ? undefined : faultOfConnection(this.#context, faults, {record, backend: chosen});
		this.#upstream = this.#attempt.dial(chosen, this.#client, this, fault);
	}

	#giveUp({outcome, cause}: Failure): void {
		if (this.#over) return;
		this.#leave();
		this.#attempt.finish(outcome, cause);
		const upstream = this.#upstream;
		if (upstream !== undefined) {
			upstream.handler = nobody;
			upstream.destroy();
		}
		const isDecision = outcome === 'no-healthy-backend' || outcome === 'drained';
		// A decision of the load balancer ends TLS in good order; a failure ends the connection with a RST.
		if (isDecision && isSecure(this.#context.listener.protocol))
			new LingeringClose(this.#context, this.#client, 'in-order');
		else this.#client.reset();
	}

	streamData(): void {
		// Nothing is read yet.
	}

	streamEnded(): void {
		// The next owner of the connection checks whether it has ended.
	}

	streamDrained(): void {
		// Nothing is written yet.
	}

	streamFailed(error: Error): void {
		this.#clientError ??= error;
	}

	streamClosed(): void {
		this.#giveUp(clientGone(this.#clientError, 'before a back-end had answered'));
	}

	#leave(): void {
		this.#over = true;
		this.#context.connections.leave(this);
		abandon(this.#client.stream);
	}
}

const nobody: BackendHandler = {connected() {}, data() {}, ended() {}, drained() {}, closed() {}};
