import {EmulatorError, hasCode, messageOf} from '../base/errors.ts';
import {withoutSecrets} from '../base/quote.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';
import {LineOutput} from './line-output.ts';
import {isSamePlace, openSink} from './sink.ts';
import {type Paint, paintFor} from './text.ts';
import {type WaitingBound, WaitingLines} from './waiting-lines.ts';

/**
 * Where the command line writes: data for programs on one stream, prose for people on the other. Nothing here waits for
 * a reader, nor throws.
 */
export interface Output {
	/** Writes one line of data to stdout. None is dropped. */
	data(line: string): void;
	/** Opens stdout for lines without end. Returns what takes the next one in. Once in a process. */
	stream<Item>(options: StreamOptions<Item>): (item: Item) => void;
	/** Writes a line of prose to stderr. */
	say(line: string): void;
	warn(message: string): void;
	/** Tells of a failure: what happened and what to do next, and never a stack trace unless DEBUG asks for it. */
	fail(error: unknown): void;
	readonly paintData: Paint;
	readonly paintProse: Paint;
}

/** How what is printed without end becomes lines, and what becomes of it when it is not read as fast as it comes. */
export interface StreamOptions<Item> {
	/** What the items are called: `exchange`. */
	readonly noun: string;
	/** The line of an item, without its end; called when it is about to be written. */
	readonly format: (item: Item) => string;
	/** About how many bytes of memory an item holds while it waits. */
	readonly sizeOf: (item: Item) => number;
	/** What may wait; beyond it the oldest items are dropped. */
	readonly bound: WaitingBound;
	/** Where it is told how many were dropped: among the lines, for people, or as prose, when programs read the lines. */
	readonly tellDropped: 'among' | 'aside';
}

/** The output of a process, whose end it has to be told of. */
export interface ProcessOutput extends Output {
	/** Whether something could not be written for another reason than that its reader went away. */
	readonly hasFailed: boolean;
	/** Whether a write is under way that may never end, for which `process.exit` would wait. */
	readonly isStuck: boolean;
	/**
	 * Resolves when everything is written, or nothing can be.
	 *
	 * @param patienceMs what a reader that takes nothing for so long has not taken is given up; without it never.
	 */
	end(patienceMs?: number): Promise<void>;
}

/** Prose that may wait for a terminal that is stopped: several screens. */
const PROSE_BOUND: WaitingBound = {items: 1000, bytes: 256 * 1024};

/** How often it is told aside that something is dropped. */
const TELL_MS = 1000;

/**
 * The output of this process.
 *
 * @param onReaderGone called once when nobody reads stdout any more, as after `lb-local up | head -1`.
 */
export function processOutput(onReaderGone: () => void): ProcessOutput {
	const paintProse = paintFor(process.stderr);
	let hasFailed = false;
	const sinks = [openSink(1)];
	const [dataSink = openSink(1)] = sinks;
	const dataOutput = new LineOutput(dataSink, error => {
		// EIO: the terminal is gone.
		if (!hasCode(error, 'EPIPE') && !hasCode(error, 'EIO')) {
			hasFailed = true;
			say(`${paintProse('bad', 'error:')} ${messageOf(error)}`);
		}
		onReaderGone();
	});
	let proseOutput = dataOutput;
	// Written in turn, so that none begins in the midst of a line of the other.
	if (!isSamePlace(1, 2)) {
		const proseSink = openSink(2);
		sinks.push(proseSink);
		// Who closed stderr does not want to hear of it.
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
		end: async patienceMs => {
			await dataOutput.drained(patienceMs);
			giveUpStream();
			await proseOutput.drained(patienceMs);
		},
	};
}

interface Stream<Item> {
	readonly add: (item: Item) => void;
	/** Tells how many are not written, and forgets them. */
	readonly giveUp: () => void;
}

function openStream<Item>(
	output: LineOutput,
	options: StreamOptions<Item>,
	warn: (message: string) => void,
): Stream<Item> {
	const {noun, format, sizeOf, bound, tellDropped} = options;
	const gap = (dropped: number): string => notShown(dropped, noun);
	const aside = (dropped: number): void => {
		if (dropped > 0) warn(`${gap(dropped)}: standard output is not read as fast as they come`);
	};
	const isAmong = tellDropped === 'among';
	const waiting = new WaitingLines<Item>({format, sizeOf, bound, gapLine: isAmong ? gap : undefined});
	output.add(waiting);
	let timer: NodeJS.Timeout | undefined;
	const tell = (): void => {
		timer = undefined;
		aside(waiting.takeDropped());
	};
	return {
		add: item => {
			if (output.isGone) return;
			if (!waiting.add(item) && !isAmong) timer ??= setTimeout(tell, TELL_MS).unref();
			output.flushSoon();
		},
		giveUp: () => {
			clearTimeout(timer);
			const isReaderGone = output.isGone;
			const lost = waiting.giveUp(output.giveUp().get(waiting) ?? '');
			if (!isReaderGone) aside(lost);
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
	// Ours are all of one class; anything else is a mistake of ours.
	return 'this is a bug of lb-local; DEBUG=lb-local shows where, for a report.';
}

function wantsTrace(): boolean {
	const {DEBUG = ''} = process.env;
	return DEBUG.split(/[\s,]+/).some(name => name === 'lb-local' || name === '*');
}
