import type {NormalisedFaultRule} from '../../model/fault.ts';
import {countOne, delayOf, type FaultCount, UNCOUNTED} from '../../model/fault-count.ts';
import {faultText} from '../../model/fault-text.ts';
import {compilePattern, matchesPattern, type Pattern} from '../../model/pattern.ts';
import {fieldsIn} from '../../observability/summary.ts';

/** What a rule looks at: a request, a connection or a handshake. */
export interface FaultSubject {
	/** The head of the request as text; empty where there is none. */
	readonly requestHead: string;
	/** The server name that the client asks for; undefined where it is not known, or there is none. */
	readonly sni: string | undefined;
	/** Whether it comes on a connection that was used before. */
	readonly isReuse: boolean;
}

/** A rule that is armed: it counts, and knows what it holds back. */
export class ArmedRule {
	readonly id: number;
	readonly rule: NormalisedFaultRule;
	readonly text: string;
	/** Whether it stays as long as it is described; the others go at a reset. */
	readonly isDescribed: boolean;
	readonly #seed: number;
	readonly #path: Pattern | undefined;
	readonly #sni: Pattern | undefined;
	readonly #value: Pattern | undefined;
	#count: FaultCount = UNCOUNTED;
	/** Set while it is armed; it is taken out by whoever armed it. */
	#disarm: (() => void) | undefined;
	readonly #held = new Set<() => void>();

	constructor(
		rule: NormalisedFaultRule,
		about: {
			readonly id: number;
			readonly seed: number;
			readonly isDescribed: boolean;
			readonly disarm: (armed: ArmedRule) => void;
		},
	) {
		this.rule = rule;
		this.id = about.id;
		this.isDescribed = about.isDescribed;
		this.text = faultText(rule);
		this.#seed = about.seed;
		this.#disarm = () => about.disarm(this);
		const {path, sni, header} = rule;
		this.#path = path === undefined ? undefined : compilePattern(path, 'path');
		this.#sni = sni === undefined ? undefined : compilePattern(sni, 'host');
		this.#value = header?.value === undefined ? undefined : compilePattern(header.value, 'path');
	}

	get hits(): number {
		return this.#count.hits;
	}

	/** Whether it is armed no more. */
	get isRemoved(): boolean {
		return this.#disarm === undefined;
	}

	/** Counts one that it could hit, and says whether it is hit. */
	meets(subject: FaultSubject): boolean {
		if (!this.#admits(subject)) return false;
		const before = this.#count;
		this.#count = countOne(this.rule, before);
		return this.#count.hits > before.hits;
	}

	/** How late bytes are at its latest hit; for a latency. */
	delayMs(fault: {readonly latencyMs: number; readonly jitterMs: number}): number {
		return delayOf(fault, {seed: this.#seed, id: this.id, hit: this.hits});
	}

	/** Calls `release` when the rule is removed, unless the returned function is called before. */
	hold(release: () => void): () => void {
		this.#held.add(release);
		return () => this.#held.delete(release);
	}

	/** Disarms it: what it holds back goes on. */
	remove(): void {
		const disarm = this.#disarm;
		this.#disarm = undefined;
		disarm?.();
		for (const release of [...this.#held]) release();
		this.#held.clear();
	}

	#admits({requestHead, sni, isReuse}: FaultSubject): boolean {
		const {do: fault, header} = this.rule;
		if (fault.kind === 'reset' && fault.when === 'on-reuse' && !isReuse) return false;
		if (this.#sni !== undefined && (sni === undefined || !matchesPattern(this.#sni, sni.toLowerCase()))) return false;
		if (this.#path !== undefined && !matchesPattern(this.#path, pathOf(requestHead))) return false;
		if (header === undefined) return true;
		const values = fieldsIn(requestHead, header.name);
		const wanted = this.#value;
		return wanted === undefined ? values.length > 0 : values.some(value => matchesPattern(wanted, value));
	}
}

/** The path in the first line of a request, without its query. */
function pathOf(requestHead: string): string {
	const start = requestHead.indexOf(' ') + 1;
	const target = requestHead.slice(start, requestHead.indexOf(' ', start));
	const query = target.indexOf('?');
	return query === -1 ? target : target.slice(0, query);
}
