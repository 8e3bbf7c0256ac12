import type {Authority} from '../certificates/authority.ts';
import type {NormalisedBackend} from '../model/normalised.ts';
import {type RunningBackend, startBackend} from './backends.ts';

interface Lodging {
	readonly starting: Promise<RunningBackend>;
	/** Of the start. */
	readonly callOff: AbortController;
	/** How many load balancers hold it. */
	holders: number;
}

/**
 * The back-ends that an emulator runs or knows, by what describes them: the same description object is the same back-end,
 * however many load balancers hold it. One that nobody holds is stopped, unless the configuration keeps it.
 */
export class BackendHouse {
	readonly #authority: Authority;
	readonly #lodgings = new Map<NormalisedBackend, Lodging>();
	/** Those that are being stopped. */
	readonly #leaving = new Map<NormalisedBackend, Promise<void>>();
	#kept: ReadonlySet<NormalisedBackend> = new Set();

	constructor(authority: Authority) {
		this.#authority = authority;
	}

	/**
	 * Starts a back-end, unless it runs already. Each `hold()` that resolves is followed by one `release()`.
	 *
	 * @param dnsNames see `startBackend`.
	 * @param signal once it aborts, nobody waits for the start: what only this call holds is stopped.
	 * @throws EmulatorError `COMMAND_FAILED`, `PORT_UNAVAILABLE`, or the signal's reason; then it is not held.
	 */
	async hold(backend: NormalisedBackend, dnsNames: readonly string[], signal: AbortSignal): Promise<RunningBackend> {
		const lodging = this.#lodgings.get(backend) ?? this.#take(backend, dnsNames);
		lodging.holders++;
		const held = await Promise.race([lodging.starting, aborted(signal)]);
		if (held !== undefined) return held;
		await this.release(backend);
		throw signal.reason;
	}

	#take(backend: NormalisedBackend, dnsNames: readonly string[]): Lodging {
		const callOff = new AbortController();
		const lodging = {starting: this.#start(backend, dnsNames, callOff.signal), callOff, holders: 0};
		this.#lodgings.set(backend, lodging);
		lodging.starting.catch(() => {
			if (this.#lodgings.get(backend) === lodging) this.#lodgings.delete(backend);
		});
		return lodging;
	}

	async #start(backend: NormalisedBackend, dnsNames: readonly string[], signal: AbortSignal): Promise<RunningBackend> {
		if (backend.kind === 'command' && backend.port !== undefined) {
			const {port} = backend;
			const before = [...this.#leaving].filter(([each]) => each.kind === 'command' && each.port === port);
			await Promise.all(before.map(([, left]) => left));
		}
		return startBackend(backend, {authority: this.#authority, dnsNames, signal});
	}

	/** Resolves when it is stopped, if it was held by nobody else. */
	async release(backend: NormalisedBackend): Promise<void> {
		const lodging = this.#lodgings.get(backend);
		if (lodging === undefined) return;
		lodging.holders--;
		if (lodging.holders === 0 && !this.#kept.has(backend)) await this.#end(backend, lodging);
	}

	/** Goes on running these when nobody holds them. Resolves when those are stopped that this was true of before. */
	async keep(backends: Iterable<NormalisedBackend>): Promise<void> {
		this.#kept = new Set(backends);
		const left = [...this.#lodgings].filter(([backend, {holders}]) => holders === 0 && !this.#kept.has(backend));
		await Promise.all(left.map(([backend, lodging]) => this.#end(backend, lodging)));
	}

	get kept(): ReadonlySet<NormalisedBackend> {
		return this.#kept;
	}

	/** Those that run or are starting. */
	get backends(): Iterable<NormalisedBackend> {
		return this.#lodgings.keys();
	}

	/** Stops a back-end whose place another is to take. Returns what brings it back. */
	async suspend(backend: NormalisedBackend): Promise<() => Promise<void>> {
		// What could not be started is in nobody's place.
		const running = await this.#lodgings.get(backend)?.starting.catch(() => undefined);
		await running?.stop();
		return async () => running?.start();
	}

	/** Stops everything. */
	async stop(): Promise<void> {
		await Promise.all([...this.#lodgings].map(([backend, lodging]) => this.#end(backend, lodging)));
	}

	#end(backend: NormalisedBackend, lodging: Lodging): Promise<void> {
		this.#lodgings.delete(backend);
		const before = this.#leaving.get(backend);
		const left = Promise.all([before, stopped(lodging)]).then(() => {
			if (this.#leaving.get(backend) === left) this.#leaving.delete(backend);
		});
		this.#leaving.set(backend, left);
		return left;
	}
}

async function stopped({starting, callOff}: Lodging): Promise<void> {
	callOff.abort();
	// What could not be started is not there.
	const running = await starting.catch(() => undefined);
	await running?.end();
}

function aborted(signal: AbortSignal): Promise<undefined> {
	return new Promise(resolve => {
		if (signal.aborted) resolve(undefined);
		else signal.addEventListener('abort', () => resolve(undefined), {once: true});
	});
}
