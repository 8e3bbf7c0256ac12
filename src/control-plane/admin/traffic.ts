import {EmulatorError} from '../../base/errors.ts';
import {quote} from '../../base/quote.ts';
import {didYouMean} from '../../base/suggest.ts';
import type {Exchange} from '../../observability/exchange.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import {type ExchangeSummary, fieldsIn, summaryOf} from '../../observability/summary.ts';
import {type FilterSubject, readFilter, type TrafficFilter} from '../../observability/traffic-filter.ts';
import type {ApiAnswer, StreamAnswer} from '../dialect.ts';
import {jsonAnswer, streamAnswer} from '../error-answer.ts';
import {type CopyAs, copyAs, type Place} from './copy-as.ts';
import {Query} from './query.ts';
import {type WireRequest, type WireResponse, wireMessage} from './wire-message.ts';

/** The record of one load balancer. */
export interface RecordedTraffic extends Omit<Place, 'endpoint'> {
	readonly loadBalancer: string;
	/** Oldest first. */
	readonly records: readonly ExchangeRecord[];
	/** How many are no longer kept. */
	readonly forgotten: number;
	/** The exchange with this id; `forgotten` when there was one, undefined when there was none. */
	find(id: number): ExchangeRecord | 'forgotten' | undefined;
	clear(): void;
}

const MOST_SUMMARIES = 10_000;
const USUAL_SUMMARIES = 500;

/** What `format` may say: a link in a browser cannot say what it accepts. */
const FORMATS = ['json', 'ndjson'] as const;

/** A browser saves what a link with `format=ndjson` leads to, under this name. */
const AS_FILE = ['Content-Disposition', 'attachment; filename="lb-local-traffic.ndjson"'] as const;

/** What says which exchanges are meant. */
const SELECTING = ['after', 'before', 'lb', 'filter'] as const;

interface Selection {
	readonly after: number;
	readonly before: number;
	readonly lb: string | undefined;
	/** Absent: all pass. A subject of a filter is work for each record. */
	readonly filter: TrafficFilter | undefined;
}

interface TrafficQuery extends Selection {
	readonly limit: number;
	/** Absent: what the request accepts. */
	readonly format: (typeof FORMATS)[number] | undefined;
	/** Whether the first ones after `after` are meant, and not the last ones. */
	readonly isForward: boolean;
}

/** What `GET /_lb/traffic` answers in JSON. */
export interface TrafficPage {
	/** Oldest first. */
	readonly summaries: readonly ExchangeSummary[];
	/** The lowest and the highest `seq` that is kept; 0 when there is nothing. */
	readonly oldest: number;
	readonly newest: number;
	/** How many exchanges are no longer kept. */
	readonly forgotten: number;
	/** How many that are kept are older than the first of these, whether they pass the filter or not. */
	readonly older: number;
	/** Whether the limit left some out: newer ones with `after`, older ones otherwise. */
	readonly more: boolean;
}

/**
 * A page of the record: the first exchanges after `after`, or else the last ones before `before`, or the last ones of all.
 * Summaries in JSON, or whole exchanges as NDJSON: as a file where the query asks for them.
 *
 * @param acceptsLines whether the request accepts NDJSON; `format` in the query counts before it.
 * @throws EmulatorError `INVALID_DESCRIPTION`, `NO_SUCH_LOAD_BALANCER`
 */
export function readTraffic(
	all: readonly RecordedTraffic[],
	query: string,
	acceptsLines: boolean,
): ApiAnswer | StreamAnswer {
	const selection = readQuery(query);
	const {limit, format, isForward} = selection;
	const asked = askedFor(all, selection);
	const isAsked = isIn(selection);
	const records = inOrder(asked);
	const found: ExchangeRecord[] = [];
	let more = false;
	for (let index = 0; index < records.length && !more; index++) {
		const record = records[isForward ? index : records.length - 1 - index];
		if (record === undefined || !isAsked(record)) continue;
		more = found.length === limit;
		if (!more) found.push(record);
	}
	if (!isForward) found.reverse();
	if (format === 'ndjson' || (format === undefined && acceptsLines)) {
		const answer = streamAnswer('application/x-ndjson; charset=utf-8', linesOf(found));
		return format === undefined ? answer : {...answer, headers: [...answer.headers, AS_FILE]};
	}
	const page: TrafficPage = {
		summaries: found.map(summaryOf),
		oldest: records[0]?.seq ?? 0,
		newest: records.at(-1)?.seq ?? 0,
		forgotten: asked.reduce((sum, {forgotten}) => sum + forgotten, 0),
		older: found[0] === undefined ? 0 : records.indexOf(found[0]),
		more,
	};
	return jsonAnswer(page);
}

/**
 * The lines that an access log has of what is recorded, oldest first: those of `lb`, or of all load balancers, that come
 * after `after` and before `before` and pass the filter.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION`, `NO_SUCH_LOAD_BALANCER`
 */
export function readAccessLog(all: readonly RecordedTraffic[], text: string): StreamAnswer {
	const query = new Query(text, SELECTING);
	const selection = readSelection(query);
	query.end();
	const records = inOrder(askedFor(all, selection)).filter(isIn(selection));
	return streamAnswer('text/plain; charset=utf-8', logOf(records));
}

