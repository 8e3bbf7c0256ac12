import type {Finding} from './finding.ts';

/** Where in a description something stands, and where its faults are collected. */
export interface Place {
	readonly path: readonly (string | number)[];
	readonly findings: Finding[];
}

/** Collects a fault of the value under this key. */
export function find({path, findings}: Place, keys: readonly (string | number)[], fault: Omit<Finding, 'path'>): void {
	findings.push({path: [...path, ...keys], ...fault});
}

/** The place under this key. */
export function within({path, findings}: Place, key: string | number): Place {
	return {path: [...path, key], findings};
}
