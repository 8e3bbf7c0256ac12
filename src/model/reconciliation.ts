import {dialAlike, type ResolvedListener, serveAlike} from './resolved.ts';

/** What becomes of the listeners of one load balancer when its description changes. */
export interface ListenerPlan<Running> {
	/** Go on as they are, with their connections: at most a certificate, a policy or a rule is another. */
	readonly keep: readonly {readonly running: Running; readonly to: ResolvedListener}[];
	/** Keep their bound port for new connections of another kind; the old connections are let go. */
	readonly replace: readonly {
		readonly running: Running;
		readonly to: ResolvedListener;
		/** Whether nothing but policies of its back-end port has changed: those concern new connections alone. */
		readonly byPolicy: boolean;
	}[];
	readonly open: readonly ResolvedListener[];
	readonly close: readonly Running[];
}

/**
 * Compares the listeners that run with those that are described, so that only what has changed is touched.
 *
 * A listener is known by its logical port and the address it is bound at. The port that was bound is not compared: one
 * that was chosen at the start stays, whatever would be chosen anew.
 */
export function planListeners<Running extends {readonly description: ResolvedListener}>(
	running: readonly Running[],
	described: readonly ResolvedListener[],
): ListenerPlan<Running> {
	const keep: {running: Running; to: ResolvedListener}[] = [];
	const replace: {running: Running; to: ResolvedListener; byPolicy: boolean}[] = [];
	const open: ResolvedListener[] = [];
	const left = new Set(running);
	for (const to of described) {
		const same = running.find(
			({description}) => description.port === to.port && description.bind.host === to.bind.host,
		);
		if (same === undefined) open.push(to);
		else {
			left.delete(same);
			const byPolicy = serveAlike(same.description, to);
			if (byPolicy && dialAlike(same.description, to)) keep.push({running: same, to});
			else replace.push({running: same, to, byPolicy});
		}
	}
	return {keep, replace, open, close: [...left]};
}
