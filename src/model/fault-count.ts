import type {NormalisedFaultRule} from './fault.ts';

/** How far an armed fault has come. */
export interface FaultCount {
	/** How many it could have hit: right place, filters passed. */
	readonly seen: number;
	/** How many it has hit. */
	readonly hits: number;
}

export const UNCOUNTED: FaultCount = {seen: 0, hits: 0};

/**
 * Counts one more that the rule could hit. The first `skip` are passed over; then the first is hit, and every `every`-th
 * from there on, `times` in all.
 */
export function countOne(
	{skip, times, every}: Pick<NormalisedFaultRule, 'skip' | 'times' | 'every'>,
	{seen, hits}: FaultCount,
): FaultCount {
	const isDue = seen >= skip && (seen - skip) % every === 0 && hits < (times ?? Number.POSITIVE_INFINITY);
	return {seen: seen + 1, hits: isDue ? hits + 1 : hits};
}

/** Whether it will never fire again. */
export function isSpent({times}: Pick<NormalisedFaultRule, 'times'>, {hits}: FaultCount): boolean {
	return times !== undefined && hits >= times;
}

/**
 * The delay of one hit: `latencyMs`, give or take `jitterMs`, never below 0. The same for the same seed, fault and hit.
 *
 * @param id of the armed fault.
 */
export function delayOf(
	{latencyMs, jitterMs}: {readonly latencyMs: number; readonly jitterMs: number},
	{seed, id, hit}: {readonly seed: number; readonly id: number; readonly hit: number},
): number {
	if (jitterMs === 0) return latencyMs;
	return Math.max(0, latencyMs + jitterMs * (2 * fraction(seed, id, hit) - 1));
}

/** A number from 0 to below 1 that is spread evenly over its arguments: the finaliser of MurmurHash3. */
export function fraction(...parts: readonly number[]): number {
	let hash = 0;
	for (const part of parts) {
		hash = Math.imul(hash ^ part, 0x85eb_ca6b) + 0x9e37_79b9;
		hash ^= hash >>> 13;
		hash = Math.imul(hash, 0xc2b2_ae35);
		hash ^= hash >>> 16;
	}
	return (hash >>> 0) / 2 ** 32;
}
