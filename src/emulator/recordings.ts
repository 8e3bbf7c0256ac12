import {createHash} from 'node:crypto';
import {formatPath, type Violation} from '../base/errors.ts';
import {harOf, withHar} from '../configuration/har-backends.ts';
import {replaceBackends} from '../configuration/replace-backends.ts';
import type {NormalisedConfig} from '../model/normalised.ts';

/** The HAR files of a configuration, each with the first back-end that names it. */
export function harFilesOf({backends}: Pick<NormalisedConfig, 'backends'>): Map<string, string> {
	const files = new Map<string, string>();
	for (const [name, each] of backends) {
		for (const backend of each) {
			const file = harOf(backend)?.file ?? '';
			if (file !== '' && !files.has(file)) files.set(file, name);
		}
	}
	return files;
}

/**
 * Reads and validates the HAR files of a configuration.
 *
 * @param reported paths at which something is wrong already.
 * @returns what each file holds, by its path, as a digest.
 */
export async function readRecordings(
	config: NormalisedConfig,
	reported: ReadonlySet<string>,
): Promise<{readonly digests: ReadonlyMap<string, string>; readonly violations: Violation[]}> {
	const digests = new Map<string, string>();
	const violations: Violation[] = [];
	const files = harFilesOf(config);
	if (files.size === 0) return {digests, violations};
	const {readHar} = await import('../fake-backends/har.ts');
	for (const [file, name] of files) {
		const path = ['backends', name, 'file'];
		if (reported.has(formatPath(path))) continue;
		const read = await readHar(file);
		if ('violations' in read) violations.push(...read.violations.map(each => ({...each, path})));
		else digests.set(file, createHash('sha256').update(read.bytes).digest('hex'));
	}
	return {digests, violations};
}

/** The same configuration, in which another content of a HAR file makes another back-end. */
export function withDigests(config: NormalisedConfig, digests: ReadonlyMap<string, string>): NormalisedConfig {
	if (digests.size === 0) return config;
	return replaceBackends(config, backend => {
		const har = harOf(backend);
		const sha256 = har && digests.get(har.file);
		return har === undefined || sha256 === undefined ? backend : withHar(backend, {...har, sha256});
	});
}
