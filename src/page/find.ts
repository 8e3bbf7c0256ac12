import type {BackendState, ListenerState, LoadBalancerState} from './wire.ts';

/** What can be asked of a back-end beside its words. */
const STATES = {
	in: ({state}: BackendState) => state === 'InService',
	out: ({state}: BackendState) => state !== 'InService',
	stopped: ({running}: BackendState) => running === false,
} as const;

/** A load balancer, and those of its back-ends that are to be shown. */
interface Found {
	readonly balancer: LoadBalancerState;
	readonly backends: readonly BackendState[];
}

export type Find = (all: readonly LoadBalancerState[]) => readonly Found[];

/**
 * What to look for on the map, as somebody has written it: words that all have to be there, in the load balancer or in
 * the back-end, and `is:in`, `is:out`, `is:stopped`.
 *
 * @returns what gives the load balancers that have it, with the back-ends that have it; and what was written wrong.
 */
export function readFind(text: string): {readonly find: Find; readonly remark: string} {
	const terms = text.toLowerCase().split(/\s+/).filter(Boolean);
	const words = terms.filter(each => !each.startsWith('is:'));
	const asked = terms.filter(each => each.startsWith('is:')).map(each => each.slice(3));
	const known = asked.filter((each): each is keyof typeof STATES => Object.hasOwn(STATES, each));
	const find: Find = all =>
		all.flatMap(balancer => {
			const {name, dnsName, state, listeners} = balancer;
			const own = [name, dnsName, state, ...listeners.flatMap(wordsOfListener)];
			const left = missingIn(words, own);
			if (left.length === 0 && known.length === 0) return [{balancer, backends: balancer.backends}];
			const backends = balancer.backends.filter(
				each => known.every(key => STATES[key](each)) && missingIn(left, wordsOf(each)).length === 0,
			);
			return backends.length === 0 ? [] : [{balancer, backends}];
		});
	return {
		find,
		remark: known.length < asked.length ? 'is: takes in, out or stopped' : '',
	};
}

/** As the map shows it, and as it was written. */
function wordsOfListener({spec, host, boundPort, certificate}: ListenerState): readonly string[] {
	return [spec, spec.replace('->', '→'), `${host}:${boundPort}`, ...(certificate?.names ?? [])];
}

function wordsOf({name, kind, address, reason = '', lastProbe}: BackendState): readonly string[] {
	return [name, kind, address, reason, lastProbe?.target ?? ''];
}

function missingIn(words: readonly string[], texts: readonly string[]): readonly string[] {
	const text = texts.join('\n').toLowerCase();
	return words.filter(each => !text.includes(each));
}
