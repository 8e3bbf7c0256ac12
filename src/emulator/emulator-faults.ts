import type {Clock} from '../base/clock.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';
import type {FaultEvent} from '../control-plane/admin/live.ts';
import {ApiFaults} from '../control-plane/api-faults.ts';
import type {ToldFault} from '../data-plane/services.ts';
import type {ArmedFault, FaultChange, FaultRule} from '../model/fault.ts';
import {readApiFaultRule} from './api-fault-rule.ts';

/** How often it is told at most that one fault fires: it may hit every one of thousands of requests. */
const FIRED_MS = 100;

/**
 * The faults of the cloud's API, and who is told of these and of those of load balancers: when they are armed, fire and
 * are removed. What fires often is told together, with the number of hits.
 */
export class EmulatorFaults {
	readonly ofApi: ApiFaults;
	readonly #tell: (event: FaultEvent) => void;
	/** Faults that have fired and of which that has not been told yet. */
	readonly #waiting = new Map<ToldFault, NodeJS.Timeout>();
	#isClosed = false;

	/** @param clock that delays go by. */
	constructor(
		clock: Pick<Clock, 'after'>,
		{seed, tell}: {readonly seed: number; readonly tell: (event: FaultEvent) => void},
	) {
		this.ofApi = new ApiFaults({clock, seed, onChange: (...change) => this.changed(...change)});
		this.#tell = tell;
	}

	/** Arms a fault of the cloud's API. @throws EmulatorError `INVALID_DESCRIPTION` */
	inject(given: unknown): ArmedFault {
		const rule = readApiFaultRule(given);
		// What has been read without a violation is one; the caller may go on and change its own.
		return this.ofApi.arm(rule, structuredClone(given) as FaultRule);
	}

	/** @param loadBalancer undefined: the cloud's API. */
	changed(change: FaultChange, fault: ToldFault, loadBalancer?: string): void {
		if (this.#isClosed) return;
		if (change !== 'fired') {
			if (this.#waiting.has(fault)) this.#tellFired(fault, loadBalancer);
			this.#tell(eventOf(change, fault, loadBalancer));
			return;
		}
		if (this.#waiting.has(fault)) return;
		const timer = setTimeout(() => this.#tellFired(fault, loadBalancer), FIRED_MS);
		timer.unref();
		this.#waiting.set(fault, timer);
	}

	/** Removes those of the cloud's API. */
	clear(): void {
		this.ofApi.clear();
	}

	/** Removes them for good, and tells no more. */
	close(): void {
		this.#isClosed = true;
		for (const timer of this.#waiting.values()) clearTimeout(timer);
		this.#waiting.clear();
		this.ofApi.close();
	}

	#tellFired(fault: ToldFault, loadBalancer: string | undefined): void {
		clearTimeout(this.#waiting.get(fault));
		this.#waiting.delete(fault);
		this.#tell(eventOf('fired', fault, loadBalancer));
	}
}

function eventOf(change: FaultChange, {id, text, hits}: ToldFault, loadBalancer: string | undefined): FaultEvent {
	return {change, ...(loadBalancer === undefined ? {} : {loadBalancer}), id, text, hits};
}
