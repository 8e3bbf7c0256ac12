import type {SecureContext} from 'node:tls';
import type {Clock} from '../../base/clock.ts';
import {nextTurn} from '../../base/timers.ts';
import {type Health, isConfirmed, type ObserveOptions, type ProbeResult} from '../../model/health.ts';
import {formatTarget, type HealthCheck} from '../../model/health-check.ts';
import type {ReadBuffers} from '../sockets/read-buffers.ts';
import type {ProbeVersions} from '../sockets/tls-settings.ts';
import {type RunningProbe, startProbe} from './probe.ts';
import {ProbeSession} from './probe-session.ts';

/** What the checker needs of a back-end, which keeps its own health. */
export interface CheckedBackend {
	readonly host: string;
	/** What the probes say. */
	readonly health: Health;
	/** Where a check of this logical port goes. */
	portFor(checkPort: number): number;
	/** Folds the result of one probe into its health. */
	observe(probe: ProbeResult, options: ObserveOptions): void;
	/** Counts results in a row from none: the check asks for something else. */
	forgetStreaks(): void;
}

export interface HealthCheckerOptions<Checked extends CheckedBackend> {
	readonly check: HealthCheck;
	/** See `observe()`; false is what the cloud does. */
	readonly firstSuccessSuffices: () => boolean;
	readonly clock: Clock;
	readonly buffers: ReadBuffers;
	/** For probes over TLS; asked for by the first of them. */
	readonly secureContext: (versions: ProbeVersions) => SecureContext;
	/** Called after every probe, with the health before it; compare `state` to see a flip. It must not throw. */
	readonly onProbed: (backend: Checked, before: Health) => void;
}

/** Whether a back-end is probed as it is added, or with the others at the next beat. */
export type FirstProbe = 'at-once' | 'at-next-beat';

/** How many probes start in one turn of the event loop, so that a beat of hundreds does not hold up traffic. */
const PROBES_PER_TURN = 8;

/** A back-end whose results alternate never settles; it is given up after this many times both thresholds. */
const SETTLE_PATIENCE = 10;

/**
 * Probes the back-ends of one load balancer, healthy or not, at one beat: every `intervalMs`. Of one back-end's probes
 * the next starts only when the last is over; a beat that comes meanwhile passes it by.
 *
 * It owns its timer and its probes from construction until `stop()`.
 */
export class HealthChecker<Checked extends CheckedBackend> implements AsyncDisposable {
	readonly #options: HealthCheckerOptions<Checked>;
	readonly #watched = new Map<Checked, Watched>();
	/** Probes on their way, those of removed back-ends included. */
	readonly #running = new Set<Promise<void>>();
	#check: HealthCheck;
	#stopTimer: () => void;
	#stopped = false;

	constructor(options: HealthCheckerOptions<Checked>) {
		this.#options = options;
		this.#check = options.check;
		this.#stopTimer = this.#startTimer();
	}

	get check(): HealthCheck {
		return this.#check;
	}

