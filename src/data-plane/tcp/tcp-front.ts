import type {Buffer} from 'node:buffer';
import {isSecure} from '../../model/listener.ts';
import type {Outcome} from '../../observability/exchange.ts';
import type {Backend} from '../backends/backend.ts';
import type {BackendConnection, BackendHandler} from '../backends/backend-connection.ts';
import {connectFailure} from '../failure.ts';
import {dial, type ListenerContext, newRecord} from '../listener-context.ts';
import type {OpenConnection} from '../open-connections.ts';
import type {ClientConnection} from '../sockets/client-connection.ts';
import {LastBytes} from '../sockets/last-bytes.ts';
import {abandon, giveTo, type StreamOwner} from '../sockets/stream-owner.ts';
import {Work} from '../work.ts';
import {Splice} from './splice.ts';

/**
 * One client connection of a TCP or SSL listener until a back-end has taken it: chooses, dials, tries the next on
 * failure, then joins the two. Nothing is read from the client before, so that nothing can be lost.
 */
export class TcpFront implements BackendHandler, OpenConnection, StreamOwner {
	deadlineMs = Number.POSITIVE_INFINITY;
	readonly #context: ListenerContext;
	readonly #client: ClientConnection;
	readonly #work: Work;
	#tried: Set<Backend> | undefined;
	#upstream: BackendConnection | undefined;
	#clientError: Error | undefined;
	#dialledAtMs = 0;
	#over = false;

	constructor(context: ListenerContext, client: ClientConnection) {
		this.#context = context;
		this.#client = client;
		const record = newRecord(context, 'tcp', client.peer);
		record.tlsMs = client.tlsMs;
		this.#work = new Work(context, record);
		context.connections.enter(this);
		context.journal.add(record);
		client.stream.pause();
		giveTo(this, client.stream);
		this.#choose();
	}

	connected(): void {
		const upstream = this.#upstream;
		if (upstream === undefined || this.#over) return;
		const {record} = this.#work;
		record.connectMs = this.#context.clock.now() - this.#dialledAtMs;
		record.backendTls = upstream.tlsFacts;
		this.#leave();
		new Splice(this.#context, this.#client, this.#work).join(upstream);
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
		if (!this.#over) this.#failed(connectFailure(error));
	}

	onDeadline(): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream !== undefined) {
			upstream.handler = nobody;
			upstream.destroy();
		}
		this.#failed({outcome: 'connect-timeout', cause: `no connection within ${this.#context.timeouts.connectMs} ms`});
	}

	get isFresh(): boolean {
		return false;
	}

	drain(): void {
		// Under way already: it may finish.
	}

	cutFrom(backend: Backend): void {
		if (backend !== this.#work.backend) return;
		this.#giveUp({outcome: 'drained', cause: 'the back-end was deregistered before it had answered'});
	}

	cut(): void {
		this.#giveUp({outcome: 'drained', cause: 'the load balancer stopped before a back-end had answered'});
	}

	/** @param failure of the try before this one, if there was one. */
	#choose(failure?: {readonly outcome: Outcome; readonly cause: string}): void {
		const {everyone} = this.#context.router;
		const backend = everyone.choose(this.#tried);
		if (backend === undefined) {
			this.#giveUp(failure ?? {outcome: 'no-healthy-backend', cause: everyone.whyNone()});
			return;
		}
		if (failure !== undefined) this.#work.record.addFailedAttempt(failure, this.#context.clock.now());
		this.#work.moveTo(backend);
		this.#dialledAtMs = this.#context.clock.now();
		this.deadlineMs = this.#dialledAtMs + this.#context.timeouts.connectMs;
		this.#upstream = dial(this.#context, backend, this.#client, this);
	}

	#failed(failure: {outcome: Outcome; cause: string}): void {
		const {backend} = this.#work;
		if (backend !== undefined) {
			this.#tried ??= new Set();
			this.#tried.add(backend);
			this.#work.moveTo(undefined);
		}
		this.#choose(failure);
	}

	#giveUp({outcome, cause}: {outcome: Outcome; cause: string}): void {
		if (this.#over) return;
		this.#leave();
		this.#work.finish(outcome, cause);
		const upstream = this.#upstream;
		if (upstream !== undefined) {
			upstream.handler = nobody;
			upstream.destroy();
		}
		const isDecision = outcome === 'no-healthy-backend' || outcome === 'drained';
		// TLS that the load balancer itself ends is ended in good order; what failed is told with a RST.
		if (isDecision && isSecure(this.#context.listener.protocol)) new LastBytes(this.#context, this.#client, 'in-order');
		else this.#client.reset();
	}

	streamData(): void {
		// Nothing is read yet.
	}

	streamEnded(): void {
		// Whoever has the connection next asks whether it has ended.
	}

	streamDrained(): void {
		// Nothing is written yet.
	}

	streamFailed(error: Error): void {
		this.#clientError ??= error;
	}

	streamClosed(): void {
		const how = this.#clientError === undefined ? 'closed' : 'reset';
		this.#giveUp({outcome: 'client-abort', cause: `the client ${how} the connection before a back-end had answered`});
	}

	#leave(): void {
		this.#over = true;
		this.#context.connections.leave(this);
		abandon(this.#client.stream);
	}
}

const nobody: BackendHandler = {connected() {}, data() {}, ended() {}, drained() {}, closed() {}};
