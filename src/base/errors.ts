import {portHolder} from './port-holder.ts';
import {isPrivateKey, quote, withoutSecrets} from './quote.ts';
import {andMore, Violations} from './violations.ts';

export interface EmulatorErrorOptions {
	/** What the reader can do next, in one sentence. The command line shows it under the message. */
	readonly hint?: string | undefined;
	readonly cause?: unknown;
	/** The broken rules, when the error is about a description or a configuration. */
	readonly violations?: Iterable<Violation>;
}

/** One broken rule of a description: where, what is asked for, and what was given. */
export interface Violation {
	/** Keys and indexes from the root of the description, such as `['listeners', 0, 'certificate']`. */
	readonly path: readonly (string | number)[];
	/** One sentence that names what was wrong and what is allowed. */
	readonly message: string;
	/** "Did you mean", or what to do next, if there is a suggestion. */
	readonly hint?: string | undefined;
}

/**
 * The one error class of this project. Match on `code`, not on the class: two copies of the package may be loaded.
 * Every code has an entry in `docs/errors.md`.
 */
export class EmulatorError<Code extends string = string> extends Error {
	override readonly name = 'EmulatorError';
	readonly code: Code;
	readonly hint: string | undefined;
	/** The first 20 of the broken rules, when the error is about a description or a configuration. */
	readonly violations: readonly Violation[];
	/** How many more rules were broken than `violations` holds. */
	readonly moreViolations: number;

	constructor(code: Code, message: string, options: EmulatorErrorOptions = {}) {
		super(withoutSecrets(message), options.cause === undefined ? undefined : {cause: safeCause(options.cause)});
		this.code = code;
		this.hint = options.hint === undefined ? undefined : withoutSecrets(options.hint);
		const violations = Violations.within(options.violations ?? []).changed(safeViolation);
		this.violations = [...violations];
		this.moreViolations = violations.more;
	}
}

function safeViolation<One extends Violation>(violation: One): One {
	const {path, message, hint} = violation;
	const keys = path.filter(key => typeof key === 'string');
	if (![...keys, message, hint ?? ''].some(isPrivateKey)) return violation;
	return {
		...violation,
		path: path.map(key => (typeof key === 'string' ? withoutSecrets(key) : key)),
		message: withoutSecrets(message),
		hint: hint === undefined ? undefined : withoutSecrets(hint),
	};
}

/**
 * A cause is printed with its error. One that contains a private key is replaced by its name, code and cleaned message.
 */
function safeCause(cause: unknown): unknown {
	if (typeof cause === 'string') return withoutSecrets(cause);
	if (!(cause instanceof Error) || !isSecretError(cause)) return cause;
	return {name: cause.name, code: codeOf(cause), message: messageOf(cause)};
}

function isSecretError(error: Error): boolean {
	const texts = [error.message, error.stack ?? '', ...Object.values(error).filter(value => typeof value === 'string')];
	return texts.some(isPrivateKey) || (error.cause instanceof Error && isSecretError(error.cause));
}

/** Whether an unknown thrown value is an error that carries this `code` (ours, or one of Node's system errors). */
export function hasCode(error: unknown, code: string): boolean {
	return codeOf(error) === code;
}

/** The `code` of an unknown thrown value, if it has one. */
export function codeOf(error: unknown): string | undefined {
	return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
		? error.code
		: undefined;
}

/** The message of an unknown thrown value, with private keys removed. */
export function messageOf(error: unknown): string {
	return withoutSecrets(error instanceof Error ? error.message : String(error));
}

/**
 * One error for all violations of a description. Its message lists the first of them with their paths, one per line.
 */
export function invalidDescription(what: string, collected: Iterable<Violation>): EmulatorError<'INVALID_DESCRIPTION'> {
	const violations = Violations.within(collected);
	const lines = [...violations].map(
		v => `${formatPath(v.path)}: ${v.message}${v.hint === undefined ? '' : ` (${v.hint})`}`,
	);
	const all = [...lines, andMore(violations.more)].flatMap(line => (line === undefined ? [] : [`\n  ${line}`]));
	return new EmulatorError(
		'INVALID_DESCRIPTION',
		`${what} ${what.endsWith('s') ? 'are' : 'is'} not valid:${all.join('')}`,
		{violations},
	);
}

/** `['listeners', 0, 'listen']` as `listeners[0].listen`; the root as `(root)`. */
export function formatPath(path: Violation['path']): string {
	let text = '';
	for (const key of path) {
		if (typeof key === 'number') text += `[${key}]`;
		else if (/^[A-Za-z_$][\w$-]*$/.test(key)) text += text === '' ? key : `.${key}`;
		else text += `[${quote(key)}]`;
	}
	return text === '' ? '(root)' : text;
}

/** The one place that puts a failed bind into words. */
export async function portUnavailable(options: {
	readonly host: string;
	readonly port: number;
	readonly purpose: string;
	readonly cause: unknown;
}): Promise<EmulatorError<'PORT_UNAVAILABLE'>> {
	const {host, port, purpose, cause} = options;
	const where = `${formatAddress(host, port)}, which ${purpose} needs`;
	if (hasCode(cause, 'EACCES')) {
		return new EmulatorError(
			'PORT_UNAVAILABLE',
			`Not allowed to listen on ${where}: ports below 1024 need a privilege`,
			{
				hint: 'Bind a free port instead (ports: "free"), allow low ports with `sysctl net.ipv4.ip_unprivileged_port_start=0`, or give node the capability with setcap cap_net_bind_service.',
				cause,
			},
		);
	}
	if (hasCode(cause, 'EADDRINUSE')) {
		const holder = (await portHolder(port)) ?? 'another process';
		return new EmulatorError('PORT_UNAVAILABLE', `Cannot listen on ${where}: ${holder} holds the port`, {
			hint: 'Stop what listens there, or choose another port.',
			cause,
		});
	}
	if (hasCode(cause, 'EADDRNOTAVAIL')) {
		return new EmulatorError('PORT_UNAVAILABLE', `Cannot listen on ${where}: this machine has no such address`, {
			hint: 'Use an address of this machine; on macOS, 127.0.0.2 and up need `ifconfig lo0 alias`.',
			cause,
		});
	}
	return new EmulatorError('PORT_UNAVAILABLE', `Cannot listen on ${where}: ${messageOf(cause)}`, {cause});
}

/** `127.0.0.1:80`, `[::1]:80`. */
export function formatAddress(host: string, port: number): string {
	return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** For branches that cannot be reached; reaching one is a bug in this package. */
export function assertNever(value: never): never {
	throw new EmulatorError('BUG', `Unexpected value: ${String(value)}`);
}
