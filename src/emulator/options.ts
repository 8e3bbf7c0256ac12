import {invalidDescription, type Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import type {Authority} from '../certificates/authority.ts';
import type {Config} from '../configuration/spec.ts';

/**
 * How the port a user wrote becomes a bound one.
 *
 * `free`: any free port, so that tests never clash. `exact`: that port or an error. `fallback`: that port; below 1024
 * without the privilege, or when another load balancer here has it, that port + 10000, else the next free one; a port
 * that a stranger holds is an error. `fallback-always`: the same, and a stranger's port falls back too.
 */
export type PortMode = 'free' | 'exact' | 'fallback' | 'fallback-always';

/** What is kept of the exchanges of each load balancer. */
export interface RecordOptions {
	/** How many exchanges; 1000 unless said otherwise. Counts go on beyond it. */
	readonly exchanges?: number;
	/** How many bytes of each body; 16 KiB unless said otherwise, 0 for none. */
	readonly bodyBytes?: number;
}

export interface EmulatorOptions {
	/** A configuration, or the path of its file. */
	readonly config?: string | Config;
	/** The address to bind; 127.0.0.1 unless said otherwise. Anything beyond loopback lets strangers in. */
	readonly host?: string;
	/** `free` unless said otherwise. */
	readonly ports?: PortMode;
	/**
	 * The control port, where the cloud's API is; 0 = any free one. `startEmulator()` opens any free one unless said
	 * otherwise here or in the configuration, `startLoadBalancer()` opens none.
	 */
	readonly port?: number;
	/** What identifiers and DNS names are made from; the same seed gives the same ones. */
	readonly seed?: number;
	/** Who signs the certificates; a fresh authority unless said otherwise. */
	readonly authority?: Authority;
	readonly record?: RecordOptions;
	/** `manual`: time stands still until `clock.advance()` moves it. `real` unless said otherwise. */
	readonly clock?: 'real' | 'manual';
	/**
	 * What becomes of a name that is no load balancer's, asked for by CONNECT at the control port or by
	 * `emulator.agent()`: `refuse`, unless said otherwise, or `tunnel`, which connects to the real host.
	 */
	readonly proxyUnknown?: 'refuse' | 'tunnel';
}

/** The names of {@link EmulatorOptions}, to tell them from a load balancer's description. */
export const EMULATOR_OPTIONS = [
	'config',
	'host',
	'ports',
	'port',
	'seed',
	'authority',
	'record',
	'clock',
	'proxyUnknown',
] as const;

/** Options with their defaults filled in. */
export interface ReadOptions {
	readonly host: string;
	readonly ports: PortMode;
	readonly port: number | undefined;
	readonly seed: number;
	readonly authority: Authority | undefined;
	readonly record: {readonly exchanges: number; readonly bodyBytes: number};
	readonly clock: 'real' | 'manual';
	readonly proxyUnknown: 'refuse' | 'tunnel';
}

const CLOCKS = ['real', 'manual'] as const;
const PROXY_UNKNOWN = ['refuse', 'tunnel'] as const;
const PORT_MODES: readonly PortMode[] = ['free', 'exact', 'fallback', 'fallback-always'];

/** @throws EmulatorError `INVALID_DESCRIPTION` with every violation. `config` is validated elsewhere. */
export function readOptions(options: EmulatorOptions | Record<string, unknown>): ReadOptions {
	const violations: Violation[] = [];
	const given = new Map<string, unknown>(Object.entries(options).filter(([, value]) => value !== undefined));
	for (const key of given.keys()) {
		if (EMULATOR_OPTIONS.some(known => known === key)) continue;
		const message = `unknown option ${quote(key)}; allowed are ${alternatives(EMULATOR_OPTIONS)}`;
		violations.push({path: [key], message, hint: didYouMean(key, EMULATOR_OPTIONS)});
	}
	const host = given.get('host') ?? '127.0.0.1';
	if (typeof host !== 'string' || host === '') violations.push({path: ['host'], message: 'must be an address to bind'});
	const choose = <Choice extends string>(key: string, choices: readonly Choice[], usual: Choice): Choice => {
		const value = given.get(key) ?? usual;
		const choice = choices.find(known => known === value);
		if (choice !== undefined) return choice;
		const message = `must be ${alternatives(choices)}`;
		violations.push({path: [key], message, hint: didYouMean(String(value), choices)});
		return usual;
	};
	const ports = choose('ports', PORT_MODES, 'free');
	const clock = choose('clock', CLOCKS, 'real');
	const proxyUnknown = choose('proxyUnknown', PROXY_UNKNOWN, 'refuse');
	const seed = given.get('seed') ?? 1;
	if (!Number.isSafeInteger(seed)) violations.push({path: ['seed'], message: 'must be a whole number'});
	const port = given.get('port');
	if (port !== undefined && !(Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535)) {
		violations.push({path: ['port'], message: 'must be a port, or 0 for any free one'});
	}
	const authority = given.get('authority');
	if (authority !== undefined && !isAuthority(authority)) {
		violations.push({path: ['authority'], message: 'must be an authority, as createAuthority() makes one'});
	}
	const record = readRecord(given.get('record'), violations);
	if (violations.length > 0) throw invalidDescription('The options', violations);
	return {
		host: String(host),
		ports,
		port: port === undefined ? undefined : Number(port),
		seed: Number(seed),
		authority: isAuthority(authority) ? authority : undefined,
		record,
		clock,
		proxyUnknown,
	};
}

function readRecord(given: unknown, violations: Violation[]): ReadOptions['record'] {
	const defaults = {exchanges: 1000, bodyBytes: 16 * 1024};
	if (given === undefined) return defaults;
	if (typeof given !== 'object' || given === null) {
		violations.push({path: ['record'], message: 'must be {exchanges, bodyBytes}'});
		return defaults;
	}
	const limits = {exchanges: {least: 1, most: 1_000_000}, bodyBytes: {least: 0, most: 1_073_741_824}};
	const read = {...defaults};
	for (const [key, value] of Object.entries(given)) {
		if (value === undefined) continue;
		if (key !== 'exchanges' && key !== 'bodyBytes') {
			violations.push({path: ['record', key], message: 'unknown option; allowed are "exchanges" and "bodyBytes"'});
			continue;
		}
		const {least, most} = limits[key];
		if (Number.isInteger(value) && value >= least && value <= most) read[key] = value;
		else violations.push({path: ['record', key], message: `must be a whole number from ${least} to ${most}`});
	}
	return read;
}

function isAuthority(value: unknown): value is Authority {
	return (
		typeof value === 'object' &&
		value !== null &&
		'pem' in value &&
		'issue' in value &&
		typeof value.issue === 'function'
	);
}
