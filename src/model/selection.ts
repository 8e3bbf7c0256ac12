/** What selection needs to know of a back-end. */
export interface Candidate {
	/** Position in registration order; grows, and is never given twice. */
	readonly order: number;
	/** Whether it may be given work: healthy, and not taken out by hand. */
	readonly inService: boolean;
}

/**
 * The next back-end in exact round robin over registration order: the first one in service after the one that was
 * picked last. Stable when back-ends leave or come back, because the cursor is a place in the order and not a count.
 *
 * OUTSCALE balances every protocol so (user guide, About Load Balancers), unlike AWS Classic ELB.
 *
 * @param candidates in registration order.
 * @param after the `order` of the last pick; -1 before the first.
 * @param tried those that were tried for this request already.
 */
export function nextBackend<T extends Candidate>(
	candidates: readonly T[],
	after: number,
	tried?: ReadonlySet<T>,
): T | undefined {
	let first: T | undefined;
	for (const candidate of candidates) {
		if (!candidate.inService || tried?.has(candidate)) continue;
		if (candidate.order > after) return candidate;
		first ??= candidate;
	}
	return first;
}
