import type {AdviceCode, Diagnosis} from '../../model/advice.ts';
import type {Advice, Evidence} from './advice.ts';
import {type AdviceJson, adviceJson} from './advice-json.ts';

/** How many pieces of advice are kept for one load balancer: back-ends come and go, and each may bring its own. */
export const MOST_ADVICE = 100;

class Said implements Advice {
	readonly code: AdviceCode;
	readonly loadBalancer: string;
	readonly backend?: string | undefined;
	readonly listener?: number | undefined;
	readonly certainty: Advice['certainty'];
	readonly message: string;
	readonly fix: string;
	readonly seen?: Advice['seen'];
	readonly probe?: Advice['probe'];
	readonly certificate?: Advice['certificate'];
	count = 1;

	constructor(loadBalancer: string, {code, backend, listener, certainty, text}: Diagnosis, evidence: Evidence) {
		this.code = code;
		this.loadBalancer = loadBalancer;
		if (backend !== undefined) this.backend = backend;
		if (listener !== undefined) this.listener = listener;
		this.certainty = certainty;
		const {message, fix} = text();
		this.message = message;
		this.fix = fix;
		if (evidence.seen !== undefined) this.seen = evidence.seen;
		if (evidence.probe !== undefined) this.probe = evidence.probe;
		if (evidence.certificate !== undefined) this.certificate = evidence.certificate;
	}

	/** One line: what it is about, the cause and the fix. */
	toString(): string {
		return `${this.loadBalancer}: ${this.message}. ${this.fix}`;
	}

	/** See {@link adviceJson}. */
	toJSON(): AdviceJson {
		return adviceJson(this);
	}
}

/**
 * What has been said of one load balancer: each code once for a back-end, a listener, or the two together, and counted
 * from then on. Bounded: what would be too many is neither said nor counted.
 */
export class SaidAdvice {
	readonly #loadBalancer: string;
	readonly #onSaid: (advice: Advice) => void;
	#bySubject = new Map<AdviceCode, Map<string, Said>>();
	#all: Said[] = [];

	/** @param onSaid called with what is said for the first time. It must not throw. */
	constructor(loadBalancer: string, onSaid: (advice: Advice) => void) {
		this.#loadBalancer = loadBalancer;
		this.#onSaid = onSaid;
	}

	/** In the order in which they were said. */
	get all(): readonly Advice[] {
		return [...this.#all];
	}

	/** Counts once more what has been said of a back-end, whatever the listener. @returns whether it has been. */
	recurs(code: AdviceCode, backend: string): boolean {
		const said = this.#bySubject.get(code)?.get(backend);
		if (said === undefined) return false;
		said.count++;
		return true;
	}

	/** Says it, or counts it. */
	note(diagnosis: Diagnosis, evidence: Evidence): void {
		const {code, backend = '', listener} = diagnosis;
		const subject = listener === undefined ? backend : `${backend}:${listener}`;
		if (this.recurs(code, subject) || this.#all.length >= MOST_ADVICE) return;
		const said = new Said(this.#loadBalancer, diagnosis, evidence);
		this.#all.push(said);
		const ofCode = this.#bySubject.get(code) ?? new Map<string, Said>();
		this.#bySubject.set(code, ofCode.set(subject, said));
		this.#onSaid(said);
	}

	clear(): void {
		this.#bySubject = new Map();
		this.#all = [];
	}
}
