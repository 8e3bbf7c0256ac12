import {isLoopback} from '../configuration/host-names.ts';
import type {Output} from './output.ts';

/** Warns when the address is reachable from other machines, which this program is not made for. */
export function warnOfHost(host: string, output: Output): void {
	if (isLoopback(host) || host === 'localhost') return;
	output.warn(`${host} is not loopback: others can reach this. It is made for tests, not for production.`);
}
