import path from 'node:path';
import {EmulatorError, formatPath, type Violation} from '../base/errors.ts';
import {readInput} from '../base/read-file.ts';
import {andMore, Violations} from '../base/violations.ts';
import type {NormalisedAccessLog, NormalisedCertificate, NormalisedConfig} from '../model/normalised.ts';
import type {Finding} from './finding.ts';
import {harOf, withHar} from './har-backends.ts';
import {replaceBackends} from './replace-backends.ts';
import {type Location, SourceText} from './source-text.ts';

/** A configuration file that was read and found valid. */
export interface ConfigFile {
	/** Certificate paths in it are absolute. */
	readonly config: NormalisedConfig;
	/** What the file says, as plain values, without those of the environment. */
	readonly raw: unknown;
	/** As it was given. */
	readonly file: string;
	/** Absolute: what paths in the file are relative to. */
	readonly directory: string;
	/** What was found wrong with it later, when its certificates were read, say; told as if it had been found here. */
	invalid(violations: Iterable<Finding>): EmulatorError<'CONFIG_INVALID'>;
	/** `file:line:column` of what a finding is about, or of the nearest thing above it. */
	placeOf(finding: Pick<Finding, 'path' | 'at'>): string;
}

/** A violation that points into the file it was found in. */
export interface LocatedViolation extends Violation {
	readonly location: Location;
}

/**
 * Looks for more that is wrong: in the files that a configuration names, say. It is given what could be read of it, with
 * absolute paths, and what was found wrong so far.
 */
export type LookFurther = (config: NormalisedConfig, found: readonly Finding[]) => Promise<readonly Finding[]>;

const NOTHING_FURTHER: LookFurther = () => Promise.resolve([]);

/**
 * Reads and validates a configuration file, YAML or JSON.
 *
 * @throws EmulatorError `CONFIG_NOT_FOUND` when the file cannot be read or is too large, `CONFIG_INVALID` with every
 * violation and its place in the file.
 */
export async function readConfigFile(file: string, lookFurther?: LookFurther): Promise<ConfigFile> {
	return readConfigText(decode(await readBytes(file), file), file, lookFurther);
}

/**
 * Reads and validates the text of a configuration.
 *
 * @param file the name that messages give it, and what paths in it are relative to.
 * @param lookFurther what it finds is told together with everything else.
 * @throws EmulatorError `CONFIG_INVALID` with every violation and its place in the text.
 */
export async function readConfigText(text: string, file: string, lookFurther = NOTHING_FURTHER): Promise<ConfigFile> {
	// They are loaded here only: who describes load balancers in code needs none of them.
	const {parseJsonOrYaml} = await import('./json-text.ts');
	const {interpolate} = await import('./interpolate.ts');
	const {describeConfig} = await import('./describe-config.ts');
	const document = parseJsonOrYaml(text);
	if (document.faults.length > 0) {
		const violations = document.faults.map(({position, message}) => ({
			path: [],
			message,
			location: {file, ...position},
		}));
		throw invalidConfig(file, text, violations);
	}

	const invalid: ConfigFile['invalid'] = violations => {
		const located = Violations.within(violations).changed(violation => ({
			...violation,
			location: {file, ...document.positionOf(violation)},
		}));
		return invalidConfig(file, text, located);
	};
	if (document.value === null || document.value === undefined) {
		const hint = '{} is a configuration that describes nothing; `lb-local init` writes one to start from';
		throw invalid([{path: [], message: 'the configuration is empty', hint}]);
	}
	const interpolated = interpolate(document.value, process.env);
	// What the others are of is not known, and would be told as if it were wrong.
	if (interpolated.findings.length > 0) throw invalid(interpolated.findings);
	const read = describeConfig(interpolated.value, {origin: 'file'});
	const directory = path.dirname(path.resolve(file));
	const found = 'violations' in read ? read.violations : new Violations<Finding>();
	const partly = 'violations' in read ? read.partly : read.config;
	if (partly === undefined) throw invalid(found);
	const config = withAbsolutePaths(partly, directory);
	// Where faults are only counted already, no more are looked for.
	for (const one of found.more > 0 ? [] : await lookFurther(config, found)) found.push(one);
	if (found.length > 0) throw invalid(found);
	return {
		config,
		raw: document.value,
		file,
		directory,
		invalid,
		placeOf(finding) {
			const {line, column} = document.positionOf(finding);
			return `${file}:${line}:${column}`;
		},
	};
}

