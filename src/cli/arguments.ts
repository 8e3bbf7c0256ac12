import {existsSync} from 'node:fs';
import {quote} from '../base/quote.ts';
import {nearest} from '../base/suggest.ts';
import {ConfigText} from '../configuration/config-text.ts';
import {PROTOCOLS} from '../model/listener.ts';
import {usageError} from './exit-codes.ts';

/** The file names that are tried when no configuration is given. */
export const CONFIG_FILES = ['lb-local.yaml', 'lb-local.yml', 'lb-local.json'] as const;

/** The configuration in the working directory, if there is one. */
export function findConfigFile(exists: (file: string) => boolean = existsSync): string | undefined {
	return CONFIG_FILES.find(exists);
}

/** A configuration of the command line. */
export interface ConfigChoice {
	/** Its path, or what messages call it. */
	readonly file: string;
	/** The configuration itself, where it is given as text. */
	readonly text?: ConfigText;
}

/**
 * The configuration that is used when none is given: that of `LB_LOCAL_CONFIG`, else the one in the working directory.
 * The variable holds YAML or JSON if it contains a line break or starts with `{`; otherwise it is a path.
 *
 * @throws EmulatorError `USAGE` where it is a path and there is no such file.
 */
export function usualConfig(
	exists: (file: string) => boolean = existsSync,
	{LB_LOCAL_CONFIG: given = ''}: Readonly<Record<string, string | undefined>> = process.env,
): ConfigChoice | undefined {
	const name = 'LB_LOCAL_CONFIG';
	if (/[\r\n]/.test(given) || given.trimStart().startsWith('{')) return {file: name, text: new ConfigText(given, name)};
	const file = given === '' ? findConfigFile(exists) : given;
	if (file === given && !exists(given)) {
		throw usageError(
			`LB_LOCAL_CONFIG is ${quote(given)}, and there is no such file`,
			'What begins with { or has a line break is a configuration; anything else is a path.',
		);
	}
	return file === undefined ? undefined : {file};
}

/** The configuration that a command was given, or the usual one. @throws EmulatorError `USAGE` */
export function chooseConfig(given: string | undefined): ConfigChoice | undefined {
	if (given === undefined) return usualConfig();
	if (existsSync(given) || isNameOfConfig(given)) return {file: given};
	throw usageError(
		`${quote(given)} is not a configuration file`,
		'lb-local run lb-local.yaml -- npm test; the command stands after two hyphens.',
	);
}

/**
 * Takes the command off the arguments of `run`: what stands after the first `--`, whatever it looks like.
 *
 * @returns `command`: undefined where there is no `--`.
 */
export function splitCommand(argv: readonly string[]): {
	readonly own: readonly string[];
	readonly command: readonly string[] | undefined;
} {
	const at = argv[0] === 'run' ? argv.indexOf('--') : -1;
	return at === -1 ? {own: argv, command: undefined} : {own: argv.slice(0, at), command: argv.slice(at + 1)};
}

/**
 * Joins a listener that was written as several arguments: `https:443`, `->`, `http:80`. The arrow begins with a hyphen,
 * so this must happen before options are parsed.
 */
export function joinListenerPieces(argv: readonly string[]): string[] {
	const joined: string[] = [];
	for (const argument of argv) {
		const before = joined.at(-1);
		const continues = argument.startsWith('->') || before?.endsWith('->') === true;
		if (continues && before !== undefined) joined[joined.length - 1] = `${before} ${argument}`;
		else joined.push(argument);
	}
	return joined;
}

/** What `up` is to run. */
export type UpTarget =
	| {readonly kind: 'demo'}
	| ({readonly kind: 'config'} & ConfigChoice)
	| {readonly kind: 'listeners'; readonly listeners: readonly string[]; readonly backends: readonly string[]};

/**
 * Reads the arguments of `up`: a configuration file or listeners. Without any, it is the usual configuration, else the
 * demo.
 *
 * @throws EmulatorError `USAGE`
 */
