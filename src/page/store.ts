import {Ring} from './ring.ts';
import type {Connection} from './stream.ts';
import type {AdminState, ExchangeSummary, ExchangesEvent, FaultState, LoggedCall, TrafficPage} from './wire.ts';

/** As many rows as the browser keeps: about 3 MB. */
export const MOST_ROWS = 10_000;
const MOST_CALLS = 1000;

/** Something to be read out: `alert` for a failure of what the user asked for. */
export interface Message {
	readonly kind: 'status' | 'alert';
	readonly text: string;
	/** Tells two of the same text apart. */
	readonly number: number;
}

/** A part of the record. */
type RecordPage = Pick<TrafficPage, 'summaries' | 'older' | 'forgotten'>;

/** All that the page shows. Views read it, and paint again when it tells of a change: once a frame at most. */
export class Store {
	readonly rows = new Ring<ExchangeSummary>(MOST_ROWS);
	state: AdminState | undefined;
	calls: readonly LoggedCall[] = [];
	/** How many calls there have been. */
	totalCalls = 0;
	faults: readonly FaultState[] = [];
	/** Where the next fault is to be armed, as it was asked for at a back-end. */
	faultPlace: {readonly loadBalancer: string; readonly on: string} | undefined;
	/** The load balancers whose part of the map is folded. */
	readonly folded = new Set<string>();
	/** Whether the filter is to have the focus once it is there. */
	seeksFilter = false;
	connection: Connection = 'connecting';
	/** When something was last heard, in the browser's time. */
	heardAt = 0;
	message: Message | undefined;
	/** Where the traffic is paused: the number of the newest exchange that is shown. */
	pausedAt: number | undefined;
	/** How many exchanges the control port has forgotten. */
	forgotten = 0;
	/** How many exchanges the control port keeps that are older than the rows that have been read. */
	older = 0;
	/** New exchanges, and failed ones, that have not been announced. */
	unannounced = {count: 0, failed: 0};
	/** As `forgotten`, as far as it is accounted for in `older`. */
	#forgottenInAll = 0;
	/** The emulator's clock is ahead of the browser's by so much. */
	#aheadMs = 0;
	readonly #onFrame: (paint: () => void) => void;
	readonly #nowMs: () => number;
	readonly #watchers = new Set<() => void>();
	#isWaiting = false;

	/**
	 * @param onFrame calls back when the browser paints next.
	 * @param nowMs the browser's time.
	 */
	constructor(onFrame: (paint: () => void) => void, nowMs: () => number) {
		this.#onFrame = onFrame;
		this.#nowMs = nowMs;
	}

	/** The emulator's time. */
	get nowMs(): number {
		if (this.state?.clock.kind === 'manual') return Date.parse(this.state.clock.now);
		return this.#nowMs() + this.#aheadMs;
	}

	/** How many exchanges there are, read or not. */
	get totalExchanges(): number {
		return this.rows.length + this.older;
	}

	/** @returns what ends it. */
	watch(watcher: () => void): () => void {
		this.#watchers.add(watcher);
		return () => this.#watchers.delete(watcher);
	}

	setConnection(connection: Connection): void {
		this.connection = connection;
		this.changed();
	}

	heard(): void {
		this.heardAt = this.#nowMs();
		this.changed();
	}

	setState(state: AdminState): void {
		this.#aheadMs = Date.parse(state.clock.now) - this.#nowMs();
		this.state = state;
		this.#forget(state.loadBalancers.reduce((sum, {counters}) => sum + (counters?.forgotten ?? 0), 0));
		this.changed();
	}

	addExchanges({opened, ended}: ExchangesEvent): void {
		for (const row of opened) if (this.rows.put(row)) this.unannounced.count++;
		for (const row of ended) {
			if (this.rows.put(row)) this.unannounced.count++;
			if (row.outcome !== 'ok' || row.status >= 500) this.unannounced.failed++;
		}
		this.#setOlder(this.older);
		this.changed();
	}

	/** The newest of the record; nothing else is kept. */
	setRows(page: RecordPage): void {
		this.rows.clear();
		this.forgotten = page.forgotten;
		this.addOlderRows(page);
		// Another emulator at the port counts anew.
		if (this.pausedAt !== undefined) this.pausedAt = Math.min(this.pausedAt, this.rows.newest?.seq ?? 0);
	}

	/** What the stream has left out. */
	addRows(rows: readonly ExchangeSummary[]): void {
		this.rows.putAll(rows);
		this.#setOlder(this.older);
		this.changed();
	}

	/** Those before the oldest that is here. */
	addOlderRows({summaries, older, forgotten}: RecordPage): void {
		this.rows.putAll(summaries);
		this.#setOlder(older);
		this.#forgottenInAll = forgotten;
		this.changed();
	}

	clearRows(): void {
		this.setRows({summaries: [], older: 0, forgotten: 0});
		this.pausedAt = undefined;
		this.changed();
	}

	setCalls(calls: readonly LoggedCall[], total: number): void {
		this.calls = calls.slice(-MOST_CALLS);
		this.totalCalls = total;
		this.changed();
	}

	addCall(call: LoggedCall): void {
		if (call.number <= (this.calls.at(-1)?.number ?? 0)) return;
		this.setCalls([...this.calls, call], call.number);
	}

	setFaults(faults: readonly FaultState[]): void {
		this.faults = faults;
		this.changed();
	}

	pause(isPaused: boolean): void {
		this.pausedAt = isPaused ? (this.rows.newest?.seq ?? 0) : undefined;
		this.changed();
	}

	say(kind: Message['kind'], text: string): void {
		this.message = {kind, text, number: (this.message?.number ?? 0) + 1};
		this.changed();
	}

	dismiss(): void {
		this.message = undefined;
		this.changed();
	}

	/** No more of them than there is room for. */
	#setOlder(older: number): void {
		this.older = Math.min(older, MOST_ROWS - this.rows.length);
	}

	/** The oldest are forgotten first. */
	#forget(forgotten: number): void {
		this.older = Math.max(0, this.older - Math.max(0, forgotten - this.#forgottenInAll));
		this.#forgottenInAll = Math.max(forgotten, this.#forgottenInAll);
	}

	/** Views are painted with the next frame. */
	changed(): void {
		if (this.#isWaiting) return;
		this.#isWaiting = true;
		this.#onFrame(() => {
			this.#isWaiting = false;
			for (const watcher of this.#watchers) watcher();
		});
	}
}