/** What is open, and what an access log leaves out, has no line. */
async function* logOf(records: readonly ExchangeRecord[]): AsyncGenerator<string> {
	for (const {log} of records) if (log !== '') yield `${log}\n`;
}

function askedFor(all: readonly RecordedTraffic[], {lb}: Selection): readonly RecordedTraffic[] {
	return lb === undefined ? all : [named(all, lb)];
}

function isIn({after, before, filter}: Selection): (record: ExchangeRecord) => boolean {
	return record =>
		record.seq > after && record.seq < before && (filter === undefined || filter.matches(subjectOf(record)));
}

/** What a load balancer has recorded is in order. */
function inOrder(asked: readonly RecordedTraffic[]): readonly ExchangeRecord[] {
	const [only] = asked;
	if (only !== undefined && asked.length === 1) return only.records;
	return asked.flatMap(({records}) => records).sort((one, other) => one.seq - other.seq);
}

/** One line at a time: all of them at once may be larger than the memory. */
async function* linesOf(records: readonly ExchangeRecord[]): AsyncGenerator<string> {
	for (const record of records) {
		const json = JSON.stringify(record);
		yield `${json}\n`;
	}
}

/** One whole exchange, as `GET /_lb/traffic/{load balancer}/{id}` answers it. */
export interface WireExchange extends Omit<Exchange, 'startedAt' | 'request' | 'response' | 'summary' | 'heldBytes'> {
	/** ISO 8601, UTC. */
	readonly startedAt: string;
	/** Absent where there was none. */
	readonly request?: WireRequest;
	readonly response?: WireResponse;
	readonly copyAs: CopyAs;
}

/** With its line in the access log, the bytes of bodies that are no text, and texts to paste. */
function wireExchange(record: ExchangeRecord, place: Place): object {
	const {request: asked, response: answered, listener, client, backend, added, outcome, log} = record;
	const {method, target} = asked;
	const {status, by} = answered;
	const request = method === '' ? undefined : {method, target, ...wireMessage(asked)};
	const response = status === 0 ? undefined : {status, by, ...wireMessage(answered)};
	const copied = {listener, client, backend, added, outcome, request, response};
	return {...record.toJSON(), request, response, log, copyAs: copyAs(copied, place)};
}

/**
 * One whole exchange.
 *
 * @param endpoint of the control port.
 * @throws EmulatorError `NO_SUCH_LOAD_BALANCER`, `NO_SUCH_EXCHANGE`, `FORGOTTEN`
 */
export function readExchange(
	all: readonly RecordedTraffic[],
	{lb, id, endpoint}: {readonly lb: string; readonly id: string; readonly endpoint: string},
): ApiAnswer {
	const recorded = named(all, lb);
	const found = /^[1-9]\d{0,14}$/.test(id) ? recorded.find(Number(id)) : undefined;
	if (found === 'forgotten') {
		throw new EmulatorError('FORGOTTEN', `Exchange ${id} of load balancer ${quote(lb)} is no longer kept`, {
			hint: 'The record was cleared, or it has come to its limit: `record: {exchanges: …}` of the library sets that.',
		});
	}
	if (found === undefined) {
		throw new EmulatorError('NO_SUCH_EXCHANGE', `Load balancer ${quote(lb)} has recorded no exchange ${quote(id)}`, {
			hint: 'GET /_lb/traffic lists them: an exchange is known by `lb` and `id`.',
		});
	}
	const {dnsName, listeners} = recorded;
	return jsonAnswer(wireExchange(found, {dnsName, listeners, endpoint}));
}

function named(all: readonly RecordedTraffic[], name: string): RecordedTraffic {
	const found = all.find(({loadBalancer}) => loadBalancer === name);
	if (found !== undefined) return found;
	const names = all.map(({loadBalancer}) => loadBalancer);
	throw new EmulatorError('NO_SUCH_LOAD_BALANCER', `No load balancer is named ${quote(name)}`, {
		hint: didYouMean(name, names),
	});
}

/** An exchange as a filter looks at it, with what its summary leaves out. */
export function subjectOf(record: ExchangeRecord): FilterSubject {
	const summary = summaryOf(record);
	return {
		...summary,
		...(summary.cut === true ? {wholeTarget: record.summary.target} : {}),
		added: () => record.added.map(([name]) => name),
		field: name => fieldsIn(record.requestHead, name),
	};
}

function readQuery(text: string): TrafficQuery {
	const query = new Query(text, [...SELECTING, 'limit', 'format']);
	const selection = readSelection(query);
	const limit = query.number('limit', 1, MOST_SUMMARIES) ?? USUAL_SUMMARIES;
	const format = query.choice('format', FORMATS);
	query.end();
	return {...selection, limit, format, isForward: query.text('after') !== undefined};
}

/** What is wrong with it is told at the end of the query. */
function readSelection(query: Query): Selection {
	const after = query.number('after') ?? 0;
	const before = query.number('before') ?? Number.POSITIVE_INFINITY;
	const written = query.text('filter') ?? '';
	const filter = written.trim() === '' ? undefined : readFilter(written, didYouMean);
	for (const remark of filter?.remarks ?? []) query.refuse({path: ['filter'], ...remark});
	return {after, before, lb: query.text('lb'), filter};
}