export function readUpTarget(
	given: readonly string[],
	options: {
		readonly backend?: readonly string[];
		readonly certificate?: string;
		readonly health?: string;
		readonly idleTimeout?: string;
	},
	exists: (file: string) => boolean = existsSync,
	env: Readonly<Record<string, string | undefined>> = process.env,
): UpTarget {
	// The parser takes everything after `--backend` as back-ends; in `--backend 127.0.0.1:3000 https:443` the last is a
	// listener.
	const backends = (options.backend ?? []).filter(text => !namesProtocol(text));
	const positional = [...given, ...(options.backend ?? []).filter(namesProtocol)];
	const listeners = positional.filter(text => isListener(text) && !exists(text));
	const files = positional.filter(text => !listeners.includes(text));
	for (const file of files) validateFile(file, exists);

	const [file, second] = files;
	if (second !== undefined) throw usageError(`one configuration at a time: ${file} and ${second} were given`);
	if (file !== undefined && listeners.length > 0) {
		throw usageError(
			`a configuration and listeners do not go together: ${file} and ${quote(listeners[0] ?? '')} were given`,
			'write the listener into the configuration, or leave the file away.',
		);
	}
	if (listeners.length > 0) return {kind: 'listeners', listeners, backends};
	for (const [name, value] of [
		['--backend', options.backend],
		['--certificate', options.certificate],
		['--health', options.health],
		['--idle-timeout', options.idleTimeout],
	] as const) {
		if (value !== undefined) {
			throw usageError(
				`${name} goes with listeners`,
				`lb-local up "https:443 -> http:80" ${name} …; a configuration has its own.`,
			);
		}
	}
	const found = file === undefined ? usualConfig(exists, env) : {file};
	return found === undefined ? {kind: 'demo'} : {kind: 'config', ...found};
}

/** Reads `--control-port`. @throws EmulatorError `USAGE` */
export function readPort(text: string): number {
	if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
	throw usageError(`--control-port ${quote(text)} is not a port; allowed are 1 to 65535, or 0 for a free one`);
}

/** A misspelt protocol counts as a listener, so that the error is about the protocol. */
function isListener(text: string): boolean {
	const word = /^([a-z]+):\d+/i.exec(text)?.[1];
	return namesProtocol(text) || (word !== undefined && nearest(word, PROTOCOLS) !== undefined);
}

function namesProtocol(text: string): boolean {
	return text.includes('->') || /^(?:https?|tcp|ssl):\d/i.test(text);
}

function validateFile(text: string, exists: (file: string) => boolean): void {
	if (text === '-') {
		// An arrow without quotes: the shell reads a hyphen and a redirection into a file named `http:80`.
		throw usageError(
			'"-" is neither a configuration nor a listener',
			'quote listeners: lb-local up "https:443 -> http:80".',
		);
	}
	if (exists(text) || isNameOfConfig(text)) return;
	throw usageError(
		`${quote(text)} is neither a configuration file nor a listener`,
		'lb-local up lb-local.yaml, or lb-local up "https:443 -> http:80".',
	);
}

function isNameOfConfig(text: string): boolean {
	return /\.(ya?ml|json)$/i.test(text);
}

/** The source of the certificate of `--certificate`. */
export type CertificateChoice =
	| {readonly kind: 'files'; readonly cert: string; readonly key: string}
	| {readonly kind: 'names'; readonly names: readonly string[]};

/**
 * Reads `--certificate`: `cert.pem,key.pem` are two files, anything else is a list of names to issue a certificate for.
 *
 * @throws EmulatorError `USAGE`
 */
export function readCertificateChoice(text: string): CertificateChoice {
	const parts = text.split(',').map(part => part.trim());
	if (parts.some(part => part === '')) {
		throw usageError(`--certificate ${quote(text)} has an empty part`, CERTIFICATE_HINT);
	}
	const files = parts.filter(part => part.includes('/') || /\.(pem|crt|cer|key)$/i.test(part));
	if (files.length === 0) return {kind: 'names', names: parts};
	const [cert, key, more] = parts;
	if (cert === undefined || key === undefined || more !== undefined) {
		throw usageError(
			'--certificate takes two files, the certificate and its key, with a comma between',
			CERTIFICATE_HINT,
		);
	}
	return {kind: 'files', cert, key};
}

const CERTIFICATE_HINT = '--certificate cert.pem,key.pem, or --certificate web.test to issue one.';
