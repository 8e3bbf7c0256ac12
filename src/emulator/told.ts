/**
 * Makes what is told of something what holds by now: what holds no longer goes, what is new comes last. Whoever makes
 * load balancers all day would fill the list otherwise, and read of those that are long gone.
 *
 * @param about how the sentences of this begin.
 */
export function tell(told: string[], about: string, holds: readonly string[]): void {
	const kept = told.filter(sentence => !sentence.startsWith(about) || holds.includes(sentence));
	const fresh = holds.filter(sentence => !kept.includes(sentence));
	told.splice(0, told.length, ...kept, ...fresh);
}
