const DAY_MS = 24 * 3600_000;

/** `2026-01-31` and `12:04:31.220`, in the time zone of whoever looks. */
function dayAndTime(atMs: number): [day: string, time: string] {
	const [day = '', time = ''] = new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000).toISOString().split('T');
	return [day, time.slice(0, -1)];
}

/** `2026-01-31`, in the time zone of whoever looks. */
export function dayOf(atMs: number): string {
	return dayAndTime(atMs)[0];
}

/** `12:04:31.220` of whatever day. */
export function timeOfDay(atMs: number): string {
	return dayAndTime(atMs)[1];
}

/** `12:04:31.220`, on any other day than this with its date: `2026-01-31 12:04:31.220`. */
export function timeOf(atMs: number, today = ''): string {
	const [day, time] = dayAndTime(atMs);
	return day === today ? time : `${day} ${time}`;
}

/** A duration as people read it: `0.2 ms`, `41 ms`, `3.2 s`, `5 min`. */
export function duration(ms: number): string {
	if (ms < 9.95) return `${Number(ms.toFixed(1))} ms`;
	if (ms < 999.5) return `${Math.round(ms)} ms`;
	if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
	if (ms < 2 * 3600_000) return `${Math.round(ms / 60_000)} min`;
	return ms < 2 * DAY_MS ? `${Math.round(ms / 3600_000)} h` : `${Math.round(ms / DAY_MS)} days`;
}

/** How long ago, in whole units: `now`, `2 s ago`, `5 min ago`. */
export function ago(atMs: number, nowMs: number): string {
	const ms = nowMs - atMs;
	return ms < 1000 ? 'now' : `${duration(Math.floor(ms / 1000) * 1000)} ago`;
}

/** Whole days until a date; negative once it is over. */
export function daysUntil(date: string, nowMs: number): number {
	return Math.floor((Date.parse(date) - nowMs) / DAY_MS);
}

/** `1 request`, `2 requests`, `1,204 requests`. */
export function countOf(count: number, noun: string): string {
	return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A whole number in groups of three digits: `1,204`. */
export function grouped(count: number): string {
	const digits = String(count);
	const groups: string[] = [];
	for (let end = digits.length; end > 0; end -= 3) groups.unshift(digits.slice(Math.max(0, end - 3), end));
	return groups.join(',');
}

/** `0 B`, `812 B`, `16.4 kB`, `3.2 MB`. */
export function bytes(count: number): string {
	if (count < 1000) return `${count} B`;
	if (count < 999_950) return `${Number((count / 1000).toFixed(1))} kB`;
	return `${Number((count / 1e6).toFixed(1))} MB`;
}

/** A time as the control port writes it (ISO 8601, UTC), to the second, for people. */
export function dateOf(text: string): string {
	return text.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
}
