import {Revision} from '../../base/revision.ts';
import {
	effectiveReason,
	effectiveState,
	forgetStreaks,
	type Health,
	type HealthReason,
	initialHealth,
	isConfirmed,
	type ObserveOptions,
	type OperatorSetting,
	observe,
	type ProbeResult,
	undeclaredReason,
	whyOut,
} from '../../model/health.ts';
import type {HealthCheck} from '../../model/health-check.ts';
import {portOfBackend, type ResolvedBackend} from '../../model/resolved.ts';
import type {Candidate} from '../../model/selection.ts';
import type {Standing} from '../../observability/why.ts';

/** One registered back-end at run time: what is in flight at it, and its health. */
export class Backend implements Candidate {
	readonly order: number;
	readonly description: ResolvedBackend;
	/** Requests and connections that are with it. */
	inFlight = 0;
	/** Whether it may be given work; kept, because it is asked at every choice. */
	inService: boolean;
	#health: Health;
	#operator: OperatorSetting = 'auto';
	#deregistered = false;
	/** How many failures in a row take it out of service, as its last probe was asked. */
	#threshold = 0;
	readonly #standings: Revision;
	/** As long as it holds. */
	#standing: Standing | undefined;
	/** Resolved when nothing is in flight any more. */
	#waiting: (() => void)[] = [];

	/**
	 * @param start `pending` until its first probe has passed, as the cloud registers; `in-service` otherwise.
	 * @param standings advances whenever its `standing` changes.
	 */
	constructor(
		description: ResolvedBackend,
		order: number,
		start: 'in-service' | 'pending',
		standings: Revision = new Revision(),
	) {
		this.#standings = standings;
		this.description = description;
		this.order = order;
		this.#health = initialHealth(this.undeclared ? 'pending' : start);
		this.inService = this.#health.state === 'InService';
	}

	/** Whether it is a VM whose address has not been declared. */
	get undeclared(): boolean {
		return this.description.undeclared === true;
	}

	get name(): string {
		return this.description.name;
	}

	get host(): string {
		return this.description.host;
	}

	/** Where traffic of a listener with this back-end port goes, and a probe of that port. */
	portFor(backendPort: number): number {
		return portOfBackend(this.description, backendPort);
	}

	/** What the probes say. Kept here alone. */
	get health(): Health {
		return this.#health;
	}

	/** Folds the result of one probe into its health. */
	observe(probe: ProbeResult, options: ObserveOptions): void {
		const wasOut = !this.inService;
		this.#threshold = options.check.unhealthyThreshold;
		this.#health = observe(this.#health, probe, options);
		this.#updateInService();
		// In service it stands the same, whatever its last probe was.
		if (wasOut || !this.inService) this.#restate();
	}

	/** Counts results in a row from none: the check asks for something else. */
	forgetStreaks(): void {
		this.#health = forgetStreaks(this.#health);
	}

	/** What the operator asked for. */
	get operator(): OperatorSetting {
		return this.#operator;
	}

	set operator(setting: OperatorSetting) {
		this.#operator = setting;
		this.#updateInService();
		this.#restate();
	}

	/**
	 * Whether it has had a verdict: of its probes, by the thresholds; of the operator; or there is none to wait for, since
	 * nobody has said where it is.
	 */
	hasVerdict(check: HealthCheck): boolean {
		const {transitions} = this.#health;
		return this.undeclared || this.#operator !== 'auto' || transitions.length > 0 || isConfirmed(this.#health, check);
	}

	/** Why it is in the state that counts. */
	get reason(): HealthReason {
		if (this.undeclared) return undeclaredReason(this.name);
		return effectiveReason(this.#health, this.#operator);
	}

	/** Why it is out of service, for people. */
	get whyOut(): string {
		const {lastProbe, failures} = this.#health;
		const {description: reason} = this.reason;
		return whyOut({operator: this.#operator, reason, lastProbe, failures, threshold: this.#threshold});
	}

	/** How it stands at this moment, as a value that does not change any more. */
	get standing(): Standing {
		this.#standing ??= this.inService
			? {name: this.name, order: this.order, inService: true, reason: ''}
			: {name: this.name, order: this.order, inService: false, reason: this.#whyNoWork};
		return this.#standing;
	}

	/** One more is in flight. Called by `BackendAttempt` alone, which calls `done()` once for each. */
	begin(): void {
		this.inFlight++;
	}

	done(): void {
		this.inFlight--;
		if (this.inFlight < 0) this.warnOfWrongCount();
		if (this.inFlight > 0 || this.#waiting.length === 0) return;
		for (const resolve of this.#waiting) resolve();
		this.#waiting = [];
	}

	/** Gives it no more work, for good. */
	deregister(): void {
		this.#deregistered = true;
		this.#updateInService();
		this.#restate();
	}

	/** Nothing is left at it: it is no candidate any more. */
	leave(): void {
		this.#restate();
	}

	/** Resolves when nothing is in flight. For a back-end that is given no more work. */
	idle(): Promise<void> {
		return this.inFlight === 0 ? Promise.resolve() : new Promise(resolve => this.#waiting.push(resolve));
	}

	/** For a count that is impossible: a fault of this program, which must be seen. */
	warnOfWrongCount(): void {
		process.emitWarning(`${this.inFlight} in flight at back-end "${this.name}", which is wrong: please report this.`, {
			type: 'LoadBalancerWarning',
			code: 'WRONG_COUNT',
		});
	}

	#updateInService(): void {
		this.inService =
			!this.#deregistered && !this.undeclared && effectiveState(this.#health, this.#operator) === 'InService';
	}

	get #whyNoWork(): string {
		if (this.#deregistered) return 'draining';
		return this.#operator === 'auto' ? `out of service: ${this.whyOut}` : 'taken out of service by hand';
	}

	#restate(): void {
		this.#standing = undefined;
		this.#standings.advance();
	}
}
