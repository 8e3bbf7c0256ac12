import {randomUUID} from 'node:crypto';
import {type Clock, systemClock} from '../../base/clock.ts';
import {EmulatorError} from '../../base/errors.ts';
import type {StreamAnswer} from '../dialect.ts';
import {streamAnswer} from '../error-answer.ts';
import {EventQueue} from './event-queue.ts';
import {EventRing} from './event-ring.ts';
import {ExchangeBatch} from './exchange-batch.ts';
import type {LiveSource} from './live.ts';

/** How many streams there may be: each browser tab has one. */
const MOST_STREAMS = 16;
/** Exchanges are gathered for so long. */
const BATCH_MS = 100;
/** A comment line keeps a stream open that passes through something that ends idle ones. */
const PING_MS = 15_000;
/** For so long after the last reader has gone everything is gathered on, so that it can come back and miss nothing. */
const LINGER_MS = 30_000;
/** How long a reader waits before it connects again. */
const RETRY_MS = 1000;

/**
 * `GET /_lb/events`: server-sent events (WHATWG HTML, section 9.2) of one emulator. Nothing is gathered while nobody has
 * asked for them; each reader has a bounded queue, and one that does not keep up is told to read everything again.
 */
export class EventStreams {
	readonly #source: LiveSource;
	readonly #clock: Pick<Clock, 'every' | 'after'>;
	/** Another one means another process, or another emulator. */
	readonly #instance = randomUUID();
	readonly #ring = new EventRing();
	readonly #queues = new Set<EventQueue>();
	#batch = new ExchangeBatch();
	#revision = 0;
	/** Whether exchanges have left the record since that was told. */
	#isCleared = false;
	#endGathering: (() => void) | undefined;
	#endLingering: () => void = () => {};
	#closed = false;

	/** @param clock the machine's, whatever clock the emulator goes by: readers and what is between wait in real time. */
	constructor(source: LiveSource, clock: Pick<Clock, 'every' | 'after'> = systemClock) {
		this.#source = source;
		this.#clock = clock;
	}

	/**
	 * A stream for one more reader.
	 *
	 * @param lastEventId what the reader has seen last, as it sends it in `Last-Event-ID`.
	 * @throws EmulatorError `TOO_MANY_STREAMS`, `STOPPED`
	 */
	open(lastEventId: string | undefined): StreamAnswer {
		if (this.#closed) throw new EmulatorError('STOPPED', 'The emulator is being stopped');
		if (this.#queues.size >= MOST_STREAMS) {
			throw new EmulatorError('TOO_MANY_STREAMS', `There are ${MOST_STREAMS} streams of events already`, {
				hint: 'Close a tab that shows the page, or end a `lb-local traffic -f`.',
			});
		}
		const missed = lastEventId === undefined ? [] : this.#ring.since(lastEventId);
		this.#gather();
		const queue = new EventQueue(() => this.#leave(queue));
		this.#queues.add(queue);
		const hello = (id: number | undefined) =>
			`retry: ${RETRY_MS}\n${textOf('hello', {instance: this.#instance, revision: this.#source.revision}, id)}`;
		// Without a number before what was missed: a reader that loses the connection in the midst asks for the rest.
		queue.push(hello(missed?.length === 0 ? this.#ring.last : undefined));
		const isComplete = missed?.every(text => queue.push(text)) ?? false;
		if (!isComplete) queue.replaceBy(hello(undefined) + textOf('resync', {}, this.#ring.last));
		const {status, headers, parts} = streamAnswer('text/event-stream; charset=utf-8', queue);
		return {status, headers: [...headers, ['X-Accel-Buffering', 'no']], parts};
	}

	/** Ends every stream, after a last word. */
	close(): void {
		if (this.#closed) return;
		this.#flush();
		this.#closed = true;
		for (const queue of this.#queues) {
			queue.push(textOf('bye', {}, this.#ring.last));
			queue.end();
		}
		this.#stop();
	}

	#gather(): void {
		this.#endLingering();
		if (this.#endGathering !== undefined) return;
		this.#revision = this.#source.revision;
		const ends = [
			this.#clock.every(BATCH_MS, () => this.#flush()),
			this.#clock.every(PING_MS, () => {
				for (const queue of this.#queues) queue.push(': ping\n\n');
			}),
			this.#source.watchTraffic({
				opened: record => this.#batch.opened(record),
				ended: record => this.#batch.ended(record),
				cleared: () => {
					this.#isCleared = true;
				},
			}),
			this.#source.watchEvents((name, event) => this.#add(name, event)),
		];
		this.#endGathering = () => {
			for (const end of ends) end();
		};
	}

	#leave(queue: EventQueue): void {
		this.#queues.delete(queue);
		if (this.#queues.size > 0 || this.#closed) return;
		this.#endLingering = this.#clock.after(LINGER_MS, () => this.#stop());
	}

	#stop(): void {
		this.#endLingering();
		this.#endGathering?.();
		this.#endGathering = undefined;
		this.#batch = new ExchangeBatch();
		this.#isCleared = false;
		// What happens from now on is missing.
		this.#ring.clear();
	}

	#flush(): void {
		if (!this.#batch.isEmpty) this.#add('exchanges', this.#batch);
		this.#batch = this.#batch.next(BATCH_MS);
		if (this.#isCleared) {
			this.#isCleared = false;
			this.#add('cleared', {});
		}
		const {revision} = this.#source;
		if (revision === this.#revision) return;
		this.#revision = revision;
		this.#add('state', {revision});
	}

	#add(name: string, event: unknown): void {
		const text = textOf(name, event, this.#ring.last + 1);
		this.#ring.add(text);
		for (const queue of this.#queues) {
			if (!queue.push(text)) queue.replaceBy(textOf('resync', {}, this.#ring.last));
		}
	}
}

/** One event as it is sent. JSON has no line breaks of its own. */
function textOf(name: string, event: unknown, id: number | undefined): string {
	const json = JSON.stringify(event);
	return `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${json}\n\n`;
}
