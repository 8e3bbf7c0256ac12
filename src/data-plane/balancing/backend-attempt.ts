import {encodeProxyLine} from '../../codec/proxy-protocol.ts';
import type {Outcome} from '../../observability/exchange.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {Backend} from '../backends/backend.ts';
import {BackendConnection, type BackendHandler} from '../backends/backend-connection.ts';
import type {ConnectionFault} from '../backends/dial.ts';
import type {Failure} from '../failure.ts';
import {finishRecord, type ListenerContext, type ProxiedClient} from '../listener-context.ts';
import type {Balancer} from './balancer.ts';
import type {StickySession} from './sticky-sessions.ts';

/**
 * The attempt to have one exchange served by a back-end: which one, the connection to it, what is tried when that fails,
 * and the record of all that.
 *
 * While it has a back-end, that back-end counts it as in flight; nothing else changes the count. It is handed on with
 * the connection, from a front to a splice, and is finished once: a second end does nothing.
 */
export class BackendAttempt {
	readonly record: ExchangeRecord;
	readonly #context: ListenerContext;
	/** The back-ends that it may choose from. */
	readonly #balancer: Balancer;
	/** Present for a request on a listener with stickiness. */
	readonly #session: StickySession | undefined;
	#backend: Backend | undefined;
	/** Back-ends that could not be reached. */
	#tried: Set<Backend> | undefined;
	#retried = false;
	#dialledAtMs = 0;
	#finished = false;

	constructor(context: ListenerContext, record: ExchangeRecord, balancer: Balancer, session?: StickySession) {
		this.#context = context;
		this.record = record;
		this.#balancer = balancer;
		this.#session = session;
	}

	/** The back-end that has it; undefined while none has it, and once it is finished. */
	get backend(): Backend | undefined {
		return this.#backend;
	}

	/** The first choice: the back-end that the client is bound to, or else the next in turn. Or why there is none. */
	choose(): Backend | Failure {
		this.record.chooses(this.#balancer, this.#session);
		const backend = this.#next();
		this.#moveTo(backend);
		return backend ?? {outcome: 'no-healthy-backend', cause: this.#balancer.whyNone()};
	}

	/** Another choice after `failure` to reach the current one. That same failure where there is none. */
	chooseAnother(failure: Failure): Backend | Failure {
		if (this.#backend !== undefined) {
			this.#tried ??= new Set();
			this.#tried.add(this.#backend);
		}
		this.record.choosesAgain(this.#balancer);
		const backend = this.#next();
		if (backend !== undefined) this.record.addFailedAttempt(failure, this.#context.clock.now());
		this.#moveTo(backend);
		return backend ?? failure;
	}

	/**
	 * Notes that the current back-end is tried once more after `loss` of a kept-alive connection, if that is allowed: once,
	 * for a request that may be repeated (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).
	 */
	repeats(loss: Failure): boolean {
		if (this.#retried || this.#context.settings.retry !== 'idempotent') return false;
		this.#retried = true;
		this.record.addFailedAttempt(loss, this.#context.clock.now());
		return true;
	}

	/**
	 * Dials `backend`, which has been chosen.
	 *
	 * @param client whose connection it is for: where the listener has the PROXY protocol, a line with its address is sent first.
	 */
	dial(backend: Backend, client: ProxiedClient, handler: BackendHandler, fault?: ConnectionFault): BackendConnection {
		const {record} = this;
		const {clock, listener, backendTls, buffers, sendsProxyLine} = this.#context;
		record.backendReused = false;
		record.reached = false;
		record.backendTls = undefined;
		record.proxyLine = '';
		record.sentMs = -1;
		record.arrived = false;
		this.#dialledAtMs = clock.now();
		return new BackendConnection(
			{
				host: backend.host,
				port: backend.portFor(listener.backendPort),
				tls: backendTls,
				buffers,
				// The address that the client connected to is a call to the system, made only where it is needed.
				preamble: sendsProxyLine
					? encodeProxyLine(client.peer, {address: client.localAddress, port: listener.port})
					: undefined,
				fault,
			},
			handler,
		);
	}

	/** The connection that was dialled stands. */
	connected({tlsFacts, preamble}: BackendConnection): void {
		this.record.reached = true;
		this.record.connectMs = this.#context.clock.now() - this.#dialledAtMs;
		this.record.backendTls = tlsFacts;
		this.record.proxyLine = preamble;
	}

	/** A kept-alive connection has been taken instead. */
	reused({tlsFacts, preamble}: BackendConnection): void {
		this.record.reached = true;
		this.record.backendReused = true;
		this.record.backendTls = tlsFacts;
		this.record.proxyLine = preamble;
	}

	/** The Set-Cookie line that binds the client to the current back-end, or empty; undefined without stickiness. */
	stickyLine(answerFields: string): string | undefined {
		if (this.#session === undefined || this.#backend === undefined) return undefined;
		return this.#session.lineFor(this.#backend, answerFields);
	}

	/** Ends it: the back-end has one less in flight, and the record says how it ended. */
	finish(outcome: Outcome, cause = '', nowMs = this.#context.clock.now()): void {
		if (this.#finished) return;
		this.#finished = true;
		this.#backend?.done();
		this.#backend = undefined;
		finishRecord(this.#context, this.record, outcome, cause, nowMs);
	}

	#next(): Backend | undefined {
		const balancer = this.#balancer;
		return this.#session?.preferred(balancer.members, this.#tried) ?? balancer.choose(this.#tried);
	}

	#moveTo(backend: Backend | undefined): void {
		if (this.#finished) return;
		this.#backend?.done();
		this.#backend = backend;
		if (backend === undefined) return;
		backend.begin();
		const {record} = this;
		record.backendName = backend.name;
		record.backendOrder = backend.order;
		record.backendAddress = backend.host;
		record.backendPort = backend.portFor(this.#context.listener.backendPort);
	}
}
