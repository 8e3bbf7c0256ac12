import type {Clock} from '../base/clock.ts';
import type {Backend} from './backends/backend.ts';
import type {RunningListener} from './running-listener.ts';

/** A back-end that was deregistered, until nothing is in flight at it, or what is left is cut. */
export interface Drain {
	readonly backend: Backend;
	/** When it is cut, as `Clock.wallMs()` counts. */
	readonly untilMs: number;
}

/**
 * What has left a load balancer and still has work in flight: back-ends that were deregistered, listeners that were
 * closed or replaced. They get nothing new, and what is in flight has `drainMs`; then it is cut.
 */
export class Retiring {
	readonly #clock: Clock;
	readonly #listeners = new Set<RunningListener>();
	readonly #draining = new Map<Backend, Drain>();
	/** Each resolves when one of them is gone. */
	readonly #leaving = new Set<Promise<void>>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Listeners that serve nothing new and whose connections may still be there. */
	get listeners(): readonly RunningListener[] {
		return [...this.#listeners];
	}

	/** Back-ends that get nothing new and have work in flight, in the order in which they left. */
	get drains(): readonly Drain[] {
		return [...this.#draining.values()];
	}

	/** @param serving the listeners whose connections may be with it, besides those that are retiring. */
	retireBackend(backend: Backend, drainMs: number, serving: () => readonly RunningListener[]): void {
		if (drainMs > 0 && backend.inFlight > 0) {
			this.#draining.set(backend, {backend, untilMs: this.#clock.wallMs() + drainMs});
		}
		backend.deregister();
		this.#add(async () => {
			if (this.#draining.has(backend)) await this.within(drainMs, backend.idle());
			this.#draining.delete(backend);
			backend.leave();
			for (const listener of [...serving(), ...this.#listeners]) listener.cutFrom(backend);
		});
	}

	retireListener(listener: RunningListener, drainMs: number): void {
		this.#listeners.add(listener);
		if (drainMs > 0) listener.retire();
		else listener.drain();
		this.#add(async () => {
			if (drainMs > 0 && listener.connections.size > 0) await this.within(drainMs, listener.connections.gone());
			await listener.cut();
			this.#listeners.delete(listener);
		});
	}

	/**
	 * A listener whose place another has taken, because new connections to back-ends are made in another way: what is in
	 * flight goes on as long as it takes, and nobody waits for it.
	 */
	letFinish(listener: RunningListener): void {
		this.#listeners.add(listener);
		listener.retire();
		void listener.connections.gone().then(async () => {
			await listener.cut();
			this.#listeners.delete(listener);
		});
	}

	/** Resolves when all of it is gone, but for listeners that may finish. */
	async gone(): Promise<void> {
		await Promise.all(this.#leaving);
	}

	/** Resolves with `fact`, or after `ms`, or when the function that `hurry` is given is called. */
	within(ms: number, fact: Promise<unknown>, hurry: (done: () => void) => void = () => {}): Promise<void> {
		return new Promise(resolve => {
			const done = () => {
				cancel();
				resolve();
			};
			const cancel = this.#clock.after(ms, done);
			hurry(done);
			void fact.then(done);
		});
	}

	#add(task: () => Promise<void>): void {
		const leaving: Promise<void> = task().finally(() => this.#leaving.delete(leaving));
		this.#leaving.add(leaving);
	}
}
