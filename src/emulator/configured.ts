import {isAlike} from '../base/alike.ts';
import {EmulatorError, invalidDescription} from '../base/errors.ts';
import {Violations} from '../base/violations.ts';
import type {Authority} from '../certificates/authority.ts';
import type {LookFurther} from '../configuration/config-file.ts';
import {ConfigText} from '../configuration/config-text.ts';
import type {Finding} from '../configuration/finding.ts';
import type {UsableCertificate} from '../model/account.ts';
import {DEFAULT_ACCOUNT_ID, DEFAULT_REGION} from '../model/dns-name.ts';
import {EMPTY_INVENTORY} from '../model/inventory.ts';
import type {NormalisedBackend, NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';
import {type Context, NO_QUOTAS} from '../operations/context.ts';
import {Identifiers} from '../operations/identifiers.ts';
import type {Refuse} from './listener-certificates.ts';
import {harFilesOf, withDigests} from './recordings.ts';
import {validateFiles} from './validate-files.ts';

/** A configuration that was read and validated, its certificates too. */
export interface Configured {
	readonly described: NormalisedConfig;
	readonly certificates: ReadonlyMap<string, UsableCertificate>;
	readonly refuse: Refuse;
	/** `file:line:column` of something in it; undefined when it was not read from a file. */
	readonly placeOf: (finding: Pick<Finding, 'path' | 'at'>) => string | undefined;
}

export const NOTHING_CONFIGURED: Configured = {
	described: {
		control: {
			host: '127.0.0.1',
			port: undefined,
			names: [],
			credentials: undefined,
			dialect: undefined,
			strict: false,
			lifecycleMs: 0,
			faithfulHealth: false,
			accessLogs: undefined,
		},
		account: {id: undefined, region: undefined, inventory: EMPTY_INVENTORY},
		vms: new Map(),
		certificates: new Map(),
		backends: new Map(),
		loadBalancers: new Map(),
	},
	certificates: new Map(),
	refuse: violations => invalidDescription('The configuration', violations),
	placeOf: () => undefined,
};

export interface ReadConfiguredOptions {
	readonly authority: Authority;
	/** What it is read again in place of: back-ends and certificates that are the same in both are the very same. */
	readonly before: Configured;
	/** Told of the files that it consists of, as soon as they are known. */
	readonly onFiles: (files: readonly string[]) => void;
}

/**
 * Reads and validates a configuration: the path of a file, or the configuration itself. Its certificates are issued, or
 * read and validated; nothing is bound or started.
 *
 * @throws EmulatorError `CONFIG_NOT_FOUND`, `CONFIG_INVALID`, `INVALID_DESCRIPTION`
 */
export async function readConfigured(
	config: unknown,
	{authority, before, onFiles}: ReadConfiguredOptions,
): Promise<Configured> {
	let loaded: ReadonlyMap<string, UsableCertificate> = new Map();
	let digests: ReadonlyMap<string, string> = new Map();
	const lookFurther: LookFurther = async (read, found) => {
		if (typeof config === 'string' && found.length === 0) {
			if (isEmpty(read) && !isEmpty(before.described)) throw emptied(config);
			// Also those that are missing: when they are there, all is read again.
			onFiles([config, ...filesOf(read)]);
		} else if (config instanceof ConfigText && found.length === 0) onFiles(filesOf(read));
		const {certificates, recordings, violations} = await validateFiles(read, found, {authority, before});
		digests = recordings;
		loaded = certificates;
		return violations;
	};
	const {described, refuse, placeOf} = await readConfig(config, lookFurther);
	return {
		described: withSameBackends(withDigests(described, digests), before.described),
		certificates: loaded,
		refuse,
		placeOf,
	};
}

async function readConfig(config: unknown, lookFurther: LookFurther): Promise<Omit<Configured, 'certificates'>> {
	if (typeof config === 'string' || config instanceof ConfigText) {
		const {readConfigFile, readConfigText} = await import('../configuration/config-file.ts');
		const file =
			typeof config === 'string'
				? await readConfigFile(config, lookFurther)
				: await readConfigText(config.text, config.name, lookFurther);
		return {
			described: file.config,
			refuse: violations => file.invalid(violations),
			placeOf: finding => file.placeOf(finding),
		};
	}
	const {describeConfig} = await import('../configuration/describe-config.ts');
	const {refuse, placeOf} = NOTHING_CONFIGURED;
	const result = describeConfig(config);
	const found = 'violations' in result ? result.violations : new Violations<Finding>();
	const described = 'violations' in result ? result.partly : result.config;
	if (described === undefined) throw refuse(found);
	for (const one of found.more > 0 ? [] : await lookFurther(described, found)) found.push(one);
	if (found.length > 0) throw refuse(found);
	return {described, refuse, placeOf};
}

function isEmpty({certificates, backends, vms, loadBalancers}: NormalisedConfig): boolean {
	return certificates.size + backends.size + vms.size + loadBalancers.size === 0;
}

/** `{}` in place of everything is more likely a slip than a wish to stop it all. */
function emptied(file: string): EmulatorError<'CONFIG_INVALID'> {
	return new EmulatorError('CONFIG_INVALID', `${file} is not valid: it describes nothing any more`, {
		hint: 'A configuration that describes nothing is taken at the start only; to stop everything, stop lb-local.',
	});
}

function filesOf(config: NormalisedConfig): string[] {
	const certificates = [...config.certificates.values()].flatMap(certificate =>
		certificate.kind === 'files' ? [certificate.cert, certificate.key, certificate.chain ?? []].flat() : [],
	);
	return [...certificates, ...harFilesOf(config).keys()];
}

/**
 * The same configuration, and in place of each back-end that equals the one of that name before, that very one, or what
 * has its place in `instead`.
 */
export function withSameBackends(
	config: NormalisedConfig,
	before: Pick<NormalisedConfig, 'backends'>,
	instead: Pick<NormalisedConfig, 'backends'> = before,
): NormalisedConfig {
	const same = new Map<NormalisedBackend, NormalisedBackend>();
	for (const [name, backends] of config.backends) {
		for (const backend of backends) {
			const index = before.backends.get(name)?.findIndex(other => isAlike(other, backend)) ?? -1;
			const old = instead.backends.get(name)?.[index];
			if (old !== undefined) same.set(backend, old);
		}
	}
	const replace = (backends: readonly NormalisedBackend[]) => backends.map(backend => same.get(backend) ?? backend);
	const loadBalancers = [...config.loadBalancers].map(([name, each]): [string, NormalisedLoadBalancer] => [
		name,
		{...each, backends: replace(each.backends)},
	]);
	return {
		...config,
		vms: new Map([...config.vms].map(([id, backend]) => [id, same.get(backend) ?? backend])),
		backends: new Map([...config.backends].map(([name, backends]) => [name, replace(backends)])),
		loadBalancers: new Map(loadBalancers),
	};
}

/** What operations go by, as the configuration says at the start. */
export function settingsOf({control, account}: NormalisedConfig, seed: number): Omit<Context, 'nowMs' | 'wallMs'> {
	const {id: accountId = DEFAULT_ACCOUNT_ID, region = DEFAULT_REGION} = account;
	const {lifecycleMs, dialect, strict, faithfulHealth, accessLogs} = control;
	return {
		identifiers: new Identifiers({seed, region, accountId, cloud: dialect ?? 'outscale'}),
		lifecycleMs,
		strict,
		faithfulHealth,
		accessLogFolder: accessLogs,
		quotas: NO_QUOTAS,
	};
}
