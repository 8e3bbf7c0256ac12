import {show} from '../base/quote.ts';
import type {NameProblem} from './host-names.ts';

/** 8 digits: recorded from OUTSCALE. 17: AWS EC2 User Guide, resource IDs, for clients that think in those. */
const VM_ID = /^i-[0-9a-f]{8}([0-9a-f]{9})?$/;

/** What is wrong with a VM's id, wherever a user writes one; undefined when nothing is. */
export function refuseVmId(id: string): NameProblem | undefined {
	if (VM_ID.test(id)) return undefined;
	return {message: `${show(id)} is not the id of a VM; write "i-" and 8 hexadecimal digits, such as "i-0000000a"`};
}
