import type {ExecutionContext} from 'ava';
import type {Emulator} from '../../src/index.ts';
import {eventually} from './patience.ts';

export interface Told {
	readonly id: string | undefined;
	readonly event: string;
	// biome-ignore lint/suspicious/noExplicitAny: each event has a shape of its own, and a test says which it expects.
	readonly data: any;
}

/** A reader of `GET /_lb/events`. */
export class EventReader {
	readonly told: Told[] = [];
	readonly response: Response;
	readonly ended: Promise<void>;
	readonly #abort: AbortController;

	private constructor(response: Response, abort: AbortController) {
		this.response = response;
		this.#abort = abort;
		this.ended = this.#read();
	}

	static async open(
		t: Pick<ExecutionContext, 'teardown'>,
		{endpoint}: Pick<Emulator, 'endpoint'>,
		lastEventId?: string,
	): Promise<EventReader> {
		const abort = new AbortController();
		t.teardown(() => abort.abort());
		const headers: Record<string, string> = lastEventId === undefined ? {} : {'last-event-id': lastEventId};
		return new EventReader(await fetch(`${endpoint}/_lb/events`, {headers, signal: abort.signal}), abort);
	}

	/** The number of the last event that has one. */
	get lastId(): string | undefined {
		return this.told.findLast(({id}) => id !== undefined)?.id;
	}

	async until(event: string, test: (data: Told['data']) => boolean = () => true): Promise<Told> {
		const find = () => this.told.find(each => each.event === event && test(each.data));
		await eventually(() => find() !== undefined, `${event} among ${this.told.map(each => each.event)}`);
		return find() as Told;
	}

	/** Targets of what has ended, as far as was told. */
	get targets(): string[] {
		return this.told
			.filter(({event}) => event === 'exchanges')
			.flatMap(({data}) => data.ended.map(({target}: {target: string}) => target));
	}

	async close(): Promise<void> {
		this.#abort.abort();
		await this.ended;
	}

	async #read(): Promise<void> {
		let text = '';
		const decoder = new TextDecoder();
		try {
			for await (const chunk of this.response.body ?? []) {
				text += decoder.decode(chunk, {stream: true});
				for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
					this.#take(text.slice(0, end));
					text = text.slice(end + 2);
				}
			}
		} catch {
			// It was closed here, or cut.
		}
	}

	#take(block: string): void {
		const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
		const event = field('event');
		if (event !== undefined) this.told.push({id: field('id'), event, data: JSON.parse(field('data') ?? 'null')});
	}
}
