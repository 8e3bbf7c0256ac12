import {setMaxListeners} from 'node:events';
import type {NormalisedBackend, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {BackendHouse} from './backend-house.ts';
import type {RunningBackend} from './backends.ts';
import type {Entry} from './entry.ts';
import {explained, type Household, type Wanted} from './wanted.ts';

/** What is asked of one load balancer in a change. */
export interface Holder {
	readonly wanted: Wanted;
	readonly described: NormalisedLoadBalancer;
	/** The one that runs; undefined when there is none yet. */
	readonly entry: Entry | undefined;
}

/** The change that back-ends are held for. */
export interface Holding {
	readonly house: BackendHouse;
	readonly dnsNameOf: Household['dnsNameOf'];
	readonly entries: ReadonlyMap<string, Entry>;
	readonly unwanted: ReadonlyMap<Entry, number>;
	/** Those that go on when no load balancer holds them. */
	readonly kept: ReadonlySet<NormalisedBackend>;
	/** All load balancers that change. */
	readonly steps: readonly Holder[];
	/** Aborts when the change is called off. */
	readonly signal: AbortSignal;
	/** Takes what takes back what was done. */
	readonly undo: (() => unknown)[];
}

/**
 * Starts those back-ends of a load balancer that do not run yet, all at once. When one fails, the others are not waited
 * for.
 *
 * @throws EmulatorError `COMMAND_FAILED`, `PORT_UNAVAILABLE`, or the reason why the change was called off.
 */
export async function holdBackends(
	{entry, described, wanted}: Holder,
	holding: Holding,
): Promise<Map<NormalisedBackend, RunningBackend>> {
	const fresh = described.backends.filter(backend => entry?.backends.has(backend) !== true);
	for (const backend of fresh) await makeRoom(backend, holding);
	const {house, undo, signal} = holding;
	const failing = new AbortController();
	const either = AbortSignal.any([signal, failing.signal]);
	// Each back-end listens to it, and Node would take the eleventh for a leak.
	setMaxListeners(0, either);
	const held = await Promise.allSettled(
		fresh.map(async backend => {
			try {
				const running = await house.hold(backend, dnsNamesFor(backend, described, holding), either);
				undo.push(() => house.release(backend));
				return [backend, running] as const;
			} catch (error) {
				// The first one to fail says why; an abort has its reason already.
				if (!either.aborted) failing.abort(explained(wanted, error, backend));
				throw either.reason;
			}
		}),
	);
	return new Map(held.map(result => fulfilled(result)));
}

/** Two commands cannot listen on one port: the one that leaves has to go before the other can start. */
async function makeRoom(fresh: NormalisedBackend, holding: Holding): Promise<void> {
	if (fresh.kind !== 'command' || fresh.port === undefined) return;
	const {house, undo} = holding;
	for (const old of [...house.backends]) {
		if (old === fresh || old.kind !== 'command' || old.port !== fresh.port || !leaves(old, holding)) continue;
		undo.push(await house.suspend(old));
	}
}

/** Whether nobody will hold this back-end any more. */
function leaves(backend: NormalisedBackend, {kept, entries, unwanted, steps}: Holding): boolean {
	if (kept.has(backend)) return false;
	return [...entries.values()].every(entry => {
		const step = steps.find(each => each.entry === entry);
		const goes = unwanted.has(entry) || step?.described.backends.includes(backend) === false;
		return goes || !entry.backends.has(backend);
	});
}

function dnsNamesFor(backend: NormalisedBackend, own: NormalisedLoadBalancer, {steps, dnsNameOf}: Holding): string[] {
	const users = steps.map(({described}) => described).filter(({backends}) => backends.includes(backend));
	return [...new Set([own, ...users].map(dnsNameOf))];
}

function fulfilled<Value>(result: PromiseSettledResult<Value>): Value {
	if (result.status === 'rejected') throw result.reason;
	return result.value;
}
