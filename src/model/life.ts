/** The states of a load balancer's life: OUTSCALE API 1.40, LoadBalancer.State. */
export const LIFE_STATES = [
	'provisioning',
	'starting',
	'reloading',
	'active',
	'reconfiguring',
	'deleting',
	'deleted',
] as const;
export type LifeState = (typeof LIFE_STATES)[number];

/** What happens to a load balancer, or happened last. */
export interface Life {
	readonly phase: 'creating' | 'changing' | 'deleting';
	/** When that began, on the emulator's clock; -Infinity for what has always been there. */
	readonly sinceMs: number;
}

/** A moment, and how long each phase of a life takes. */
export interface Moment {
	readonly nowMs: number;
	/** 0: what was asked for is over as soon as it has been answered. */
	readonly lifecycleMs: number;
}

/**
 * The state that a read shows. Creation is `provisioning` for its first half and `starting` for the other, a change is
 * `reconfiguring`, and a deletion is `deleting` until it {@link isOver}: never `active` again, for that ends Terraform's
 * wait with an error.
 *
 * @see OUTSCALE answers recorded in 2026, and the states Terraform's provider waits through
 */
export function stateOf({phase, sinceMs}: Life, {nowMs, lifecycleMs}: Moment): LifeState {
	const elapsedMs = nowMs - sinceMs;
	if (phase === 'deleting') return 'deleting';
	if (elapsedMs >= lifecycleMs) return 'active';
	if (phase === 'changing') return 'reconfiguring';
	return elapsedMs < lifecycleMs / 2 ? 'provisioning' : 'starting';
}

/** The state that the answer to a change shows: it has begun, however short it is. */
export function stateInAnswer(life: Life, moment: Moment): LifeState {
	const state = stateOf(life, moment);
	if (state !== 'active') return state;
	return life.phase === 'creating' ? 'provisioning' : 'reconfiguring';
}

/** Whether a load balancer that is being deleted is gone. */
export function isOver({phase, sinceMs}: Life, {nowMs, lifecycleMs}: Moment): boolean {
	return phase === 'deleting' && nowMs - sinceMs >= lifecycleMs;
}

/** A life that goes on with a change. What is still being created goes on being created. */
export function changed(life: Life, moment: Moment): Life {
	return stateOf(life, moment) === 'active' || life.phase === 'changing'
		? {phase: 'changing', sinceMs: moment.nowMs}
		: life;
}
