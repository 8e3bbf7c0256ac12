import path from 'node:path';
import {isAlike} from '../base/alike.ts';
import type {Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import type {Authority} from '../certificates/authority.ts';
import {describeConfig} from '../configuration/describe-config.ts';
import type {Finding} from '../configuration/finding.ts';
import type {Account, UsableCertificate} from '../model/account.ts';
import type {NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {ConfigurationContent} from '../operations/configure.ts';
import {type Configured, NOTHING_CONFIGURED, withSameBackends} from './configured.ts';
import type {Described} from './described.ts';
import {harFilesOf, withDigests} from './recordings.ts';
import {validateFiles} from './validate-files.ts';

const START_ONLY = ['control', 'account'] as const;

export interface ReadRestoredOptions {
	readonly account: Account;
	/** What is described in the account. */
	readonly described: Described;
	/** Configurations whose files and commands may be named. */
	readonly trusted: readonly NormalisedConfig[];
	readonly authority: Authority;
}

/**
 * Reads a configuration that is to take the place of all that is described. What it says as `GET /_lb/config` does stays
 * the very same, what that cannot write included: a back-end with a handler, a certificate with its key.
 *
 * @returns what is described, and what is to be.
 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation.
 */
export async function readRestored(
	given: unknown,
	{account, described, trusted, authority}: ReadRestoredOptions,
): Promise<{readonly before: ConfigurationContent; readonly after: Configured}> {
	const {refuse, placeOf} = NOTHING_CONFIGURED;
	const result = describeConfig(given);
	if ('violations' in result) throw refuse(result.violations);
	const written = readAgain(described);
	const violations: Violation[] = [
		...violationsOfSections(given, result.config, written),
		...violationsOfTrust(result.config, written, trusted),
	];
	if (violations.length > 0) throw refuse(violations);
	const config = withSame(result.config, {written, snapshot: described.config});
	const before = {described: described.config, certificates: certificatesIn(account, described)};
	const files = await validateFiles(config, [], {
		authority,
		before: {...before, described: {...described.config, certificates: written.certificates}},
	});
	if (files.violations.length > 0) throw refuse(files.violations);
	const after = withDigests(config, files.recordings);
	return {before, after: {described: after, certificates: files.certificates, refuse, placeOf}};
}

function readAgain({written}: Described): NormalisedConfig {
	const result = describeConfig(written);
	if ('config' in result) return result.config;
	throw NOTHING_CONFIGURED.refuse(result.violations);
}

function certificatesIn(account: Account, {certificateIds}: Described): Map<string, UsableCertificate> {
	return new Map(
		[...certificateIds].flatMap(([name, id]) => {
			const certificate = account.certificates.get(id);
			return certificate === undefined ? [] : [[name, certificate] as const];
		}),
	);
}

function violationsOfSections(given: unknown, config: NormalisedConfig, written: NormalisedConfig): Finding[] {
	return START_ONLY.filter(
		section => Object(given)[section] !== undefined && !isAlike(config[section], written[section]),
	).map(section => ({
		path: [section],
		message: 'it is read at the start alone, and cannot be changed while the emulator runs',
		hint: 'leave it out, or put it as GET /_lb/config shows it',
	}));
}

/** A configuration that comes over the wire makes nobody read, write or run what the emulator was not started with. */
function violationsOfTrust(
	config: NormalisedConfig,
	written: NormalisedConfig,
	trusted: readonly NormalisedConfig[],
): Finding[] {
	const known = [...trusted, written];
	const files = new Set(known.flatMap(each => namedFiles(each).map(({file}) => file)));
	const commands = new Set(known.flatMap(each => namedCommands(each).map(({run}) => run)));
	const hint = 'name it in the configuration that the emulator is started with';
	return [
		...namedFiles(config)
			.filter(({file}) => !files.has(file))
			.map(({path, file}) => ({
				path,
				message: `${quote(file)} is no path of the configuration that the emulator was started with`,
				hint,
			})),
		...namedCommands(config)
			.filter(({run}) => !commands.has(run))
			.map(({path, run}) => ({
				path,
				message: `${quote(run)} is no command of the configuration that the emulator was started with`,
				hint,
			})),
	];
}

function namedFiles({
	backends,
	certificates,
	loadBalancers,
}: NormalisedConfig): {readonly path: Finding['path']; readonly file: string}[] {
	const ofCertificates = [...certificates].flatMap(([name, certificate]) => {
		if (certificate.kind !== 'files') return [];
		const {cert, key, chain} = certificate;
		return Object.entries({cert, key, chain}).flatMap(([part, file]) =>
			file === undefined ? [] : [{path: ['certificates', name, part], file}],
		);
	});
	const ofLogs = [...loadBalancers].flatMap(([name, {accessLog}]) => {
		if (accessLog === undefined) return [];
		const file = accessLog.kind === 'file' ? accessLog.file : accessLog.folder;
		return [{path: ['loadBalancers', name, 'accessLog'], file}];
	});
	const ofBackends = [...harFilesOf({backends})].map(([file, name]) => ({path: ['backends', name, 'file'], file}));
	return [...ofCertificates, ...ofLogs, ...ofBackends].map(each => ({...each, file: path.resolve(each.file)}));
}

function namedCommands({backends}: NormalisedConfig): {readonly path: Finding['path']; readonly run: string}[] {
	return [...backends].flatMap(([name, group]) =>
		group.flatMap(backend => (backend.kind === 'command' ? [{path: ['backends', name, 'run'], run: backend.run}] : [])),
	);
}

/** The same configuration, and in place of what it says as what is described is written, what is described itself. */
function withSame(
	config: NormalisedConfig,
	{written, snapshot}: {readonly written: NormalisedConfig; readonly snapshot: NormalisedConfig},
): NormalisedConfig {
	const loadBalancers = [...config.loadBalancers].map(([name, wanted]): [string, NormalisedLoadBalancer] => {
		const [asWritten, current] = [written.loadBalancers.get(name), snapshot.loadBalancers.get(name)];
		return [
			name,
			asWritten === undefined || current === undefined ? wanted : withSameParts(wanted, asWritten, current),
		];
	});
	const same = withSameBackends({...config, loadBalancers: new Map(loadBalancers)}, written, snapshot);
	const used = new Set([...same.loadBalancers.values()].flatMap(({backends}) => backends));
	// Those that cannot be written, such as a handler's.
	const unwritten = [...snapshot.backends].filter(
		([name, group]) => !written.backends.has(name) && group.some(backend => used.has(backend)),
	);
	return {
		...same,
		control: snapshot.control,
		account: snapshot.account,
		backends: new Map([...unwritten, ...same.backends]),
	};
}

function withSameParts(
	wanted: NormalisedLoadBalancer,
	written: NormalisedLoadBalancer,
	current: NormalisedLoadBalancer,
): NormalisedLoadBalancer {
	return {
		...wanted,
		...sameParts(wanted, written, current),
		source: {...wanted.source, ...sameParts(wanted.source, written.source, current.source)},
	};
}

/** The keys that two have alike, with the values of the third. */
function sameParts<Value extends object>(wanted: Value, written: Value, current: Value): Partial<Value> {
	const same: Partial<Value> = {};
	for (const key of Object.keys(wanted) as (keyof Value)[]) {
		if (isAlike(wanted[key], written[key]) && Object.hasOwn(current, key)) same[key] = current[key];
	}
	return same;
}
