import {formatAddress} from '../base/errors.ts';
import type {Outcome} from './attempt.ts';
import type {ExchangeKind} from './exchange.ts';
import type {ExchangeRecord} from './exchange-record.ts';

/** How many characters of a target and a cause a summary has. */
const MAX_TEXT = 200;

/** One exchange in one row: what a list shows and a filter asks for. Times in milliseconds, sizes in bytes. */
export interface ExchangeSummary {
	/** See `Exchange.seq`. */
	readonly seq: number;
	/** The load balancer. */
	readonly lb: string;
	readonly id: number;
	/** When it began, milliseconds since 1970. */
	readonly at: number;
	/** The logical port of the listener. */
	readonly port: number;
	readonly kind: ExchangeKind;
	/** The client's address and port: `127.0.0.1:50000`. */
	readonly client: string;
	/** Empty where no request was forwarded. */
	readonly method: string;
	/** Its first 200 characters. */
	readonly target: string;
	/** Present when there is more of the target. */
	readonly cut?: true;
	/** The Host field of the request, or the server name of a client that speaks TLS through a TCP listener. */
	readonly host: string;
	/** The server name that the client asked for in its TLS handshake. */
	readonly sni?: string;
	/** The version of TLS that the client speaks with the load balancer: `TLSv1.3`. */
	readonly tls?: string;
	/** Absent when there was none to try. */
	readonly backend?: string;
	readonly reused: boolean;
	/** 0 without an answer. */
	readonly status: number;
	readonly by: 'backend' | 'load-balancer';
	readonly outcome: Outcome;
	/** Its first 200 characters. */
	readonly cause: string;
	/** See `Exchange.summary`; absent when it is empty. */
	readonly why?: string;
	/** The armed faults that fired: the first 200 characters; absent when none did. */
	readonly fault?: string;
	readonly ms: number;
	readonly up: number;
	readonly down: number;
	readonly open: boolean;
}

/** A row while it is put together. */
type Row = {-readonly [Key in keyof ExchangeSummary]: ExchangeSummary[Key]};

export function summaryOf(record: ExchangeRecord): ExchangeSummary {
	const {client, clientHello, requestHead, outcome} = record;
	const {method, target, status, by, why} = record.summary;
	// Key by key: V8 makes and writes an object that others were spread into several times as slowly.
	const row: Row = {
		seq: record.seq,
		lb: record.loadBalancer,
		id: record.id,
		at: Math.round(record.startedAt),
		port: record.listener,
		kind: record.kind,
		client: formatAddress(client.address, client.port),
		method,
		target: target.slice(0, MAX_TEXT),
		host: fieldsIn(requestHead, 'host', 1)[0] ?? clientHello?.sni ?? '',
		reused: record.backendReused,
		status,
		by,
		outcome,
		cause: record.cause.slice(0, MAX_TEXT),
		ms: record.ms.total,
		up: record.bytesUp,
		down: record.bytesDown,
		open: outcome === 'open',
	};
	const sni = client.tls?.sni ?? clientHello?.sni;
	if (record.backendName !== '') row.backend = record.backendName;
	if (target.length > MAX_TEXT) row.cut = true;
	if (sni !== undefined) row.sni = sni;
	if (client.tls !== undefined) row.tls = client.tls.version;
	if (why !== '') row.why = why.slice(0, MAX_TEXT);
	if (record.fired !== '') row.fault = record.fired.slice(0, MAX_TEXT);
	return row;
}

/** The first `most` values of a field, given by its lower-case name, in the text of a head. */
export function fieldsIn(head: string, name: string, most = Number.POSITIVE_INFINITY): string[] {
	const values: string[] = [];
	for (let start = head.indexOf('\r\n') + 2; start > 1 && start < head.length && values.length < most; ) {
		const end = head.indexOf('\r\n', start);
		if (end <= start) break;
		const colon = start + name.length;
		if (head[colon] === ':' && head.slice(start, colon).toLowerCase() === name) {
			values.push(head.slice(colon + 1, end).trim());
		}
		start = end + 2;
	}
	return values;
}
