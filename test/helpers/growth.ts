/** Each amount of work is measured so often, and the least is taken: what else the processor did only adds to it. */
const SAMPLES = 5;

/**
 * How much more processor time the work takes when its input is eight times as long: about 8 where each part of the
 * input is looked at once, 64 where it is looked at once for each other part. Processor time, because a busy machine
 * makes work last longer and cost hardly more.
 *
 * @param work - synchronous, on an input of the given size
 */
export function growth<T>(sizes: readonly [small: T, eightTimes: T], work: (input: T) => unknown): number {
	const [small, large] = sizes.map(input =>
		Math.min(...Array.from({length: SAMPLES}, () => costOf(() => work(input)))),
	);
	// Below a tenth of a millisecond nothing but the measuring is measured.
	return (large ?? 0) / Math.max(small ?? 0, 100);
}

/** More than this for eight times the input is more than linear work, whatever memory and caches do to it. */
export const LINEAR = 28;

/** In microseconds of this process. */
function costOf(act: () => unknown): number {
	const before = process.cpuUsage();
	act();
	const {user, system} = process.cpuUsage(before);
	return user + system;
}
