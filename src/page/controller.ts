import {type Ask, failureText} from './api.ts';
import {RecordReader, type RecordReaderOptions} from './record-reader.ts';
import type {Store} from './store.ts';
import type {EventName} from './stream.ts';
import {countOf} from './time.ts';
import type {AdminState, ExchangesEvent, FaultState, LoggedCall} from './wire.ts';

/** How often the state is read at most, whatever happens. */
const STATE_EVERY_MS = 500;
/** Who has asked for something is told when it takes longer. */
const SLOW_MS = 2000;
/** How often new exchanges are announced at most. */
const SAY_EVERY_MS = 5000;

/** Keeps the store as the control port is, and does what the user asks for. */
export class Controller {
	/** Of the traffic. */
	readonly record: RecordReader;
	readonly #store: Store;
	readonly #ask: Ask;
	readonly #later: RecordReaderOptions['later'];
	/** Tasks that are to run and are not to run too often, by their names. */
	readonly #waiting = new Set<string>();

	constructor({store, ask, later}: RecordReaderOptions) {
		this.record = new RecordReader({store, ask, later});
		this.#store = store;
		this.#ask = ask;
		this.#later = later;
	}

	get ask(): Ask {
		return this.#ask;
	}

	/** Reads everything again. */
	async sync(): Promise<void> {
		await Promise.all([this.readState(), this.record.readNewest(), this.#readCalls(), this.readFaults()]);
	}

	async readState(): Promise<void> {
		const answer = await this.#ask<AdminState>('GET', 'state');
		if ('value' in answer) this.#store.setState(answer.value);
	}

	async readFaults(): Promise<void> {
		const answer = await this.#ask<{faults: FaultState[]}>('GET', 'faults');
		if ('value' in answer) this.#store.setFaults(answer.value.faults);
	}

	/** What the stream tells. */
	onEvent(name: EventName, data: unknown): void {
		this.#store.heard();
		// Each event has the shape that those who send it say: `control-plane/admin/live.ts`.
		switch (name) {
			case 'exchanges':
				this.#onExchanges(data as ExchangesEvent);
				break;
			case 'call':
				this.#store.addCall(data as LoggedCall);
				break;
			case 'health': {
				const {loadBalancer, backend, transition} = data as HealthEvent;
				const state = transition.to === 'InService' ? 'in service' : 'out of service';
				this.#store.say('status', `${backend} of ${loadBalancer} is ${state}: ${transition.because}`);
				break;
			}
			case 'drained': {
				const {loadBalancer, backend} = data as Omit<HealthEvent, 'transition'>;
				this.#store.say('status', `${backend} of ${loadBalancer} has nothing in flight any more`);
				break;
			}
			case 'fault':
				this.#seldom('faults', STATE_EVERY_MS, () => this.readFaults());
				break;
			case 'cleared':
				this.#seldom('sync', STATE_EVERY_MS, () => this.sync());
				break;
			case 'bye':
				this.#store.say('status', 'lb-local is being stopped');
				break;
			default:
		}
		if (name !== 'exchanges') this.#seldom('state', STATE_EVERY_MS, () => this.readState());
	}

	/**
	 * Does something, and says how it went.
	 *
	 * @returns whether it was done.
	 */
	async act(method: string, path: string, body: object | undefined, done: string): Promise<boolean> {
		let isAnswered = false;
		// A clock that is moved far, or a command that is slow to start.
		this.#later(SLOW_MS, () => {
			if (!isAnswered) this.#store.say('status', 'Not done yet: lb-local is at it');
		});
		const answer = await this.#ask<object>(method, path, body);
		isAnswered = true;
		if ('failure' in answer) this.#store.say('alert', failureText(answer.failure));
		else this.#store.say('status', done);
		await this.readState();
		return 'value' in answer;
	}

	async clearTraffic(): Promise<void> {
		if (await this.act('DELETE', 'traffic', undefined, 'The record is empty')) this.#store.clearRows();
	}

	async reset(): Promise<void> {
		const isDone = await this.act('POST', 'reset', undefined, 'Everything is as the configuration says');
		if (isDone) await this.sync();
	}

	#onExchanges(event: ExchangesEvent): void {
		if ((event.dropped ?? 0) > 0) this.record.missed();
		this.#store.addExchanges(event);
		// In-flight requests and shares of the map go with the traffic.
		this.#seldom('state', 2 * STATE_EVERY_MS, () => this.readState());
		this.#seldom('say', SAY_EVERY_MS, async () => this.#announce());
	}

	#announce(): void {
		const {count, failed} = this.#store.unannounced;
		this.#store.unannounced = {count: 0, failed: 0};
		if (count === 0) return;
		this.#store.say('status', `${countOf(count, 'new exchange')}${failed === 0 ? '' : `, ${failed} failed`}`);
	}

	async #readCalls(): Promise<void> {
		const answer = await this.#ask<{calls: LoggedCall[]; total: number}>('GET', 'calls');
		if ('value' in answer) this.#store.setCalls(answer.value.calls, answer.value.total);
	}

	/** Runs a task after a while; those that are asked for until then are the same one. */
	#seldom(name: string, ms: number, task: () => Promise<void>): void {
		if (this.#waiting.has(name)) return;
		this.#waiting.add(name);
		this.#later(ms, () => {
			this.#waiting.delete(name);
			void task();
		});
	}
}

interface HealthEvent {
	readonly loadBalancer: string;
	readonly backend: string;
	readonly transition: {readonly to: string; readonly because: string};
}
