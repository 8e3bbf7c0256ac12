/**
 * Whether everything is tried, as `npm run test:full` does. `npm test` tries every rule, but not every rule at every
 * byte or a thousand times.
 */
export const IS_FULL = process.env['TEST_DEPTH'] === 'full';

/** How often something is repeated: as often as given in a full run, else a tenth of it, or `quick`. */
export function runs(full: number, quick = Math.ceil(full / 10)): number {
	return IS_FULL ? full : quick;
}

/** All points in a full run; else so many of them, the first and the last included, at even distances. */
export function every<T>(points: readonly T[], quick = 6): readonly T[] {
	if (IS_FULL || points.length <= quick) return points;
	const step = (points.length - 1) / (quick - 1);
	return Array.from({length: quick}, (_, nth) => Math.round(nth * step)).flatMap(index =>
		points.slice(index, index + 1),
	);
}

/** The whole numbers from 0 to `last`, for {@link every}. */
export function upTo(last: number): readonly number[] {
	return Array.from({length: last + 1}, (_, number) => number);
}
