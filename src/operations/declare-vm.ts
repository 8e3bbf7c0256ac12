import type {NormalisedBackend} from '../model/normalised.ts';
import type {Operation} from './context.ts';

/** What a VM id means; undefined: nothing any more. */
export interface DeclareVm {
	readonly id: string;
	readonly backend: NormalisedBackend | undefined;
}

/** `/_lb/vms`, and `vms` of a configuration. Load balancers that the VM is registered with follow. */
export const declareVm: Operation<DeclareVm, undefined> =
	({id, backend}) =>
	account => {
		const vms = new Map(account.vms);
		if (backend === undefined) vms.delete(id);
		else vms.set(id, backend);
		return {account: {...account, vms}, result: undefined};
	};