/**
 * The first violations of a configuration as one error. Each has its place, an excerpt of its line, and a caret.
 *
 * @param text what the file says, for the excerpts; private keys in it are not shown.
 */
function invalidConfig(
	file: string,
	text: string,
	collected: Iterable<LocatedViolation>,
): EmulatorError<'CONFIG_INVALID'> {
	const source = new SourceText(text);
	const ordered = Violations.within(collected).sort(
		(one, other) => one.location.line - other.location.line || one.location.column - other.location.column,
	);
	const entries = [...ordered].map(violation => formatViolation(violation, source));
	const all = [...entries, andMore(ordered.more)].filter(entry => entry !== undefined);
	return new EmulatorError('CONFIG_INVALID', `${file} is not valid:\n${all.join('\n')}`, {violations: ordered});
}

function formatViolation({path, message, hint, location}: LocatedViolation, source: SourceText): string {
	const where = `${location.file}:${location.line}:${location.column}`;
	const what = path.length === 0 ? message : `${formatPath(path)}: ${message}`;
	const line = `${where}: ${what}${hint === undefined ? '' : ` (${hint})`}`;
	const excerpt = source.excerpt(location);
	return excerpt === undefined ? line : `${line}\n${excerpt}`;
}

async function readBytes(file: string): Promise<Uint8Array> {
	const read = await readInput(file);
	if ('bytes' in read) return read.bytes;
	const {reason, cause} = read.unreadable;
	throw new EmulatorError('CONFIG_NOT_FOUND', `Cannot read ${file}: ${reason}`, {
		hint: '`lb-local init` writes a commented configuration to start from.',
		cause,
	});
}

function decode(bytes: Uint8Array, file: string): string {
	try {
		// `fatal`: a certificate in DER, say, is not quietly read as text. A byte order mark is left out.
		return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
	} catch (cause) {
		const message = 'it is not UTF-8 text';
		throw new EmulatorError('CONFIG_INVALID', `${file} is not valid: ${message}`, {
			cause,
			violations: [{path: [], message}],
		});
	}
}

function withAbsolutePaths(config: NormalisedConfig, directory: string): NormalisedConfig {
	const resolve = (certificate: NormalisedCertificate): NormalisedCertificate => {
		if (certificate.kind !== 'files') return certificate;
		const {cert, key, chain} = certificate;
		// An empty path stands for one that could not be read.
		const absolutePath = (file: string) => (file === '' ? '' : path.resolve(directory, file));
		return {
			kind: 'files',
			cert: absolutePath(cert),
			key: absolutePath(key),
			chain: chain === undefined ? undefined : absolutePath(chain),
		};
	};
	const certificates = [...config.certificates].map(([name, certificate]) => [name, resolve(certificate)] as const);
	const loadBalancers = [...config.loadBalancers].map(
		([name, each]) =>
			[name, each.accessLog === undefined ? each : {...each, accessLog: absolute(each.accessLog, directory)}] as const,
	);
	const {accessLogs} = config.control;
	const withBackends = replaceBackends({...config, loadBalancers: new Map(loadBalancers)}, backend => {
		const har = harOf(backend);
		return har === undefined || har.file === ''
			? backend
			: withHar(backend, {...har, file: path.resolve(directory, har.file)});
	});
	return {
		...withBackends,
		control: {
			...config.control,
			accessLogs: accessLogs === undefined ? undefined : path.resolve(directory, accessLogs),
		},
		certificates: new Map(certificates),
	};
}

function absolute(accessLog: NormalisedAccessLog, directory: string): NormalisedAccessLog {
	if (accessLog.kind === 'file') return {...accessLog, file: path.resolve(directory, accessLog.file)};
	return {...accessLog, folder: path.resolve(directory, accessLog.folder)};
}
