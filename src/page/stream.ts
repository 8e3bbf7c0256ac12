/** What of a browser's EventSource is used. */
export interface EventSourceLike {
	readonly readyState: number;
	onerror: ((event: never) => unknown) | null;
	addEventListener(name: string, listener: (event: {readonly data: string}) => void): void;
	close(): void;
}

/** `hidden`: closed because nobody looks. */
export type Connection = 'connecting' | 'live' | 'lost' | 'hidden';

/** Events that are passed on as they come. */
export const EVENTS = [
	'exchanges',
	'state',
	'call',
	'health',
	'notice',
	'drained',
	'cleared',
	'advice',
	'fault',
	'resync',
	'bye',
] as const;

export type EventName = (typeof EVENTS)[number];

export interface StreamOptions {
	readonly open: () => EventSourceLike;
	/** @returns what forgets it. */
	readonly later: (ms: number, task: () => void) => () => void;
	readonly onConnection: (connection: Connection) => void;
	/** What is known may be out of date: everything is to be read again. */
	readonly onSync: () => void;
	readonly onEvent: (name: EventName, data: unknown) => void;
}

/** A page that nobody looks at for so long gives its connection back: a browser has six for each host. */
export const HIDDEN_MS = 5000;
/** A browser gives up where the answer is no stream of events, such as 503 while there are too many. */
export const RETRY_MS = 3000;
/** `EventSource.CLOSED`, WHATWG HTML section 9.2. */
const CLOSED = 2;

/** The one stream of events of this tab: open while somebody looks, and opened again when it was lost. */
export class Stream {
	readonly #options: StreamOptions;
	#source: EventSourceLike | undefined;
	/** Of the emulator that was last heard; another one knows nothing of what is shown. */
	#instance: string | undefined;
	/** Whether the source that is open has been heard. */
	#isFirst = true;
	#isVisible = false;
	#forget: (() => void) | undefined;

	constructor(options: StreamOptions) {
		this.#options = options;
	}

	/** Whether somebody looks. */
	setVisible(isVisible: boolean): void {
		this.#forget?.();
		this.#forget = undefined;
		this.#isVisible = isVisible;
		if (isVisible) {
			if (this.#source === undefined) this.#open();
			return;
		}
		this.#forget = this.#options.later(HIDDEN_MS, () => {
			this.#close();
			this.#options.onConnection('hidden');
		});
	}

	#open(): void {
		const {open, onConnection} = this.#options;
		onConnection('connecting');
		this.#isFirst = true;
		const source = open();
		this.#source = source;
		const listen = (name: string, listener: (data: unknown) => void) =>
			source.addEventListener(name, ({data}) => {
				if (source !== this.#source) return;
				const told = objectIn(data);
				if (told === undefined) this.#renew();
				else listener(told);
			});
		listen('hello', data => this.#greet(data));
		for (const name of EVENTS) listen(name, data => this.#pass(name, data));
		source.onerror = () => this.#fail(source);
	}

	#greet(data: unknown): void {
		const {onConnection, onSync} = this.#options;
		const {instance} = data as {readonly instance: string}; // An answer of this version's control port.
		const isKnown = instance === this.#instance && !this.#isFirst;
		this.#instance = instance;
		this.#isFirst = false;
		onConnection('live');
		// What was missed follows where the connection was lost and the browser has made another one.
		if (!isKnown) onSync();
	}

	#pass(name: EventName, data: unknown): void {
		if (name === 'resync') this.#options.onSync();
		this.#options.onEvent(name, data);
	}

	/** The browser tries again by itself, unless the answer was no stream. */
	#fail(source: EventSourceLike): void {
		if (source !== this.#source) return;
		if (source.readyState === CLOSED) this.#renew();
		else this.#options.onConnection('lost');
	}

	/** Begins anew after a while, with everything. */
	#renew(): void {
		this.#options.onConnection('lost');
		this.#close();
		this.#forget?.();
		this.#forget = this.#options.later(RETRY_MS, () => {
			if (this.#isVisible) this.#open();
			else this.#options.onConnection('hidden');
		});
	}

	#close(): void {
		this.#source?.close();
		this.#source = undefined;
	}
}

/** What an event says; undefined where it is none of lb-local: another program may have the port by now. */
function objectIn(data: string): unknown {
	try {
		const value: unknown = JSON.parse(data);
		return typeof value === 'object' && value !== null ? value : undefined;
	} catch {
		return undefined;
	}
}
