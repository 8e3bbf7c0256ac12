/**
 * Makes the notices about something those that hold now: what holds no longer goes, what is new comes last. Without it,
 * a process that makes load balancers all day would fill the list, and read of those that are long gone.
 *
 * @param about how the sentences of this begin.
 */
export function setNotices(notices: string[], about: string, holds: readonly string[]): void {
	const kept = notices.filter(sentence => !sentence.startsWith(about) || holds.includes(sentence));
	const fresh = holds.filter(sentence => !kept.includes(sentence));
	notices.splice(0, notices.length, ...kept, ...fresh);
}
