import type {Authority} from '../certificates/authority.ts';
import type {NormalisedBackend} from '../model/normalised.ts';
import type {RunningBackend, StartBackend} from './backends.ts';

interface Lease {
	readonly starting: Promise<RunningBackend>;
	/** Of the start. */
	readonly callOff: AbortController;
	/** How many load balancers hold it. */
	holders: number;
	/** Whether the start is over: nothing is left to call off. */
	isStarted: boolean;
	/** Whether a change that acquired it has been made. */
	isUsed: boolean;
}

/**
 * The back-ends that an emulator runs or knows, by what describes them: the same description object is the same back-end,
 * however many load balancers hold it. One that nobody holds is stopped, unless the configuration keeps it.
 */
export class BackendRegistry {
	readonly #authority: Authority;
	readonly #startBackend: StartBackend;
	readonly #leases = new Map<NormalisedBackend, Lease>();
	/** Those that are being stopped. */
	readonly #leaving = new Map<NormalisedBackend, Promise<void>>();
	#kept: ReadonlySet<NormalisedBackend> = new Set();

	constructor(authority: Authority, start: StartBackend) {
		this.#authority = authority;
		this.#startBackend = start;
	}

	/**
	 * Starts a back-end, unless it runs already. Each `acquire()` that resolves is followed by one `release()`.
	 *
	 * @param dnsNames see `StartOptions`.
	 * @param signal once it aborts, nobody waits for the start: what only this call holds is stopped.
	 * @throws EmulatorError `COMMAND_FAILED`, `PORT_UNAVAILABLE`, or the signal's reason; then it is not acquired.
	 */
	async acquire(backend: NormalisedBackend, dnsNames: readonly string[], signal: AbortSignal): Promise<RunningBackend> {
		const lease = this.#leases.get(backend) ?? this.#take(backend, dnsNames);
		lease.holders++;
		const acquired = await Promise.race([lease.starting, aborted(signal)]);
		if (acquired !== undefined) return acquired;
		await this.release(backend);
		throw signal.reason;
	}

	#take(backend: NormalisedBackend, dnsNames: readonly string[]): Lease {
		const callOff = new AbortController();
		const starting = this.#start(backend, dnsNames, callOff);
		const lease = {starting, callOff, holders: 0, isStarted: false, isUsed: false};
		this.#leases.set(backend, lease);
		starting.then(
			() => {
				lease.isStarted = true;
			},
			() => {
				if (this.#leases.get(backend) === lease) this.#leases.delete(backend);
			},
		);
		return lease;
	}

	async #start(
		backend: NormalisedBackend,
		dnsNames: readonly string[],
		callOff: AbortController,
	): Promise<RunningBackend> {
		if (backend.kind === 'command' && backend.port !== undefined) {
			const {port} = backend;
			const before = [...this.#leaving].filter(([each]) => each.kind === 'command' && each.port === port);
			await Promise.all(before.map(([, left]) => left));
		}
		return this.#startBackend(backend, {authority: this.#authority, dnsNames, callOff});
	}

	/** Told when a change that acquired it is made. */
	use(backend: NormalisedBackend): void {
		const lease = this.#leases.get(backend);
		if (lease !== undefined) lease.isUsed = true;
	}

	/** Resolves when it is stopped, if it was held by nobody else. */
	async release(backend: NormalisedBackend): Promise<void> {
		const lease = this.#leases.get(backend);
		if (lease === undefined) return;
		lease.holders--;
		// What was started for a change that failed goes, whoever may want it later.
		if (lease.holders === 0 && !(lease.isUsed && this.#kept.has(backend))) await this.#end(backend, lease);
	}

	/** Goes on running these when nobody holds them. Resolves when those are stopped that this was true of before. */
	async keep(backends: Iterable<NormalisedBackend>): Promise<void> {
		this.#kept = new Set(backends);
		const left = [...this.#leases].filter(([backend, {holders}]) => holders === 0 && !this.#kept.has(backend));
		await Promise.all(left.map(([backend, lease]) => this.#end(backend, lease)));
	}

	get kept(): ReadonlySet<NormalisedBackend> {
		return this.#kept;
	}

	/** Those that run or are starting. */
	get backends(): Iterable<NormalisedBackend> {
		return this.#leases.keys();
	}

	/** How many load balancers hold it, those included that are on their way. */
	holdersOf(backend: NormalisedBackend): number {
		return this.#leases.get(backend)?.holders ?? 0;
	}

	/** Stops a back-end whose place another is to take. Returns what brings it back, unless it has been released. */
	async suspend(backend: NormalisedBackend): Promise<() => Promise<void>> {
		const lease = this.#leases.get(backend);
		// What could not be started is in nobody's place.
		const running = await lease?.starting.catch(() => undefined);
		await running?.stop();
		return async () => {
			if (this.#leases.get(backend) === lease) await running?.start();
		};
	}

	/** Stops everything. */
	async stop(): Promise<void> {
		await Promise.all([...this.#leases].map(([backend, lease]) => this.#end(backend, lease)));
	}

	#end(backend: NormalisedBackend, lease: Lease): Promise<void> {
		this.#leases.delete(backend);
		const before = this.#leaving.get(backend);
		const left = Promise.all([before, stopped(lease)]).then(() => {
			if (this.#leaving.get(backend) === left) this.#leaving.delete(backend);
		});
		this.#leaving.set(backend, left);
		return left;
	}
}

async function stopped({starting, isStarted, callOff}: Lease): Promise<void> {
	if (!isStarted) callOff.abort();
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
