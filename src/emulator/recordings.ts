import {createHash} from 'node:crypto';
import {formatPath, type Violation} from '../base/errors.ts';
import {type HarBehaviour, harOf, withHar} from '../configuration/har-backends.ts';
import {replaceBackends} from '../configuration/replace-backends.ts';
import type {NormalisedBackend, NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';

/** What the HAR files of a description hold, each as a digest, by its path; and what is wrong with them. */
export interface ReadRecordings {
	readonly digests: ReadonlyMap<string, string>;
	readonly violations: Violation[];
}

/** A back-end that answers as recorded, with the path of its description. */
interface Described {
	readonly har: Pick<HarBehaviour, 'file' | 'timings'>;
	readonly path: Violation['path'];
}

/** The HAR files of a configuration, each with the first back-end that names it. */
export function harFilesOf(config: Pick<NormalisedConfig, 'backends'>): Map<string, string> {
	const files = new Map<string, string>();
	for (const {name, har} of describedIn(config)) if (har.file !== '' && !files.has(har.file)) files.set(har.file, name);
	return files;
}

/**
 * Reads and validates the HAR files of a configuration.
 *
 * @param reported paths at which something is wrong already.
 */
export function readRecordings(config: NormalisedConfig, reported: ReadonlySet<string>): Promise<ReadRecordings> {
	return readDescribed(describedIn(config), reported);
}

/** The same of those that a load balancer of the library describes itself. */
export function readRecordingsOf(
	{source}: Pick<NormalisedLoadBalancer, 'source'>,
	reported: ReadonlySet<string>,
): Promise<ReadRecordings> {
	const {backends} = source;
	const given: readonly unknown[] = Array.isArray(backends) ? backends : [];
	const described = given.flatMap((backend, index) => {
		// Its shape has been read: what was wrong with it by its type is missing, and has been told.
		const {kind, file = '', timings} = Object(backend) as Partial<HarBehaviour>;
		const path = ['backends', index];
		return kind === 'har' ? [{har: timings === undefined ? {file} : {file, timings}, path}] : [];
	});
	return readDescribed(described, reported);
}

async function readDescribed(described: readonly Described[], reported: ReadonlySet<string>): Promise<ReadRecordings> {
	const digests = new Map<string, string>();
	const violations: Violation[] = [];
	const byFile = new Map<string, Described[]>();
	for (const each of described) {
		const {file} = each.har;
		if (file.trim() !== '' && !reported.has(formatPath([...each.path, 'file'])))
			byFile.set(file, [...(byFile.get(file) ?? []), each]);
	}
	if (byFile.size === 0) return {digests, violations};
	const {readHar, violationsOfTimes} = await import('../fake-backends/har.ts');
	for (const [file, users] of byFile) {
		const read = await readHar(file);
		// Said of the first that names it.
		const add = (found: readonly Violation[], {path}: Described) => {
			violations.push(...found.map(each => ({...each, path: [...path, ...each.path]})));
		};
		const [first] = users;
		if ('violations' in read) {
			if (first !== undefined) add(read.violations, first);
			continue;
		}
		const timed = users.find(({har}) => har.timings === true);
		if (timed !== undefined) add(violationsOfTimes(file, read.recordings), timed);
		digests.set(file, createHash('sha256').update(read.bytes).digest('hex'));
	}
	return {digests, violations};
}

function describedIn({backends}: Pick<NormalisedConfig, 'backends'>): (Described & {readonly name: string})[] {
	return [...backends].flatMap(([name, group]) =>
		group.flatMap(backend => {
			const har = harOf(backend);
			return har === undefined ? [] : [{name, har, path: ['backends', name]}];
		}),
	);
}

/** The same configuration, in which another content of a HAR file makes another back-end. */
export function withDigests(config: NormalisedConfig, digests: ReadonlyMap<string, string>): NormalisedConfig {
	return digests.size === 0 ? config : replaceBackends(config, backend => withDigest(backend, digests));
}

/** The same back-end, and what its HAR file holds is part of its description. One that has it already stays. */
export function withDigest(backend: NormalisedBackend, digests: ReadonlyMap<string, string>): NormalisedBackend {
	const har = harOf(backend);
	const sha256 = har && digests.get(har.file);
	return har === undefined || har.sha256 !== undefined || sha256 === undefined
		? backend
		: withHar(backend, {...har, sha256});
}
