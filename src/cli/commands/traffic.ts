import {quote} from '../../base/quote.ts';
import type {TrafficPage} from '../../control-plane/admin/traffic.ts';
import type {ExchangeSummary} from '../../observability/summary.ts';
import type {CommandContext} from '../command-context.ts';
import {linesAt} from '../control-stream.ts';
import {EXIT, usageError} from '../exit-codes.ts';
import {findEndpoint} from '../find-endpoint.ts';
import {type FollowedEvent, follow} from '../follow-events.ts';
import type {Output} from '../output.ts';
import {summaryLine} from '../report.ts';
import type {Paint} from '../text.ts';
import {WAITING_EXCHANGES} from '../waiting-exchanges.ts';

export interface TrafficOptions {
	readonly endpoint?: string;
	/** Goes on with what comes. */
	readonly follow?: boolean;
	/** One load balancer alone. */
	readonly lb?: string;
	readonly filter?: string;
	/** How many at most of what is recorded: 500 unless given. */
	readonly limit?: string;
	readonly json?: boolean;
}

/** What a page is asked for beside its range. */
type Asked = Pick<TrafficOptions, 'lb' | 'filter' | 'limit'>;

/**
 * Prints what the running instance has recorded, and with `follow` what comes then, one line for each exchange.
 *
 * @throws EmulatorError `USAGE`, `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`, `INVALID_DESCRIPTION`, `NO_SUCH_LOAD_BALANCER`
 */
export async function traffic(options: TrafficOptions, context: CommandContext): Promise<number> {
	const endpoint = await findEndpoint({given: options.endpoint});
	const {lb, filter, limit} = options;
	if (limit !== undefined && !/^\d+$/.test(limit)) {
		throw usageError(`--limit takes a number, not ${quote(limit)}`, 'lb-local traffic --limit 100');
	}
	const end = new AbortController();
	const printer = new Printer(endpoint, {...options, signal: end.signal}, context);
	const asked = {...(lb === undefined ? {} : {lb}), ...(filter === undefined ? {} : {filter})};
	const first = {...asked, ...(limit === undefined ? {} : {limit})};
	if (options.follow !== true) {
		await printer.print(first);
		return EXIT.ok;
	}
	void context.interruption.wait().then(() => end.abort());
	return followTraffic(endpoint, {asked, first, printer, signal: end.signal}, context);
}

async function followTraffic(
	endpoint: string,
	how: {readonly asked: Asked; readonly first: Asked; readonly printer: Printer; readonly signal: AbortSignal},
	{output, interruption}: CommandContext,
): Promise<number> {
	const {asked, first, printer, signal} = how;
	let isFirst = true;
	for await (const {name, data} of follow(endpoint, signal)) {
		if (name === 'hello' && isFirst) {
			isFirst = false;
			// What ends from now on is told by the stream.
			await printer.print(first);
		} else if (name === 'resync') {
			output.warn('some exchanges were missed: `lb-local traffic` shows what is recorded');
		} else if (name === 'exchanges') {
			await printer.printEnded(data, asked);
		} else if (name === 'bye') {
			output.say('lb-local: the instance has been stopped');
			return EXIT.ok;
		}
	}
	if (interruption.isInterrupted) return interruption.exitCode;
	output.say('lb-local: the connection to the instance was lost');
	return EXIT.failed;
}

/** Prints pages of the record. */
class Printer {
	readonly #endpoint: string;
	readonly #options: {readonly json?: boolean; readonly signal: AbortSignal};
	readonly #paint: Paint;
	readonly #show: (line: string) => void;
	/** Those that were printed and had ended: the stream may tell of them once more. */
	readonly #printed = new Set<number>();
	/** The highest number among those that were read. */
	#newest = 0;

	constructor(
		endpoint: string,
		options: {readonly json?: boolean; readonly follow?: boolean; readonly signal: AbortSignal},
		{output}: CommandContext,
	) {
		this.#endpoint = endpoint;
		this.#options = options;
		this.#paint = output.paintData;
		// What is recorded has an end; what comes has none, and its reader may be slow.
		this.#show = options.follow === true ? boundedLines(output, options.json === true) : line => output.data(line);
	}

	/** Prints a page of the record. */
	async print(asked: Asked): Promise<void> {
		for await (const row of this.#rows(asked)) {
			if (!row.open) this.#printed.add(row.seq);
			this.#newest = Math.max(this.#newest, row.seq);
			this.#show(row.line);
		}
	}

	/** Prints those of these exchanges that pass the filter. */
	async printEnded({ended, dropped}: FollowedEvent['data'], asked: Asked): Promise<void> {
		const wanted = new Set(ended.map(({seq}) => seq).filter(seq => !this.#printed.has(seq)));
		if (wanted.size === 0) return;
		const seqs = [...wanted];
		const newest = this.#newest;
		// Those that the event only counts are read with the others.
		const isMissed = (seq: number) => dropped > 0 && seq > newest;
		const after = Math.min(Math.min(...seqs) - 1, dropped > 0 ? newest : Number.MAX_SAFE_INTEGER);
		const range = {after, before: Math.max(...seqs) + 1, limit: 10_000};
		for await (const {seq, open, line} of this.#rows({...asked, ...range})) {
			if (wanted.has(seq) || (isMissed(seq) && !open)) this.#show(line);
		}
		this.#newest = Math.max(newest, ...seqs);
	}

	async *#rows(asked: object): AsyncGenerator<{seq: number; open: boolean; line: string}> {
		const {json = false, signal} = this.#options;
		const query = new URLSearchParams(Object.entries(asked).map(([key, value]): [string, string] => [key, `${value}`]));
		const path = `/_lb/traffic?${query}`;
		const accept = json ? 'application/x-ndjson' : 'application/json';
		for await (const line of linesAt(this.#endpoint, path, {accept, signal})) {
			if (json) {
				// An answer of an instance of this version.
				const {seq, outcome} = JSON.parse(line) as {seq: number; outcome: string};
				yield {seq, open: outcome === 'open', line};
				continue;
			}
			const {summaries} = JSON.parse(line) as TrafficPage;
			for (const summary of summaries) yield {seq: summary.seq, open: summary.open, line: this.#lineOf(summary)};
		}
	}

	#lineOf(summary: ExchangeSummary): string {
		return summaryLine(summary, this.#paint);
	}
}

function boundedLines(output: Output, isJson: boolean): (line: string) => void {
	return output.stream<string>({
		noun: 'exchange',
		format: line => line,
		sizeOf: line => 2 * line.length,
		bound: WAITING_EXCHANGES,
		reportDropped: isJson ? 'in-prose' : 'in-data',
	});
}
