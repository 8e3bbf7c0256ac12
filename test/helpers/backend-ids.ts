import {DEFAULT_ACCOUNT_ID, DEFAULT_REGION} from '../../src/model/dns-name.ts';
import {Identifiers} from '../../src/operations/identifiers.ts';

/** Of an emulator with the usual seed. */
const identifiers = new Identifiers({seed: 1, region: DEFAULT_REGION, accountId: DEFAULT_ACCOUNT_ID});
const BACKENDS = ['x', 'y', 'fixed', 'fixed-2', 'broken', 'app', 'spare', 'moving', 'other'];
const LOAD_BALANCERS = ['a', 'b', 'c'];

/** The VM id by which the API has a back-end of the library or the configuration; a VM is its own id. */
export function idOf(backend: string): string {
	return backend.startsWith('i-') ? backend : identifiers.resourceId('i', backend);
}

/** The back-end that a VM id stands for. */
export function backendNamed(id: string): string {
	// Where another back-end of that name has the id, it follows from both names.
	const isOf = (backend: string) =>
		idOf(backend) === id || LOAD_BALANCERS.some(each => idOf(`${each}/${backend}`) === id);
	return BACKENDS.find(isOf) ?? id;
}
