import type {HealthCheck} from './health-check.ts';

/** The state of a back-end told to users, spelled as AWS Classic ELB's `DescribeInstanceHealth`. */
export type ServiceState = 'InService' | 'OutOfService';

/** What the operator asked for; `auto` leaves it to the probes. */
export type OperatorSetting = ServiceState | 'auto';

/** Why a back-end is in its state: OUTSCALE API 1.40, BackendVmHealth.StateReason and .Description. */
export interface HealthReason {
	/** `ELB`: on the load balancer's side. `Instance`: on the back-end's. `N/A`: nothing is wrong. */
	readonly code: 'ELB' | 'Instance' | 'N/A';
	readonly description: string;
}

/** What came of one probe. */
export interface ProbeResult {
	/** What was asked for, as the check says it: `HTTP:80/health`. */
	readonly target: string;
	/** Where it went: `127.0.0.1:3000`. */
	readonly address: string;
	/** `pass`, or the cause of the failure in words. */
	readonly result: string;
	/** From its start to its verdict, with fractions. */
	readonly ms: number;
	/** When it started: milliseconds since 1970-01-01 UTC. */
	readonly atMs: number;
}

/** A change of what the probes say. */
export interface Transition {
	/** When the probe that decided had its verdict: milliseconds since 1970-01-01 UTC. */
	readonly atMs: number;
	readonly from: ServiceState;
	readonly to: ServiceState;
	readonly because: string;
}

/** What the probes say of one back-end. A value: `observe()` makes the next. */
export interface Health {
	readonly state: ServiceState;
	readonly reason: HealthReason;
	/** Whether it was registered out of service and has not come in service since. */
	readonly pending: boolean;
	/** Passes in a row up to the last probe. */
	readonly passes: number;
	/** Failures in a row up to the last probe. */
	readonly failures: number;
	/** How many probes there have been in all: the number of `lastProbe`. */
	readonly probes: number;
	readonly lastProbe: ProbeResult | undefined;
	/** Oldest first; the latest `MAX_TRANSITIONS`. */
	readonly transitions: readonly Transition[];
}

/** Bounds the memory of a back-end that flaps for days. */
export const MAX_TRANSITIONS = 20;

/** AWS Classic ELB, InstanceState.ReasonCode and .Description of what is in service. */
const IN_SERVICE: HealthReason = {code: 'N/A', description: 'N/A'};

/** Recorded from OUTSCALE, ReadVmsHealth after LinkLoadBalancerBackendMachines. */
export const PENDING: HealthReason = {code: 'ELB', description: 'Instance registration is pending'};

/** AWS Classic ELB, InstanceState.Description. */
const FAILED: HealthReason = {
	code: 'Instance',
	description: 'Instance has failed at least the UnhealthyThreshold number of health checks consecutively.',
};

/** AWS Classic ELB, InstanceState.Description. */
const NOT_YET_PASSED: HealthReason = {
	code: 'Instance',
	description: 'Instance has not passed the configured HealthyThreshold number of health checks consecutively.',
};

/** *Guess*: the cloud has no such switch. */
const TAKEN_OUT: HealthReason = {code: 'ELB', description: 'Taken out of service by hand.'};

/** Why a VM whose address nobody has declared is out of service, and what to do about it. */
export function undeclaredReason(vmId: string): HealthReason {
	return {
		code: 'Instance',
		description: `lb-local does not know where ${vmId} is: declare it under "vms" in the configuration, or with \`lb-local set vm ${vmId} 127.0.0.1:3000\`.`,
	};
}

/**
 * The health of a back-end that no probe has reached.
 *
 * @param start `in-service`: as the library and the config file register it. `pending`: as the cloud APIs do.
 */
export function initialHealth(start: 'in-service' | 'pending'): Health {
	const pending = start === 'pending';
	return {
		state: pending ? 'OutOfService' : 'InService',
		reason: pending ? PENDING : IN_SERVICE,
		pending,
		passes: 0,
		failures: 0,
		probes: 0,
		lastProbe: undefined,
		transitions: [],
	};
}

export function isPass({result}: ProbeResult): boolean {
	return result === 'pass';
}

