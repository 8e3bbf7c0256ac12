import type {Finding, Findings} from './finding.ts';

/** Where in a description something stands, and where its faults are collected. */
export interface Place {
	readonly path: readonly (string | number)[];
	readonly findings: Findings;
}

type Fault = Omit<Finding, 'path'>;

/** Collects a fault of the value under this key. A function is called only if the fault is among those that are told. */
export function find({path, findings}: Place, keys: readonly (string | number)[], fault: Fault | (() => Fault)): void {
	findings.push(() => ({path: [...path, ...keys], ...(typeof fault === 'function' ? fault() : fault)}));
}

/** The place under this key. */
export function within({path, findings}: Place, key: string | number): Place {
	return {path: [...path, key], findings};
}
