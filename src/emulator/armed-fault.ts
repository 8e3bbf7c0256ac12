import {invalidDescription} from '../base/errors.ts';
import {writeFaultRule} from '../configuration/write-fault.ts';
import type {ArmedRule} from '../data-plane/faults/armed-rule.ts';
import type {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import type {ArmedFault, FaultRule, NormalisedFaultRule} from '../model/fault.ts';
import {whyNever} from '../model/fault-target.ts';

/** Validates a rule by itself. @throws EmulatorError `INVALID_DESCRIPTION` with every violation. */
export type ReadFaultRule = (given: unknown) => NormalisedFaultRule;

/**
 * Arms a fault for a load balancer.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation, or with the reason why it could never fire.
 */
export function armFault(running: RunningLoadBalancer, given: unknown, readRule: ReadFaultRule): ArmedFault {
	const rule = readRule(given);
	const {listeners, backends} = running.description;
	const never = whyNever(rule, {
		listeners: listeners.map(listener => ({...listener, verifiesBackends: listener.verifyBackend !== undefined})),
		backends: backends.map(({name}) => name),
	});
	if (never !== undefined) throw invalidDescription('The fault', [never]);
	return new ArmedFaultHandle(running.faults.arm(rule));
}

/** What is armed for a load balancer, what it describes included, in the order in which it was armed. */
export function armedFaults({faults}: RunningLoadBalancer): ArmedFault[] {
	return faults.all.map(armed => new ArmedFaultHandle(armed));
}

class ArmedFaultHandle implements ArmedFault {
	readonly #armed: ArmedRule;

	constructor(armed: ArmedRule) {
		this.#armed = armed;
	}

	get id(): number {
		return this.#armed.id;
	}

	get rule(): FaultRule {
		return writeFaultRule(this.#armed.rule);
	}

	get text(): string {
		return this.#armed.text;
	}

	get hits(): number {
		return this.#armed.hits;
	}

	remove(): void {
		this.#armed.remove();
	}

	[Symbol.dispose](): void {
		this.remove();
	}
}
