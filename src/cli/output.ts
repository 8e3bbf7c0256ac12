import {EmulatorError, hasCode, messageOf} from '../base/errors.ts';
import {withoutSecrets} from '../base/quote.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';
import {BoundedLog} from './detached-log.ts';
import {LineOutput} from './line-output.ts';
import {isSamePlace, openSink} from './sink.ts';
import {type Paint, paintFor} from './text.ts';
import {type WaitingBound, WaitingLines} from './waiting-lines.ts';

/**
 * The output of the command line: data for programs on stdout, prose for people on stderr. No method waits for a reader
 * or throws.
 */
export interface Output {
	/** Writes one line of data to stdout. None is dropped. */
	data(line: string): void;
	/** Opens stdout for an endless stream of lines. Returns a function that adds an item. Once in a process. */
	stream<Item>(options: StreamOptions<Item>): (item: Item) => void;
	/** Writes a line of prose to stderr. */
	say(line: string): void;
	warn(message: string): void;
	/** Reports a failure: what happened and what to do next, with a stack trace only if DEBUG asks for it. */
	fail(error: unknown): void;
	readonly paintData: Paint;
	readonly paintProse: Paint;
}

/** How the items of an endless stream are formatted, and what happens when they are read too slowly. */
export interface StreamOptions<Item> {
	/** The noun for an item: `exchange`. */
	readonly noun: string;
	/** Formats an item as a line without its end; called just before it is written. */
	readonly format: (item: Item) => string;
	/** The approximate memory of a waiting item, in bytes. */
	readonly sizeOf: (item: Item) => number;
	/** How much may wait; beyond it the oldest items are dropped. */
	readonly bound: WaitingBound;
	/**
	 * Where the number of dropped items is reported: among the lines, which people read, or in prose, when programs read
	 * the lines.
	 */
	readonly reportDropped: 'in-data' | 'in-prose';
}

/** The output of a process, which must be ended with `end()`. */
export interface ProcessOutput extends Output {
	/** Whether writing failed for a reason other than a reader that ended. */
	readonly hasFailed: boolean;
	/** Whether a write is in progress that may never end and for which `process.exit` would wait. */
	readonly isStuck: boolean;
	/**
	 * Resolves when everything is written, or nothing can be.
	 *
	 * @param idleMs gives up when the reader takes nothing for this long; never by default.
	 */
	end(idleMs?: number): Promise<void>;
}

/** The limit of prose that waits for a stopped terminal: several screens. */
const PROSE_BOUND: WaitingBound = {items: 1000, bytes: 256 * 1024};

/** How often dropped items are reported in prose. */
const REPORT_MS = 1000;

/**
 * The output of this process.
 *
 * @param onReaderGone called once when the reader of stdout has ended, as after `lb-local up | head -1`.
 * @param log the file that both standard streams are, where its size is to be bounded.
 */
export function processOutput(onReaderGone: () => void, log?: string): ProcessOutput {
	const paintProse = paintFor(process.stderr);
	let hasFailed = false;
	const dataSink = log === undefined ? openSink(1) : new BoundedLog(openSink(1), {fd: 1, file: log});
	const sinks = [dataSink];
	const dataOutput = new LineOutput(dataSink, error => {
		// EIO: the terminal is gone.
		if (!hasCode(error, 'EPIPE') && !hasCode(error, 'EIO')) {
			hasFailed = true;
			say(`${paintProse('bad', 'error:')} ${messageOf(error)}`);
		}
		onReaderGone();
	});
	let proseOutput = dataOutput;
	// Both streams share one output, so that neither begins in the middle of a line of the other.
	if (!isSamePlace(1, 2)) {
		const proseSink = openSink(2);
		sinks.push(proseSink);
		// A closed stderr cannot be reported anywhere.
		proseOutput = new LineOutput(proseSink, () => {});
	}
	const prose = new WaitingLines<string>({
		format: line => line,
		sizeOf: line => line.length,
		bound: PROSE_BOUND,
		gapLine: dropped => notShown(dropped, 'message'),
	});
	proseOutput.add(prose);
	const lines = new WaitingLines<string>({format: line => line, sizeOf: line => line.length});
	dataOutput.add(lines);
	const say = (line: string): void => {
		if (proseOutput.isGone) return;
		prose.add(withoutSecrets(line));
		proseOutput.flush();
	};
	const warn = (message: string): void => say(`${paintProse('warning', 'warning:')} ${message}`);
	let giveUpStream = (): void => {};
	return {
		data: line => {
			if (dataOutput.isGone) return;
			lines.add(line);
			dataOutput.flush();
		},
		stream: options => {
			const {add, giveUp} = openStream(dataOutput, options, warn);
			giveUpStream = giveUp;
			return add;
		},
		say,
		warn,
		fail: error => {
			say(`${paintProse('bad', 'error:')} ${messageOf(error)}`);
			const hint = hintOf(error);
			if (hint !== undefined) say(`${paintProse('name', 'hint:')} ${hint}`);
			if (wantsTrace() && error instanceof Error) say(error.stack ?? '');
		},
		paintData: paintFor(process.stdout),
		paintProse,
		get hasFailed() {
			return hasFailed;
		},
		get isStuck() {
			return sinks.some(sink => sink.isStuck);
		},
		end: async idleMs => {
			await dataOutput.drained(idleMs);
			giveUpStream();
			await proseOutput.drained(idleMs);
		},
	};
}

interface Stream<Item> {
	readonly add: (item: Item) => void;
	/** Reports how many items were not written, and drops them. */
	readonly giveUp: () => void;
}

function openStream<Item>(
	output: LineOutput,
	options: StreamOptions<Item>,
	warn: (message: string) => void,
): Stream<Item> {
	const {noun, format, sizeOf, bound, reportDropped} = options;
	const gap = (dropped: number): string => notShown(dropped, noun);
	const warnOfDropped = (dropped: number): void => {
		if (dropped > 0) warn(`${gap(dropped)}: standard output is not read as fast as they come`);
	};
	const isInData = reportDropped === 'in-data';
	const waiting = new WaitingLines<Item>({format, sizeOf, bound, gapLine: isInData ? gap : undefined});
	output.add(waiting);
	let timer: NodeJS.Timeout | undefined;
	const report = (): void => {
		timer = undefined;
		warnOfDropped(waiting.takeDropped());
	};
	return {
		add: item => {
			if (output.isGone) return;
			if (!waiting.add(item) && !isInData) timer ??= setTimeout(report, REPORT_MS).unref();
			output.flushSoon();
		},
		giveUp: () => {
			clearTimeout(timer);
			const isReaderGone = output.isGone;
			const lost = waiting.giveUp(output.giveUp().get(waiting) ?? '');
			if (!isReaderGone) warnOfDropped(lost);
		},
	};
}

/** `1,204 exchanges not shown` */
function notShown(dropped: number, noun: string): string {
	return `${dropped.toLocaleString('en-US')} ${noun}${dropped === 1 ? '' : 's'} not shown`;
}

function hintOf(error: unknown): string | undefined {
	if (error instanceof EmulatorError) return error.hint;
	if (typeof error === 'object' && error !== null && 'hint' in error && typeof error.hint === 'string')
		return error.hint;
	// All our errors are of one class; anything else is a bug.
	return 'this is a bug of lb-local; DEBUG=lb-local shows where, for a report.';
}

function wantsTrace(): boolean {
	const {DEBUG = ''} = process.env;
	return DEBUG.split(/[\s,]+/).some(name => name === 'lb-local' || name === '*');
}
