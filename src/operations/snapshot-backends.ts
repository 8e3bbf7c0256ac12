import {isDeepStrictEqual} from 'node:util';
import {formatAddress} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {tell, type WritePlace} from '../configuration/write-values.ts';
import type {Account} from '../model/account.ts';
import type {NormalisedAddress, NormalisedBackend} from '../model/normalised.ts';
import type {ConfigurationContent} from './configure.ts';
import type {Identifiers} from './identifiers.ts';

/** No key of a configuration may be called so: `read-shape.ts`. */
const MERGE_KEY = '<<';

/** Whose back-end it is. */
interface Owner {
	readonly name: string;
	readonly place: WritePlace;
}

/** The back-ends of an account as a configuration has them, where a name stands for one back-end in all load balancers. */
export class SnapshotBackends {
	/** By every name that stands for them, as in `NormalisedConfig`. */
	readonly described: Map<string, readonly NormalisedBackend[]>;
	/** As they are described, by what is registered. */
	readonly #written = new Map<NormalisedBackend, NormalisedBackend>();

	constructor({described}: ConfigurationContent) {
		this.described = new Map([...described.backends].filter(([, group]) => group.length > 0));
		for (const backend of [...described.backends.values()].flat()) this.#written.set(backend, backend);
	}

	/** The back-end as it is described: another one may have its name, and then it has a name that says whose it is. */
	registered(backend: NormalisedBackend, owner: Owner): NormalisedBackend {
		const found = this.find(backend);
		if (found !== undefined) return found;
		const name = this.#freeName(backend.name, owner.name);
		const described = name === backend.name ? backend : {...backend, name};
		if (described !== backend) {
			const what = backend.name === MERGE_KEY ? 'a configuration has no such key' : 'another back-end has this name';
			tell(owner.place, `${quote(backend.name)} is written as ${quote(name)}: ${what}`);
		}
		this.#written.set(backend, described);
		this.described.set(name, [described]);
		return described;
	}

	/** Whether this very one is described. */
	has(backend: NormalisedBackend): boolean {
		return this.#written.has(backend);
	}

	/** The back-end that is described for this one; two descriptions of one server are one back-end. */
	find(backend: NormalisedBackend): NormalisedBackend | undefined {
		const written = this.#written.get(backend);
		if (written !== undefined || backend.kind !== 'address') return written;
		const [same] = this.described.get(backend.name) ?? [];
		return isDeepStrictEqual(same, backend) ? same : undefined;
	}

	#freeName(name: string, owner: string): string {
		if (name !== MERGE_KEY && !this.described.has(name)) return name;
		for (let count = 1; ; count++) {
			const end = count === 1 ? '' : `-${count}`;
			// 1 to 100 characters: `describe-backend.ts`.
			const wanted = `${`${owner}-${name}`.slice(0, 100 - end.length)}${end}`;
			if (!this.described.has(wanted)) return wanted;
		}
	}
}

interface VmContext {
	readonly described: ConfigurationContent['described'];
	readonly identifiers: Identifiers;
	readonly place: WritePlace;
}

/** What VM ids mean, without those that follow from the names of back-ends. */
export function vmsOf(
	{vms, loadBalancers}: Account,
	backends: SnapshotBackends,
	{described, identifiers, place}: VmContext,
): Map<string, NormalisedBackend> {
	const found = new Map<string, NormalisedBackend>();
	const isMade = (id: string, name: string) =>
		[name, ...[...loadBalancers.keys()].map(each => `${each}/${name}`)].some(
			of => identifiers.resourceId('i', of) === id,
		);
	for (const [id, backend] of vms) {
		// A VM that is called like a back-end, and is where that is, is written by its address: which of the ids that mean it
		// is registered follows from which means the back-end itself.
		const isItself = !backends.has(backend) && isPlainVm(id, backend, backends);
		const written = isItself ? undefined : backends.find(backend);
		const isDeclared = described.vms.get(id) === backend;
		if (written === undefined) {
			// Made for what is registered no more, as after `drain()`: nothing is at it.
			if (!isDeclared && isMade(id, backend.name)) continue;
			found.set(id, isPlainVm(id, backend, backends) ? backend : backends.registered(backend, {name: id, place}));
		} else if (isDeclared || identifiers.resourceId('i', written.name) !== id) found.set(id, written);
	}
	return found;
}

/** Whether an address alone says where the VM is: a text that is the name of a back-end means that back-end. */
function isPlainVm(
	id: string,
	backend: NormalisedBackend,
	{described}: SnapshotBackends,
): backend is NormalisedAddress {
	if (backend.kind !== 'address' || backend.name !== id || backend.ports.size > 0) return false;
	const {host, port} = backend;
	// A single word without a port is read as a name: `describe-control.ts`.
	return port === undefined
		? /[.:]|^localhost$/.test(host) && !described.has(host)
		: !described.has(formatAddress(host, port));
}
