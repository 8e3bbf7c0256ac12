import {Buffer} from 'node:buffer';
import type {RequestHead} from '../../codec/request-head.ts';
import type {ResponseHead} from '../../codec/response-head.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {Failure} from '../failure.ts';
import type {Downstream} from '../http/downstream.ts';
import {HttpExchange} from '../http/http-exchange.ts';
import {FaultyDownstream} from './faulty-downstream.ts';
import type {Fired} from './fired.ts';
import {noteFault} from './note.ts';

/** The load balancer's own answer, in whose place that of the fault is written: after it the connection goes on. */
const REPLACED = {status: 503, reason: ''} as const;

/** A request of a load balancer with armed faults: those of its listener may hit it. */
export class FaultyExchange extends HttpExchange {
	readonly #down: FaultyDownstream;
	readonly #isReuse: boolean;

	/** @param isReuse whether the client's connection has carried a request before. */
	constructor(front: Downstream, head: RequestHead, record: ExchangeRecord, isReuse: boolean) {
		const down = new FaultyDownstream(front);
		super(down, head, record);
		this.#down = down;
		this.#isReuse = isReuse;
	}

	override begin(): void {
		this.prepare();
		const {record} = this;
		const {faults, listener} = this.#down.context;
		const {requestHead, client} = record;
		const subject = {requestHead, sni: client.tls?.sni, isReuse: this.#isReuse};
		const fired = faults?.atListener(listener.port, subject);
		if (fired === undefined) {
			this.proceed();
			return;
		}
		noteFault(record, fired, () => fired.deciding !== undefined || this.#down.isCut);
		this.#down.misbehave(fired, record, {
			breakOff: () => this.breakOff(causeOf(fired)),
			clientDrained: () => this.clientDrained(),
		});
		this.#carryOut(fired);
	}

	/** Where bytes are counted it is passed on in parts: the limit ends the exchange before the answer has. */
	override wholeAnswer(head: ResponseHead, body: string, text: string, clean: boolean): void {
		const limit = this.#down.fired?.shape('down')?.limitBytes ?? Number.POSITIVE_INFINITY;
		if (limit === Number.POSITIVE_INFINITY) {
			super.wholeAnswer(head, body, text, clean);
			return;
		}
		this.answerHead(head);
		const chunk = Buffer.from(body, 'latin1');
		const span = [0, chunk.length];
		if (!this.over && chunk.length > 0) this.answerBytes(chunk, span, span, () => {});
		if (!this.over) this.answerEnd(clean);
	}

	#carryOut(fired: Fired): void {
		const {fault} = fired;
		const isAtOnce = fault?.kind === 'reset' && (fault.when === 'at-once' || fault.when === 'on-reuse');
		if (fault?.kind === 'status' || fault?.kind === 'garbage') this.refuse(REPLACED, 'fault');
		else if (fault?.kind === 'close' || isAtOnce) {
			this.#down.cutAtOnce();
			this.breakOff(causeOf(fired));
		} else if (fault?.kind === 'blackhole') {
			const unhold = fired.hold(() => {
				unhold();
				if (this.over) return;
				this.#down.fired = undefined;
				this.proceed();
			});
		} else this.proceed();
	}
}

function causeOf({text}: Fired): Failure {
	return {outcome: 'fault', cause: `fault: ${text}`};
}
