import {setMaxListeners} from 'node:events';
import type {NormalisedBackend} from '../model/normalised.ts';
import type {BackendRegistry} from './backend-registry.ts';
import type {RunningBackend} from './backends.ts';
import {type Change, explained} from './change.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';
import type {Step} from './steps.ts';

/** The change that back-ends are acquired for. */
export interface Acquiring {
	readonly registry: BackendRegistry;
	readonly managed: ReadonlyMap<string, ManagedLoadBalancer>;
	/** Those that have been taken out and are not gone yet. */
	readonly leaving: ReadonlySet<ManagedLoadBalancer>;
	readonly removed: ReadonlySet<ManagedLoadBalancer>;
	/** Those that go on when no load balancer holds them. */
	readonly kept: ReadonlySet<NormalisedBackend>;
	/** All load balancers that change. */
	readonly steps: readonly Step[];
	readonly change: Pick<Change<unknown>, 'explain'>;
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
export async function acquireBackends(
	step: Step,
	acquiring: Acquiring,
): Promise<Map<NormalisedBackend, RunningBackend>> {
	const {managed, registered, next} = step;
	const fresh = registered.filter(backend => managed?.backends.has(backend) !== true);
	if (fresh.length === 0) return new Map();
	for (const backend of fresh) await makeRoom(backend, acquiring);
	const {registry, undo, signal, change} = acquiring;
	// Aborts when the change is called off, and when one of them fails.
	const ending = new AbortController();
	const either = ending.signal;
	const callOff = () => ending.abort(signal.reason);
	if (signal.aborted) callOff();
	else signal.addEventListener('abort', callOff, {once: true});
	// Each back-end listens to it, and Node would take the eleventh for a leak.
	setMaxListeners(0, either);
	const acquired = await Promise.allSettled(
		fresh.map(async backend => {
			try {
				const running = await registry.acquire(backend, dnsNamesFor(backend, step, acquiring), either);
				undo.push(() => registry.release(backend));
				return [backend, running] as const;
			} catch (error) {
				// The first one to fail says why; an abort has its reason already.
				if (!either.aborted) ending.abort(explained(change, error, backend, next.name));
				throw either.reason;
			}
		}),
	);
	signal.removeEventListener('abort', callOff);
	return new Map(acquired.map(result => fulfilled(result)));
}

/** Two commands cannot listen on one port: the one that leaves has to go before the other can start. */
async function makeRoom(fresh: NormalisedBackend, acquiring: Acquiring): Promise<void> {
	if (fresh.kind !== 'command' || fresh.port === undefined) return;
	const {registry, undo} = acquiring;
	for (const old of [...registry.backends]) {
		if (old === fresh || old.kind !== 'command' || old.port !== fresh.port || !leaves(old, acquiring)) continue;
		undo.push(await registry.suspend(old));
	}
}

/** Whether nobody will hold this back-end any more: neither what runs, nor what is being prepared. */
function leaves(backend: NormalisedBackend, {kept, registry, managed, leaving, removed, steps}: Acquiring): boolean {
	if (kept.has(backend)) return false;
	const holders = [...managed.values(), ...leaving].filter(each => each.backends.has(backend));
	if (holders.length < registry.holdersOf(backend)) return false;
	return holders.every(each => {
		const step = steps.find(one => one.managed === each);
		return leaving.has(each) || removed.has(each) || step?.registered.includes(backend) === false;
	});
}

function dnsNamesFor(backend: NormalisedBackend, own: Step, {steps}: Acquiring): string[] {
	const users = steps.filter(({registered}) => registered.includes(backend));
	return [...new Set([own, ...users].map(({next}) => next.dnsName))];
}

function fulfilled<Value>(result: PromiseSettledResult<Value>): Value {
	if (result.status === 'rejected') throw result.reason;
	return result.value;
}
