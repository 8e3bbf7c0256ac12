import type {Violation} from '../base/errors.ts';
import {isPrivateKey, quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';

/** What a probe may speak: OUTSCALE API 1.40, HealthCheck.Protocol. */
export const HEALTH_CHECK_PROTOCOLS = ['tcp', 'ssl', 'http', 'https'] as const;
export type HealthCheckProtocol = (typeof HEALTH_CHECK_PROTOCOLS)[number];

/** What a probe asks for: `HTTP:80/health`, `TCP:80`. */
export interface HealthCheckTarget {
	readonly protocol: HealthCheckProtocol;
	/** The back-ends' port, 1 to 65535; it need not be that of a listener. */
	readonly port: number;
	/** Begins with `/`; empty for TCP and SSL, which have none. */
	readonly path: string;
}

/** How back-ends are probed, and how many results in a row decide. */
export interface HealthCheck extends HealthCheckTarget {
	/** From the start of one probe of a back-end to the start of its next. */
	readonly intervalMs: number;
	/** Within which a probe must have passed. */
	readonly timeoutMs: number;
	/** Passes in a row that bring a back-end in service. */
	readonly healthyThreshold: number;
	/** Failures in a row that take a back-end out of service. */
	readonly unhealthyThreshold: number;
}

/** The numbers of a check that nobody described. OUTSCALE API 1.40, HealthCheck, and recorded answers of CreateLoadBalancer. */
export const DEFAULT_HEALTH_CHECK = {
	intervalMs: 30_000,
	timeoutMs: 5000,
	healthyThreshold: 10,
	unhealthyThreshold: 2,
} as const;

/**
 * The check of a load balancer for which none was described: TCP, whatever its listeners speak.
 *
 * @param backendPort that of the first listener, at creation: edits of the listeners do not move the check (recorded
 * from OUTSCALE).
 */
export function defaultHealthCheck(backendPort: number): HealthCheck {
	return {protocol: 'tcp', port: backendPort, path: '', ...DEFAULT_HEALTH_CHECK};
}

export interface Bounds {
	readonly min: number;
	readonly max: number;
}

/** Within which the numbers of a check must lie. */
export interface HealthCheckBounds {
	readonly intervalMs: Bounds;
	readonly timeoutMs: Bounds;
	readonly threshold: Bounds;
	/** Whether a timeout as long as the interval, or longer, is refused. */
	readonly timeoutBelowInterval: boolean;
}

/**
 * What the cloud APIs take. OUTSCALE API 1.40, HealthCheck.CheckInterval, .Timeout, .HealthyThreshold and
 * .UnhealthyThreshold. Timeout below the interval: AWS Classic ELB, ConfigureHealthCheck, and LBU's answer "Interval
 * must be greater than timeout".
 */
export const API_BOUNDS: HealthCheckBounds = {
	intervalMs: {min: 5000, max: 600_000},
	timeoutMs: {min: 2000, max: 60_000},
	threshold: {min: 2, max: 10},
	timeoutBelowInterval: true,
};

/** What AWS takes. AWS Classic ELB API 2012-06-01, HealthCheck: an interval of 5 to 300 s; the rest as the cloud APIs. */
export const AWS_BOUNDS: HealthCheckBounds = {...API_BOUNDS, intervalMs: {min: 5000, max: 300_000}};

/**
 * What the library and the config file take: fast checks for tests. The upper bounds are our own, and keep a slip of a
 * unit from passing for a check that never runs. A timeout beyond the interval delays the next probe of that back-end.
 */
export const LIBRARY_BOUNDS: HealthCheckBounds = {
	intervalMs: {min: 1, max: 86_400_000},
	timeoutMs: {min: 1, max: 3_600_000},
	threshold: {min: 1, max: 1000},
	timeoutBelowInterval: false,
};

/** 1 to 65535: OUTSCALE API 1.40, HealthCheck.Port. */
const MAX_PORT = 65_535;

/** AWS Classic ELB, ConfigureHealthCheck, HealthCheck.Target. */
const MAX_PATH_CHARS = 1024;

/** Visible ASCII without `#`: what can stand in a request line (RFC 9112 section 3.2) without becoming two words. */
const PATH = /^\/[!"$-~]*$/;

const SHAPE = '"protocol:port/path", such as "HTTP:80/health" or "TCP:6379"';

/** `HTTP:80/health`, `TCP:80`: as the AWS-style API writes it. */
export function formatTarget({protocol, port, path}: HealthCheckTarget): string {
	return `${protocol.toUpperCase()}:${port}${path}`;
}

/**
 * Reads a target, and validates it: `TCP:80`, `SSL:443`, `HTTP:80/path`, `HTTPS:443/path`.
 *
 * The case of the protocol is ignored. HTTP without a path asks for `/`, as OUTSCALE reads it back; TCP and SSL with
 * one are refused, as OUTSCALE does (error 4095), for it would be ignored in silence.
 *
 * @returns the target, or every violation found in it; their paths are empty.
 */
export function readTarget(text: string): {target: HealthCheckTarget} | {violations: Violation[]} {
	const match = /^([^:/\s]*):([^/]*)(\/.*)?$/s.exec(text);
	// What comes after a protocol in a URL is a host, not a path. A piece of a private key would not be known as one.
	if (match === null || match[3]?.startsWith('//') || isPrivateKey(text)) {
		const message = `${quote(text)} is not a health check's target; write ${SHAPE}`;
		return {violations: [{path: [], message, hint: hintOfUrl(text)}]};
	}
	const violations: Violation[] = [];
	const protocol = readProtocol(match[1] ?? '', violations);
	const port = /^\d{1,9}$/.test(match[2] ?? '') ? Number(match[2]) : Number.NaN;
	if (!isPort(port)) violations.push(violationOfPort(quote(match[2] ?? '')));
	const path = match[3] ?? (protocol === 'http' || protocol === 'https' ? '/' : '');
	if (protocol !== undefined) violations.push(...violationsOfPath(protocol, path));
	return protocol === undefined || violations.length > 0 ? {violations} : {target: {protocol, port, path}};
}

/**
 * Validates a check: every rule that it breaks, with the key of the description (`target`, `interval`, `timeout`, `healthy`,
 * `unhealthy`) as path. A number that was written as text must be read before.
 *
 * @param bounds those of the library unless said otherwise.
 */
export function violationsOfHealthCheck(check: HealthCheck, bounds = LIBRARY_BOUNDS): Violation[] {
	const violations: Violation[] = [];
	if (!isPort(check.port)) violations.push(violationOfPort(String(check.port)));
	violations.push(...violationsOfPath(check.protocol, check.path));
	const inTarget = violations.map(violation => ({...violation, path: ['target']}));
	return [
		...inTarget,
		...violationsOfSpan('interval', check.intervalMs, bounds.intervalMs),
		...violationsOfSpan('timeout', check.timeoutMs, bounds.timeoutMs),
		...(bounds.timeoutBelowInterval ? violationsOfOrder(check) : []),
		...violationsOfThreshold('healthy', check.healthyThreshold, bounds.threshold),
		...violationsOfThreshold('unhealthy', check.unhealthyThreshold, bounds.threshold),
	];
}

function readProtocol(text: string, violations: Violation[]): HealthCheckProtocol | undefined {
	const protocol = HEALTH_CHECK_PROTOCOLS.find(candidate => candidate === text.toLowerCase());
	if (protocol === undefined) {
		const names = HEALTH_CHECK_PROTOCOLS.map(candidate => candidate.toUpperCase());
		violations.push({
			path: [],
			message: `unknown protocol ${quote(text)} of a health check; allowed are ${alternatives(names)}`,
			hint: didYouMean(text, names),
		});
	}
	return protocol;
}

function hintOfUrl(text: string): string | undefined {
	const match = /^(https?):\/\/[^/:]*(?::(\d+))?(\/.*)?$/is.exec(text);
	if (match === null) return undefined;
	const protocol = (match[1] ?? '').toUpperCase();
	const target = `${protocol}:${match[2] ?? (protocol === 'HTTP' ? 80 : 443)}${match[3] ?? '/'}`;
	return 'target' in readTarget(target) ? `did you mean ${quote(target)}?` : undefined;
}

function isPort(port: number): boolean {
	return Number.isInteger(port) && port >= 1 && port <= MAX_PORT;
}

function violationOfPort(given: string): Violation {
	return {path: [], message: `health check port ${given} is not a port; allowed are 1 to ${MAX_PORT}`};
}

function violationsOfPath(protocol: HealthCheckProtocol, path: string): Violation[] {
	const shown = quote(path);
	if (protocol === 'tcp' || protocol === 'ssl') {
		if (path === '') return [];
		const message = `a ${protocol.toUpperCase()} health check has no path, and ${shown} was given`;
		return [{path: [], message, hint: `only HTTP and HTTPS checks ask for a path`}];
	}
	if (path.length > MAX_PATH_CHARS) {
		const message = `health check path ${shown} has ${path.length} characters; allowed are ${MAX_PATH_CHARS}`;
		return [{path: [], message}];
	}
	if (PATH.test(path)) return [];
	const message = `health check path ${shown} is not a path; it begins with "/" and has visible ASCII characters without "#"`;
	return [{path: [], message, hint: 'percent-encode what else it needs'}];
}

function violationsOfSpan(key: string, givenMs: number, {min, max}: Bounds): Violation[] {
	if (givenMs >= min && givenMs <= max) return [];
	const message = `a health check's ${key} of ${givenMs} ms is out of bounds; allowed are ${span(min)} to ${span(max)}`;
	return [{path: [key], message}];
}

function violationsOfOrder({intervalMs, timeoutMs}: HealthCheck): Violation[] {
	if (timeoutMs < intervalMs) return [];
	const message = `a health check's timeout (${span(timeoutMs)}) must be shorter than its interval (${span(intervalMs)})`;
	return [{path: ['timeout'], message}];
}

function violationsOfThreshold(key: string, given: number, {min, max}: Bounds): Violation[] {
	if (Number.isInteger(given) && given >= min && given <= max) return [];
	const message = `the ${key} threshold ${given} is not allowed; write a whole number, ${min} to ${max}`;
	return [{path: [key], message}];
}

function span(ms: number): string {
	return ms >= 1000 && ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}
