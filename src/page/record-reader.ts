import type {Ask} from './api.ts';
import type {Store} from './store.ts';
import type {TrafficPage} from './wire.ts';

/** As many rows as are read at once when the page opens: more than a window shows. */
const NEWEST_ROWS = 200;
/** How many of the others are read at once: so few that the browser does not stand still meanwhile. */
const MANY_ROWS = 2000;
/** How often the record is read at most, when the stream has left rows out. */
const EVERY_MS = 1000;

export interface RecordReaderOptions {
	readonly store: Store;
	readonly ask: Ask;
	readonly later: (ms: number, task: () => void) => () => void;
}

/** Reads the record of exchanges: the newest, what the stream has left out, and older ones when somebody looks there. */
export class RecordReader {
	readonly #store: Store;
	readonly #ask: Ask;
	readonly #later: RecordReaderOptions['later'];
	/** The number of the exchange after which the stream has left some out. */
	#missedAfter = Number.POSITIVE_INFINITY;
	/** Whether the stream has left some out since the rows were read last. */
	#isBusy = false;
	#waits = false;
	#isReadingOlder = false;

	constructor({store, ask, later}: RecordReaderOptions) {
		this.#store = store;
		this.#ask = ask;
		this.#later = later;
	}

	/** The newest rows, in place of all that there are. */
	async readNewest(): Promise<void> {
		this.#missedAfter = Number.POSITIVE_INFINITY;
		const page = await this.#read('');
		if (page !== undefined) this.#store.setRows(page);
	}

	/** The rows before those that there are, as many as are read at once. */
	async readOlder(): Promise<void> {
		const {rows, older} = this.#store;
		const {oldest} = rows;
		if (older === 0 || oldest === undefined || this.#isReadingOlder) return;
		this.#isReadingOlder = true;
		const page = await this.#read(`&before=${oldest.seq}`, MANY_ROWS);
		this.#isReadingOlder = false;
		if (page === undefined) return;
		// Not where the rows have become others meanwhile: whoever wants older ones asks again.
		if (rows.oldest?.seq === oldest.seq) this.#store.addOlderRows(page);
		else this.#store.changed();
	}

	/** The stream has left rows out after those that there are by now. */
	missed(): void {
		this.#missedAfter = Math.min(this.#missedAfter, this.#store.rows.newest?.seq ?? 0);
		this.#isBusy = true;
		this.#catchUp();
	}

	/** While more comes than the stream tells, the latest rows are enough; what is missing is read once it is over. */
	#catchUp(): void {
		if (this.#waits) return;
		this.#waits = true;
		this.#later(EVERY_MS, () => {
			this.#waits = false;
			void this.#readMissed();
		});
	}

	async #readMissed(): Promise<void> {
		if (!this.#isBusy) return this.#fill();
		this.#isBusy = false;
		const page = await this.#read('');
		if (page !== undefined) this.#store.addRows(page.summaries);
		this.#catchUp();
	}

	async #fill(): Promise<void> {
		const {rows, oldest} = this.#store.rows;
		// The end of one that is shown as open may be among those that were left out.
		const open = rows.find(row => row.open)?.seq ?? Number.POSITIVE_INFINITY;
		let after = Math.max(Math.min(this.#missedAfter, open - 1), (oldest?.seq ?? 1) - 1);
		this.#missedAfter = Number.POSITIVE_INFINITY;
		for (;;) {
			const page = await this.#read(`&after=${after}`, MANY_ROWS);
			if (page === undefined) return;
			this.#store.addRows(page.summaries);
			if (!page.more) return;
			after = page.summaries.at(-1)?.seq ?? page.newest;
		}
	}

	async #read(range: string, limit = NEWEST_ROWS): Promise<TrafficPage | undefined> {
		const answer = await this.#ask<TrafficPage>('GET', `traffic?limit=${limit}${range}`);
		return 'value' in answer ? answer.value : undefined;
	}
}
