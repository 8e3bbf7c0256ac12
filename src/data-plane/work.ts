import type {ExchangeRecord, Outcome} from '../observability/exchange.ts';
import type {Backend} from './backends/backend.ts';
import {finishRecord, type ListenerContext} from './listener-context.ts';

/**
 * What one exchange holds of the load balancer: its record, and the back-end that counts it as in flight.
 *
 * It is handed on with the connection, from a front to a splice, and is finished once, whoever comes first: a second
 * end does nothing. Nothing else changes the count of a back-end, so the count cannot go wrong.
 */
export class Work {
	readonly record: ExchangeRecord;
	readonly #context: ListenerContext;
	#backend: Backend | undefined;
	#finished = false;

	constructor(context: ListenerContext, record: ExchangeRecord) {
		this.#context = context;
		this.record = record;
	}

	/** The back-end that has the work; undefined while none has it, and once it is finished. */
	get backend(): Backend | undefined {
		return this.#backend;
	}

	/** Gives the work to `backend`, and takes it from the back-end that had it. */
	moveTo(backend: Backend | undefined): void {
		if (this.#finished) return;
		this.#backend?.done();
		this.#backend = backend;
		if (backend === undefined) return;
		backend.begin();
		const {record} = this;
		record.backendName = backend.name;
		record.backendAddress = backend.host;
		record.backendPort = backend.portFor(this.#context.listener.backendPort);
	}

	/** Ends it: the back-end has one less in flight, and the record says how it ended. */
	finish(outcome: Outcome, cause = '', nowMs = this.#context.clock.now()): void {
		if (this.#finished) return;
		this.#finished = true;
		this.#backend?.done();
		this.#backend = undefined;
		finishRecord(this.#context, this.record, outcome, cause, nowMs);
	}
}