	/** @returns resolves when the first probe is over, if it was to be at once. */
	add(backend: Checked, firstProbe: FirstProbe): Promise<void> {
		if (this.#stopped || this.#watched.has(backend)) return Promise.resolve();
		this.#watched.set(backend, {probe: undefined, done: undefined, session: new ProbeSession()});
		return firstProbe === 'at-once' ? this.#probe(backend) : Promise.resolve();
	}

	/** Forgets a back-end; its probe on the way ends without a result. */
	remove(backend: Checked): void {
		this.#watched.get(backend)?.probe?.cancel();
		this.#watched.delete(backend);
	}

	/**
	 * Checks otherwise from now on; states stay. When something else is asked for, probes on their way end without a
	 * result, and results in a row are counted from none. The next beat is one interval from now.
	 */
	setCheck(check: HealthCheck): void {
		if (this.#stopped) return;
		const before = this.#check;
		this.#check = check;
		if (formatTarget(before) !== formatTarget(check)) {
			for (const [backend, watched] of this.#watched) {
				watched.probe?.cancel();
				backend.forgetStreaks();
				watched.session = new ProbeSession();
			}
		}
		this.#stopTimer();
		this.#stopTimer = this.#startTimer();
	}

	/**
	 * Probes at once, one probe after the other, until the thresholds have decided for each back-end. At least one probe
	 * starts after the call, so that what changed just before is seen.
	 *
	 * @param backends all of them, unless said otherwise.
	 * @returns those for which nothing was decided: results that alternate, or a check that was stopped. Those removed
	 * meanwhile are not among them.
	 */
	async settle(backends: Iterable<Checked> = this.#watched.keys()): Promise<Checked[]> {
		const undecided: Checked[] = [];
		await this.#inTurns([...backends], async backend => {
			if (!(await this.#settleOne(backend)) && this.#watched.has(backend)) undecided.push(backend);
		});
		return undecided;
	}

	/** Ends the beat and every probe, without results. Resolves when their sockets are closed. */
	async stop(): Promise<void> {
		this.#stopped = true;
		this.#stopTimer();
		for (const {probe} of this.#watched.values()) probe?.cancel();
		await Promise.all(this.#running);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}

	#startTimer(): () => void {
		return this.#options.clock.every(this.#check.intervalMs, () => this.#beat());
	}

	#beat(): Promise<void> {
		return this.#inTurns([...this.#watched.keys()], backend => this.#probe(backend));
	}

	async #settleOne(backend: Checked): Promise<boolean> {
		// A probe that was on its way may have seen what is no more.
		await this.#watched.get(backend)?.done;
		let left = SETTLE_PATIENCE * (this.#check.healthyThreshold + this.#check.unhealthyThreshold);
		for (; left > 0; left--) {
			await this.#probe(backend);
			if (!this.#watched.has(backend) || this.#stopped) return false;
			if (isConfirmed(backend.health, this.#check)) return true;
		}
		return false;
	}

	/** @returns resolves when the probe is over: the one on its way, if there is one. */
	#probe(backend: Checked): Promise<void> {
		const watched = this.#watched.get(backend);
		if (watched === undefined || this.#stopped) return Promise.resolve();
		if (watched.done !== undefined) return watched.done;
		const {clock, buffers, secureContext} = this.#options;
		const check = this.#check;
		const port = backend.portFor(check.port);
		const probe = startProbe({
			host: backend.host,
			port,
			check,
			clock,
			buffers,
			secureContext,
			session: watched.session,
		});
		const done = this.#follow(backend, watched, probe).finally(() => this.#running.delete(done));
		watched.probe = probe;
		watched.done = done;
		this.#running.add(done);
		return done;
	}

	async #follow(backend: Checked, watched: Watched, probe: RunningProbe): Promise<void> {
		const result = await probe.result;
		watched.probe = undefined;
		watched.done = undefined;
		// A probe that had its result as it was cancelled still resolves with it.
		if (result === undefined || this.#stopped || this.#watched.get(backend) !== watched) return;
		if (result.target !== formatTarget(this.#check)) return;
		const before = backend.health;
		const {firstSuccessSuffices, onProbed} = this.#options;
		backend.observe(result, {check: this.#check, firstSuccessSuffices: firstSuccessSuffices()});
		onProbed(backend, before);
	}

	/** Starts a few in each turn of the event loop, and resolves when all are over. */
	async #inTurns(backends: readonly Checked[], task: (backend: Checked) => Promise<void>): Promise<void> {
		const tasks: Promise<void>[] = [];
		for (const [index, backend] of backends.entries()) {
			if (index > 0 && index % PROBES_PER_TURN === 0) await nextTurn();
			tasks.push(task(backend));
		}
		await Promise.all(tasks);
	}
}

interface Watched {
	probe: RunningProbe | undefined;
	/** Resolves with the probe on its way. */
	done: Promise<void> | undefined;
	/** What its probes over TLS resume. */
	session: ProbeSession;
}
