import {isAlike} from '../../base/alike.ts';
import type {FaultChange, FaultKind, NormalisedFaultRule} from '../../model/fault.ts';
import {ArmedRule, type FaultSubject} from './armed-rule.ts';
import {Fired} from './fired.ts';

/** Those that are over before a request is there, on a listener that speaks TLS. */
const OF_HANDSHAKES: ReadonlySet<string> = new Set(['stall', 'alert', 'wrong-certificate']);

/** The faults that are armed for one load balancer, in the order in which they were armed. */
export class ArmedFaults {
	#armed: ArmedRule[] = [];
	#nextId = 1;
	#closed = false;
	readonly #seed: number;
	readonly #onChange: (change: FaultChange, armed: ArmedRule) => void;

	/** @param onChange is called when one is armed or disarmed, and when one fires. */
	constructor(seed: number, onChange: (change: FaultChange, armed: ArmedRule) => void) {
		this.#seed = seed;
		this.#onChange = onChange;
	}

	get all(): readonly ArmedRule[] {
		return this.#armed;
	}

	arm(rule: NormalisedFaultRule, isDescribed = false): ArmedRule {
		const armed = new ArmedRule(rule, {
			id: this.#nextId++,
			seed: this.#seed,
			isDescribed,
			disarm: gone => {
				this.#armed = this.#armed.filter(each => each !== gone);
				this.#onChange('removed', gone);
			},
		});
		if (!this.#closed) {
			this.#armed = [...this.#armed, armed];
			this.#onChange('armed', armed);
		}
		return armed;
	}

	/** Arms what is described and was not, and disarms what is no longer. What stays keeps its count. */
	follow(described: readonly NormalisedFaultRule[]): void {
		const left = this.#armed.filter(({isDescribed}) => isDescribed);
		const news: NormalisedFaultRule[] = [];
		for (const rule of described) {
			const at = left.findIndex(each => isAlike(each.rule, rule));
			if (at === -1) news.push(rule);
			else left.splice(at, 1);
		}
		for (const gone of left) gone.remove();
		for (const rule of news) this.arm(rule, true);
	}

	/** Disarms what is not described, and counts anew what is. */
	reset(): void {
		const described = this.#armed.filter(({isDescribed}) => isDescribed).map(({rule}) => rule);
		this.#removeAll();
		for (const rule of described) this.arm(rule, true);
	}

	/** Disarms everything, for good. */
	close(): void {
		this.#closed = true;
		this.#removeAll();
	}

	/** What hits a connection that a TCP or SSL listener has accepted, or a request of an HTTP or HTTPS listener. */
	atListener(port: number, subject: FaultSubject): Fired | undefined {
		return this.#fire(rule => rule.on.kind === 'listener' && rule.on.port === port && !isOfHandshake(rule), subject);
	}

	/** What hits the handshake of a client. */
	atHandshake(port: number, subject: FaultSubject): Fired | undefined {
		return this.#fire(rule => rule.on.kind === 'listener' && rule.on.port === port && isOfHandshake(rule), subject);
	}

	/**
	 * What hits a request or a connection on its way to a back-end.
	 *
	 * @param fits whether a fault of this kind can be there: not all of them go with every listener.
	 */
	atBackend(name: string, subject: FaultSubject, fits: (kind: FaultKind) => boolean): Fired | undefined {
		return this.#fire(rule => rule.on.kind === 'backend' && rule.on.name === name && fits(rule.do.kind), subject);
	}

	/** Whether a rule of this listener asks for a server name before anything else is known of the connection. */
	asksForName(port: number): boolean {
		return this.#armed.some(({rule}) => rule.sni !== undefined && rule.on.kind === 'listener' && rule.on.port === port);
	}

	#fire(concerns: (rule: NormalisedFaultRule) => boolean, subject: FaultSubject): Fired | undefined {
		const hits = this.#armed.filter(armed => concerns(armed.rule) && armed.meets(subject));
		if (hits.length === 0) return undefined;
		for (const hit of hits) this.#onChange('fired', hit);
		return new Fired(hits);
	}

	#removeAll(): void {
		for (const armed of [...this.#armed]) armed.remove();
	}
}

function isOfHandshake({do: fault}: NormalisedFaultRule): boolean {
	return fault.kind === 'tls' && OF_HANDSHAKES.has(fault.how);
}