export interface ObserveOptions {
	/** Its thresholds count. */
	readonly check: HealthCheck;
	/**
	 * Brings a pending back-end in service on its first pass; otherwise it needs `healthyThreshold` passes in a row, as in
	 * the cloud.
	 */
	readonly firstSuccessSuffices: boolean;
}

/**
 * Folds the result of one probe into a back-end's health. Only results in a row count: a pass puts the failures back to
 * none, and the reverse.
 *
 * @see OUTSCALE user guide, Configuring Health Checks
 */
export function observe(health: Health, probe: ProbeResult, {check, firstSuccessSuffices}: ObserveOptions): Health {
	const passed = isPass(probe);
	const counted: Health = {
		...health,
		passes: passed ? health.passes + 1 : 0,
		failures: passed ? 0 : health.failures + 1,
		probes: health.probes + 1,
		lastProbe: probe,
	};
	if (passed && counted.state === 'OutOfService') {
		if (counted.passes >= check.healthyThreshold) return changed(counted, probe, `passed ${times(counted.passes)}`);
		if (counted.pending && firstSuccessSuffices) return changed(counted, probe, 'passed for the first time');
		return {...counted, reason: NOT_YET_PASSED};
	}
	if (passed || counted.failures < check.unhealthyThreshold) return counted;
	if (counted.state === 'OutOfService') return {...counted, reason: FAILED};
	return changed(counted, probe, `failed ${times(counted.failures)}: ${probe.result}`);
}

/** The same health after the check has come to ask for something else: results in a row were of another question. */
export function forgetStreaks(health: Health): Health {
	return {...health, passes: 0, failures: 0};
}

/** Whether the thresholds have decided: the last results in a row confirm the state, and more of them change nothing. */
export function isConfirmed({passes, failures}: Health, check: HealthCheck): boolean {
	return passes >= check.healthyThreshold || failures >= check.unhealthyThreshold;
}

/** The state that counts. `auto` goes by what the probes say, which they have gone on saying meanwhile. */
export function effectiveState({state}: Health, operator: OperatorSetting): ServiceState {
	return operator === 'auto' ? state : operator;
}

/** Why a back-end is in the state that counts. */
export function effectiveReason({reason}: Health, operator: OperatorSetting): HealthReason {
	if (operator === 'auto') return reason;
	return operator === 'InService' ? IN_SERVICE : TAKEN_OUT;
}

/**
 * Why a back-end is out of service, for people: what its last probe saw, where that is why, and how often in a row. For
 * example `HTTP:80/health answered 500, 2 of 2`.
 */
export function whyOut({
	operator,
	reason,
	lastProbe,
	failures = 0,
	threshold = 0,
}: {
	readonly operator: string;
	/** In the cloud's words, or ours where it has none. */
	readonly reason: string;
	readonly lastProbe?: Pick<ProbeResult, 'target' | 'result'> | undefined;
	readonly failures?: number;
	/** How many failures in a row take a back-end out of service. */
	readonly threshold?: number;
}): string {
	if (operator !== 'auto' || lastProbe === undefined || lastProbe.result === 'pass') return reason.replace(/\.$/, '');
	const status = /^HTTP (\d+)$/.exec(lastProbe.result)?.[1];
	const saw = status === undefined ? `: ${lastProbe.result}` : ` answered ${status}`;
	if (failures === 0) return `${lastProbe.target}${saw}`;
	return `${lastProbe.target}${saw}, ${failures > threshold ? `${failures} in a row` : `${failures} of ${threshold}`}`;
}

function changed(health: Health, probe: ProbeResult, how: string): Health {
	const to = health.state === 'InService' ? 'OutOfService' : 'InService';
	const because = `${probe.target} ${how}`;
	const transition = {atMs: probe.atMs + probe.ms, from: health.state, to, because} as const;
	return {
		...health,
		state: to,
		reason: to === 'InService' ? IN_SERVICE : FAILED,
		pending: false,
		transitions: [...health.transitions, transition].slice(-MAX_TRANSITIONS),
	};
}

function times(count: number): string {
	return count === 1 ? 'once' : `${count} times in a row`;
}
