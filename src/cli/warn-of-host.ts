import {isLoopback} from '../configuration/host-names.ts';
import type {Output} from './output.ts';

/** Nothing here is meant for others to reach; who asks for it is told once. */
export function warnOfHost(host: string, output: Output): void {
	if (isLoopback(host) || host === 'localhost') return;
	output.warn(`${host} is not loopback: others can reach this. It is made for tests, not for production.`);
}
