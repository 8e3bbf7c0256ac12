import {availableParallelism, loadavg} from 'node:os';

/** What has not come by then is taken for something that never will. Far beyond what a busy machine needs. */
export const PATIENCE_MS = 120_000;

/** How often a fact is looked at that no event tells of. */
const LOOK_MS = 2;

/** What is said of something that did not come, apart from anything that came and was wrong. */
export function tooLong(what: string): string {
	const load = (loadavg()[0] ?? 0).toFixed(1);
	const machine = `${load} processes want to run on ${availableParallelism()} processors`;
	return `The machine was too slow, or it never comes: no ${what} within ${PATIENCE_MS / 1000} s (${machine}; ${active()})`;
}

/** What keeps this process alive: `3 TCPServerWrap, 1 Timeout`. Whoever looks for a hang sees what is left. */
function active(): string {
	const counts = new Map<string, number>();
	for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
	return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}

/** Resolves when the fact holds; for facts that no event tells of. @throws when it does not come true. */
export async function eventually(fact: () => boolean | Promise<boolean>, what = `${fact}`): Promise<void> {
	const startedMs = performance.now();
	while (!(await fact())) {
		if (performance.now() - startedMs > PATIENCE_MS) throw new Error(tooLong(what));
		await new Promise(resolve => setTimeout(resolve, LOOK_MS));
	}
}

/** The promise's value. @throws when it is not settled in time. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(tooLong(what))), PATIENCE_MS);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}
