import {portHolder} from './port-holder.ts';
import {isPrivateKey, quote, withoutSecrets} from './quote.ts';
import {andMore, Violations} from './violations.ts';

export interface EmulatorErrorOptions {
	/** What the reader can do next, one sentence. The command line shows it under the message. */
	readonly hint?: string | undefined;
	readonly cause?: unknown;
	/** The rules that were broken, when the error is about a description or a configuration. */
	readonly violations?: Iterable<Violation>;
}

/** One broken rule of a description: where, what is asked for, and what was given. */
export interface Violation {
	/** Keys and indexes from the root of what was described, such as `['listeners', 0, 'certificate']`. */
	readonly path: readonly (string | number)[];
	/** One sentence that names what was wrong and what is allowed. */
	readonly message: string;
	/** "Did you mean", or what to do next, where there is something to say. */
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
	/** How many rules were broken beside those in `violations`. */
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

/** Whoever prints an error prints its cause as well. Of one with a private key in it, its name, code and text are left. */
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

/** The text of an unknown thrown value, whoever has written it: without private keys. */
export function messageOf(error: unknown): string {
	return withoutSecrets(error instanceof Error ? error.message : String(error));
}

/** The violations of one description as one error whose message lists the first of them, one a line, with their paths. */
export function invalidDescription(what: string, collected: Iterable<Violation>): EmulatorError<'INVALID_DESCRIPTION'> {
	const violations = Violations.within(collected);
	const lines = [...violations].map(
		v => `${formatPath(v.path)}: ${v.message}${v.hint === undefined ? '' : ` (${v.hint})`}`,
	);
	const all = [...lines, andMore(violations.more)].flatMap(line => (line === undefined ? [] : [`\n  ${line}`]));
	return new EmulatorError('INVALID_DESCRIPTION', `${what} is not valid:${all.join('')}`, {violations});
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

/** The one place where "cannot bind" becomes words. */
export async function portUnavailable(options: {
	readonly host: string;
	readonly port: number;
	readonly wanted: string;
	readonly cause: unknown;
}): Promise<EmulatorError<'PORT_UNAVAILABLE'>> {
	const {host, port, wanted, cause} = options;
	const where = `${formatAddress(host, port)}, which ${wanted} needs`;
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

/** For branches that cannot be reached: a bug of ours, so it crashes. */
export function assertNever(value: never): never {
	throw new EmulatorError('BUG', `Unexpected value: ${String(value)}`);
}
