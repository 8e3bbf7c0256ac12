import type {Authority} from '../certificates/authority.ts';
import type {DescribedBackend} from '../configuration/described.ts';
import {type RunningBackend, startBackend} from './backends.ts';

interface Lodging {
	readonly starting: Promise<RunningBackend>;
	/** How many load balancers hold it. */
	holders: number;
}

/**
 * The back-ends that an emulator runs or knows, by what describes them: the same description object is the same back-end,
 * however many load balancers hold it. One that nobody holds is stopped, unless the configuration keeps it.
 */
export class BackendHouse {
	readonly #authority: Authority;
	readonly #lodgings = new Map<DescribedBackend, Lodging>();
	#kept: ReadonlySet<DescribedBackend> = new Set();

	constructor(authority: Authority) {
		this.#authority = authority;
	}

	/**
	 * Starts a back-end, unless it runs already. Each `hold()` that resolves is followed by one `release()`.
	 *
	 * @param dnsNames see `startBackend`.
	 * @throws EmulatorError `COMMAND_FAILED`, `PORT_UNAVAILABLE`; then it is not held.
	 */
	async hold(backend: DescribedBackend, dnsNames: readonly string[]): Promise<RunningBackend> {
		let lodging = this.#lodgings.get(backend);
		if (lodging === undefined) {
			lodging = {starting: startBackend(backend, {authority: this.#authority, dnsNames}), holders: 0};
			this.#lodgings.set(backend, lodging);
		}
		lodging.holders++;
		try {
			return await lodging.starting;
		} catch (error) {
			if (this.#lodgings.get(backend) === lodging) this.#lodgings.delete(backend);
			throw error;
		}
	}

	/** Resolves when it is stopped, if it was held by nobody else. */
	async release(backend: DescribedBackend): Promise<void> {
		const lodging = this.#lodgings.get(backend);
		if (lodging === undefined) return;
		lodging.holders--;
		if (lodging.holders === 0 && !this.#kept.has(backend)) await this.#end(backend, lodging);
	}

	/** Goes on running these when nobody holds them. Resolves when those are stopped that this was true of before. */
	async keep(backends: Iterable<DescribedBackend>): Promise<void> {
		this.#kept = new Set(backends);
		const left = [...this.#lodgings].filter(([backend, {holders}]) => holders === 0 && !this.#kept.has(backend));
		await Promise.all(left.map(([backend, lodging]) => this.#end(backend, lodging)));
	}

	get kept(): ReadonlySet<DescribedBackend> {
		return this.#kept;
	}

	/** Those that run or are starting. */
	get backends(): Iterable<DescribedBackend> {
		return this.#lodgings.keys();
	}

	/** Stops a back-end whose place another is to take. Returns what brings it back. */
	async suspend(backend: DescribedBackend): Promise<() => Promise<void>> {
		// What could not be started is in nobody's place.
		const running = await this.#lodgings.get(backend)?.starting.catch(() => undefined);
		await running?.stop();
		return async () => running?.start();
	}

	/** Stops everything. */
	async stop(): Promise<void> {
		await Promise.all([...this.#lodgings].map(([backend, lodging]) => this.#end(backend, lodging)));
	}

	async #end(backend: DescribedBackend, {starting}: Lodging): Promise<void> {
		this.#lodgings.delete(backend);
		// What could not be started is not there.
		const running = await starting.catch(() => undefined);
		if (running !== undefined && running.kind !== 'address' && running.kind !== 'undeclared') await running.stop();
	}
}
