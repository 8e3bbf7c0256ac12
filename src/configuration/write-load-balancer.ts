import path from 'node:path';
import {defaultHealthCheck, formatTarget, type HealthCheck} from '../model/health-check.ts';
import {isSecure, type ListenerPorts, type ListenerSpec} from '../model/listener.ts';
import type {NormalisedAccessLog, NormalisedListener, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {ScopedRule} from '../model/resolved.ts';
import {DEFAULT_LISTENER_SETTINGS, DEFAULT_SETTINGS, type TlsSettings, unusualSettings} from '../model/settings.ts';
import {DEFAULT_STICKY_COOKIE, type StickinessPolicy} from '../model/stickiness-policy.ts';
import type {Listener, LoadBalancerConfig} from './spec.ts';
import type {
	AccessLogFolderSpec,
	AccessLogSpec,
	ApplicationStickiness,
	DurationStickiness,
	HealthCheckSpec,
	HealthCheckTargetSpec,
	RuleSpec,
	StickinessSpec,
} from './spec-balancing.ts';
import {writeFaultRule} from './write-fault.ts';
import {below, tell, unless, unlessEmpty, type WritePlace, writeDuration, written} from './write-values.ts';

/** What a load balancer is written with. */
export interface WriteContext {
	/** What relative paths are relative to: they are written absolute. */
	readonly directory: string;
	/** The names that stand for these back-ends, in this order. */
	readonly namesOf: (backends: readonly string[]) => readonly string[];
}

/** A load balancer as the configuration has it below its name: the inverse of `describe.ts`. */
export function writeLoadBalancer(
	loadBalancer: NormalisedLoadBalancer,
	{directory, namesOf}: WriteContext,
	place: WritePlace,
): LoadBalancerConfig {
	const {listeners, backends, healthCheck, rules, accessLog, timeouts, drainingMs, faults} = loadBalancer;
	const {timeouts: usual} = DEFAULT_SETTINGS;
	const time = (ms: number, usualMs: number) => (ms === usualMs ? undefined : writeDuration(ms));
	return written<LoadBalancerConfig>({
		address: loadBalancer.address,
		listeners: listeners.map((listener, index) => writeListener(listener, below(place, 'listeners', index))),
		backends: unlessEmpty(namesOf(backends.map(({name}) => name))),
		healthCheck: unlessEmpty(writeHealthCheck(healthCheck, listeners[0]?.ports)),
		...unusualSettings(loadBalancer),
		rules: unlessEmpty(rules.map(rule => writeRule(rule, namesOf))),
		draining: drainingMs === undefined ? undefined : writeDuration(drainingMs),
		accessLog: accessLog && writeAccessLog(accessLog, directory),
		idleTimeout: time(timeouts.idleMs, usual.idleMs),
		headTimeout: time(timeouts.headMs, usual.headMs),
		connectTimeout: time(timeouts.connectMs, usual.connectMs),
		faults: unlessEmpty(faults.map(writeFaultRule)),
	});
}

/** The inverse of `describe-listener.ts`; a listener with nothing but its ports is a text. */
function writeListener(listener: NormalisedListener, place: WritePlace): LoadBalancerConfig['listeners'][number] {
	const listen = writeListen(listener.ports);
	const more = written<Omit<Listener, 'listen'>>({
		certificate: writeCertificate(listener, below(place, 'certificate')),
		tls: unlessEmpty(writeTls(listener.tls)),
		proxyProtocol: unless(listener.proxyProtocol, DEFAULT_LISTENER_SETTINGS.proxyProtocol),
		stickiness: listener.stickiness && writeStickiness(listener.stickiness),
		verifyBackend: isSecure(listener.ports.backendProtocol) ? writeVerification(listener.verifyBackend) : undefined,
	});
	return Object.keys(more).length === 0 ? listen : {listen, ...more};
}

function writeListen({protocol, port, backendProtocol, backendPort}: ListenerPorts): ListenerSpec {
	if (protocol === backendProtocol && port === backendPort) return `${protocol}:${port}`;
	return `${protocol}:${port} -> ${backendProtocol}:${backendPort}`;
}

function writeCertificate({certificate}: NormalisedListener, place: WritePlace): Listener['certificate'] | undefined {
	switch (certificate?.kind) {
		case undefined:
			return undefined;
		case 'named':
			return certificate.name;
		case 'issue':
			return certificate.names && {names: certificate.names};
		case 'pem':
			tell(place, 'its private key is not written: a certificate is issued');
			return undefined;
	}
}

function writeTls({minVersion, ciphers}: TlsSettings): NonNullable<Listener['tls']> {
	return written<NonNullable<Listener['tls']>>({
		minVersion: unless(minVersion, DEFAULT_LISTENER_SETTINGS.tls.minVersion),
		ciphers,
	});
}

function writeStickiness(policy: StickinessPolicy): StickinessSpec {
	if (policy.kind === 'duration') {
		const {cookie, seconds} = policy;
		return written<Omit<DurationStickiness, 'cookie'>>({seconds, name: unless(cookie, DEFAULT_STICKY_COOKIE)});
	}
	const {cookie, ownCookie} = policy;
	return written<Omit<ApplicationStickiness, 'seconds'>>({cookie, name: unless(ownCookie, DEFAULT_STICKY_COOKIE)});
}

function writeVerification(verification: NormalisedListener['verifyBackend']): Listener['verifyBackend'] | undefined {
	if (verification === undefined) return undefined;
	const {ca, servername} = verification;
	if (ca === 'authority') return true;
	return written<Exclude<NonNullable<Listener['verifyBackend']>, boolean>>({ca, servername});
}

function writeHealthCheck(check: HealthCheck, ports: ListenerPorts | undefined): HealthCheckSpec {
	const usual = defaultHealthCheck(ports?.backendPort ?? 80);
	const time = (ms: number, usualMs: number) => (ms === usualMs ? undefined : writeDuration(ms));
	const target = unless(formatTarget(check), formatTarget(usual));
	return written<HealthCheckSpec>({
		target: target as HealthCheckTargetSpec | undefined, // A target that was read is one.
		interval: time(check.intervalMs, usual.intervalMs),
		timeout: time(check.timeoutMs, usual.timeoutMs),
		healthy: unless(check.healthyThreshold, usual.healthyThreshold),
		unhealthy: unless(check.unhealthyThreshold, usual.unhealthyThreshold),
	});
}

function writeRule({priority, host, path, to, name, listener}: ScopedRule, namesOf: WriteContext['namesOf']): RuleSpec {
	// An empty text is a part that the rule does not have.
	const part = (text: string | undefined) => (text === '' ? undefined : text);
	return written<RuleSpec>({priority, host: part(host), path: part(path), to: namesOf(to), name: part(name), listener});
}

function writeAccessLog(log: NormalisedAccessLog, directory: string): AccessLogSpec {
	if (log.kind === 'file') return path.resolve(directory, log.file);
	return written<Omit<AccessLogFolderSpec, 'file'>>({
		folder: path.resolve(directory, log.folder),
		prefix: unless(log.prefix, ''),
		interval: log.intervalMinutes === 5 ? '5m' : undefined,
	});
}
