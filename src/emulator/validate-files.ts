import {isDeepStrictEqual} from 'node:util';
import {formatPath, type Violation} from '../base/errors.ts';
import type {Authority} from '../certificates/authority.ts';
import type {UsableCertificate} from '../model/account.ts';
import type {NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';
import {refusalOfLogPath} from '../observability/access-log-path.ts';
import {type LoadedCertificates, loadCertificates, violationsOfPairs} from './certificates.ts';
import {readRecordings} from './recordings.ts';
import {violationsOfServing} from './serving.ts';

export interface JudgeFilesOptions {
	/** Issues those that are only named, when nothing is wrong. undefined: they are left out. */
	readonly authority: Authority | undefined;
	/** What runs. Where it writes its access logs is not at stake. */
	readonly before?: LoadedCertificates & {readonly described: NormalisedConfig};
}

/**
 * Validates what a configuration takes from outside of itself: certificate files, the PEM in it, and the paths of access
 * logs. Nothing is written.
 *
 * @param found what is wrong with it already. It may be incomplete then, and what was reported is not reported again.
 */
export async function validateFiles(
	config: NormalisedConfig,
	found: readonly Violation[],
	{authority, before}: JudgeFilesOptions,
): Promise<{
	certificates: Map<string, UsableCertificate>;
	recordings: ReadonlyMap<string, string>;
	violations: Violation[];
}> {
	const reported = new Set(found.map(violation => formatPath(violation.path)));
	const issuer = found.length > 0 ? undefined : authority;
	const {certificates, violations} = await loadCertificates(config.certificates, issuer, before, reported);
	violations.push(...violationsOfServing(config, certificates, reported));
	for (const [name, described] of config.loadBalancers) {
		const path = ['loadBalancers', name];
		const runs = before?.described.loadBalancers.get(name);
		violations.push(...violationsOfPairs(described.source, path));
		violations.push(...(await violationsOfAccessLog(described, {path, before: runs?.accessLog})));
	}
	const {accessLogs} = config.control;
	if (accessLogs !== undefined && accessLogs !== before?.described.control.accessLogs) {
		violations.push(...(await refused('folder', accessLogs, ['control', 'accessLogs'])));
	}
	const recordings = await readRecordings(config, reported);
	violations.push(...recordings.violations);
	return {certificates, recordings: recordings.digests, violations: unreported(violations, reported)};
}

/**
 * What speaks against the access log of a load balancer.
 *
 * @param options.before where it is written already, which is not validated again.
 */
export async function violationsOfAccessLog(
	{accessLog, source}: Pick<NormalisedLoadBalancer, 'accessLog' | 'source'>,
	{path = [], before}: {readonly path?: Violation['path']; readonly before?: NormalisedLoadBalancer['accessLog']} = {},
): Promise<Violation[]> {
	if (accessLog === undefined || isDeepStrictEqual(accessLog, before)) return [];
	const at = [...path, 'accessLog', ...(typeof source['accessLog'] === 'string' ? [] : [accessLog.kind])];
	return refused(accessLog.kind, accessLog.kind === 'file' ? accessLog.file : accessLog.folder, at);
}

/** Those that do not stand where something has been reported. */
export function unreported(violations: readonly Violation[], reported: ReadonlySet<string>): Violation[] {
	return violations.filter(({path}) => !reported.has(formatPath(path)));
}

async function refused(kind: 'file' | 'folder', given: string, path: Violation['path']): Promise<Violation[]> {
	// An empty path has been reported.
	const reason = given.trim() === '' ? undefined : await refusalOfLogPath(kind, given);
	return reason === undefined ? [] : [{path, message: `cannot write ${given}: ${reason}`}];
}
