import {Buffer} from 'node:buffer';
import type {Refusal} from '../../codec/http1-grammar.ts';
import type {Outcome} from '../../observability/exchange.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import {finishRecord, type ListenerContext} from '../listener-context.ts';
import {answerItself} from './own-answer.ts';

/** Enough for the request line and the fields that a log shows; a head may have 64 KiB, and a record keeps it. */
const MAX_REFUSED_HEAD_BYTES = 4096;

/** What has come of a request that is none. */
export interface RefusedRequest {
	readonly refusal: Refusal;
	readonly outcome: Outcome;
	/** As far as it is known. */
	readonly head: string;
	/** Whether it was a HEAD request, whose answer has no body. */
	readonly toHead: boolean;
}

/** As much of a refused head as a record keeps. Copied: a slice would hold on to the whole, and there are many. */
export function beginningOf(head: string): string {
	return Buffer.from(head.slice(0, MAX_REFUSED_HEAD_BYTES), 'latin1').toString('latin1');
}

/** Records it, and returns the answer to it, after which the connection is closed. latin1. */
export function refuseRequest(
	context: ListenerContext,
	record: ExchangeRecord,
	{refusal, outcome, head, toHead}: RefusedRequest,
): string {
	record.refusedHead = beginningOf(head);
	const text = answerItself(record, {
		status: refusal.status,
		keepAlive: false,
		toHead,
		date: context.dateField.line,
	});
	finishRecord(context, record, outcome, refusal.reason);
	return text;
}
