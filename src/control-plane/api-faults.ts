import type {Clock} from '../base/clock.ts';
import type {ArmedFault, FaultChange, FaultRule, NormalisedFaultRule} from '../model/fault.ts';
import {countOne, delayOf, type FaultCount, UNCOUNTED} from '../model/fault-count.ts';
import {faultText} from '../model/fault-text.ts';
import {compilePattern, matchesPattern, type Pattern} from '../model/pattern.ts';
import type {ApiFailure} from './dialect.ts';

/** One call, as far as faults ask about it: each is asked when it is needed, and not before. */
export interface MetCall {
	/** The action that it is for. */
	action(): string;
	/** Whether its sender is known: an account has a limit, and calls an action. */
	isAuthentic(): boolean;
}

/** What the faults that hit one call do. */
export interface ApiFaultHit {
	/** Those that hit it, in one line. */
	readonly text: string;
	/** Undefined: the call is carried out. */
	readonly failure: ApiFailure | undefined;
	/** Resolves when the call may go on. */
	readonly delayed: Promise<void> | undefined;
}

/** The faults that are armed for the cloud's APIs, in the order in which they were armed. */
export class ApiFaults {
	#armed: ArmedApiFault[] = [];
	#nextId = 1;
	#isClosed = false;
	readonly #clock: Pick<Clock, 'after'>;
	readonly #seed: number;
	readonly #onChange: (change: FaultChange, fault: ArmedFault) => void;

	/** @param options.clock that delays go by. */
	constructor(options: {
		readonly clock: Pick<Clock, 'after'>;
		readonly seed: number;
		readonly onChange: (change: FaultChange, fault: ArmedFault) => void;
	}) {
		this.#clock = options.clock;
		this.#seed = options.seed;
		this.#onChange = options.onChange;
	}

	get all(): readonly ArmedFault[] {
		return this.#armed;
	}

	/** @param given the rule as it was written. */
	arm(rule: NormalisedFaultRule, given: FaultRule): ArmedFault {
		const armed = new ArmedApiFault(rule, {
			id: this.#nextId++,
			given,
			disarm: () => {
				this.#armed = this.#armed.filter(each => each !== armed);
				this.#onChange('removed', armed);
			},
		});
		if (this.#isClosed) return armed;
		this.#armed = [...this.#armed, armed];
		this.#onChange('armed', armed);
		return armed;
	}

	/**
	 * Counts a call with every fault that it could be hit by. Delays add up; the first that answers in place of the API
	 * decides.
	 *
	 * @param call not asked anything where nothing is armed.
	 */
	meet(call: MetCall): ApiFaultHit | undefined {
		if (this.#armed.length === 0) return undefined;
		const action = call.action();
		const hits = this.#armed.filter(armed => armed.meets(action, () => call.isAuthentic()));
		if (hits.length === 0) return undefined;
		for (const hit of hits) this.#onChange('fired', hit);
		const failing = hits.find(({failure}) => failure !== undefined);
		const waits = hits.flatMap(hit => hit.delay(this.#clock, this.#seed) ?? []);
		return {
			text: hits.map(({text}) => text).join('; '),
			failure: failing?.failure,
			delayed: waits.length === 0 ? undefined : inTurn(waits),
		};
	}

	/** Disarms all of them. */
	clear(): void {
		for (const armed of this.#armed) armed.remove();
	}

	/** Disarms all of them, for good: what waits goes on. */
	close(): void {
		this.#isClosed = true;
		this.clear();
	}
}

class ArmedApiFault implements ArmedFault {
	readonly id: number;
	readonly rule: FaultRule;
	readonly text: string;
	readonly #rule: NormalisedFaultRule;
	readonly #operation: Pattern | undefined;
	/** Undefined once it is removed. */
	#disarm: (() => void) | undefined;
	#count: FaultCount = UNCOUNTED;
	/** Calls that are held back. */
	readonly #held = new Set<() => void>();

	constructor(
		rule: NormalisedFaultRule,
		about: {readonly id: number; readonly given: FaultRule; readonly disarm: () => void},
	) {
		this.id = about.id;
		this.rule = about.given;
		this.text = faultText(rule);
		this.#rule = rule;
		this.#disarm = about.disarm;
		this.#operation = rule.operation === undefined ? undefined : compilePattern(rule.operation, 'path');
	}

	get hits(): number {
		return this.#count.hits;
	}

	get failure(): ApiFailure | undefined {
		const {do: fault} = this.#rule;
		return fault.kind === 'throttle' || fault.kind === 'status' ? fault : undefined;
	}

	/** Counts a call that it could hit, and says whether it does. */
	meets(action: string, isAuthentic: () => boolean): boolean {
		if (this.#operation !== undefined && !matchesPattern(this.#operation, action)) return false;
		if (this.failure !== undefined && isOfAccount(this.failure) && !isAuthentic()) return false;
		const {hits} = this.#count;
		this.#count = countOne(this.#rule, this.#count);
		return this.#count.hits > hits;
	}

	/** Returns what begins to hold a call back; undefined where this fault does not. */
	delay(clock: Pick<Clock, 'after'>, seed: number): (() => Promise<void>) | undefined {
		const {do: fault} = this.#rule;
		if (fault.kind !== 'latency') return undefined;
		const ms = delayOf(fault, {seed, id: this.id, hit: this.hits});
		return () => this.#hold(clock, ms);
	}

	remove(): void {
		const disarm = this.#disarm;
		this.#disarm = undefined;
		disarm?.();
		for (const release of [...this.#held]) release();
	}

	[Symbol.dispose](): void {
		this.remove();
	}

	#hold(clock: Pick<Clock, 'after'>, ms: number): Promise<void> {
		if (this.#disarm === undefined) return Promise.resolve();
		return new Promise(resolve => {
			const release = () => {
				this.#held.delete(release);
				cancel();
				resolve();
			};
			const cancel = clock.after(ms, release);
			this.#held.add(release);
		});
	}
}

/** What LBU, and other APIs of AWS, say with 503 of an account that calls too often (OUTSCALE: 429, so below 500). */
const THROTTLING: ReadonlySet<string> = new Set(['Throttling', 'RequestLimitExceeded']);

/** What answers a known sender only (decision 0011): a limit of the account, or a refusal of what was asked. */
function isOfAccount(failure: ApiFailure): boolean {
	return failure.kind === 'throttle' || failure.status < 500 || THROTTLING.has(failure.code ?? '');
}

async function inTurn(waits: readonly (() => Promise<void>)[]): Promise<void> {
	for (const wait of waits) await wait();
}
