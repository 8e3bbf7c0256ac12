import type {Diagnosis} from '../../model/advice.ts';
import type {ProbeResult} from '../../model/health.ts';
import {ANSWERS_TLS} from './connections.ts';

/** AWS Classic ELB passes 200 alone: these are what a redirect answers. */
const REDIRECT = /^HTTP (?:301|302|303|307|308)$/;
/** What servers answer to a Host that they do not know: 400 Django, 403 Rails, 404 many, 421 RFC 9110 section 15.5.20. */
const REFUSED = /^HTTP (?:400|403|404|421)$/;

/** What a failed probe says by itself. */
export function diagnoseProbe(backend: string, {target, result}: ProbeResult): Diagnosis | undefined {
	if (REDIRECT.test(result)) return redirects(backend, target, result);
	if (result === 'HTTP 421') return needsHost(backend, {target, result}, 'certain');
	if (result === 'not TLS') return probesTls(backend, target);
	return ANSWERS_TLS.test(result) ? probesPlain(backend, target) : undefined;
}

/** Whether a probe failed with what a server answers to a Host that it does not know. */
export function mayNeedHost({result}: ProbeResult): boolean {
	return REFUSED.test(result);
}

/** The path of a target such as `HTTP:80/health`. */
export function pathOfTarget(target: string): string {
	const slash = target.indexOf('/');
	return slash === -1 ? '' : target.slice(slash);
}

/** Probes of a path fail, and the same path was answered 200 to a client, which sends another Host. */
export function needsHost(
	backend: string,
	{target, result}: Pick<ProbeResult, 'target' | 'result'>,
	certainty: Diagnosis['certainty'],
): Diagnosis {
	return {
		code: 'health-target-needs-host',
		backend,
		certainty,
		text: () => ({
			message: `Probes of ${target} are answered ${result.slice('HTTP '.length)} by back-end ${backend}${certainty === 'certain' ? '' : ', and clients are answered 200 on the same path'}: it wants a Host that it knows, and a probe sends its address and port`,
			fix: 'Answer the health path whatever the Host: except it from ALLOWED_HOSTS in Django or `config.hosts` in Rails, or give it to the default server of nginx.',
		}),
	};
}

function redirects(backend: string, target: string, result: string): Diagnosis {
	return {
		code: 'health-target-redirects',
		backend,
		certainty: 'certain',
		text: () => ({
			message: `Probes of ${target} are answered ${result.slice('HTTP '.length)} by back-end ${backend}, a redirect; a probe follows none, and only 200 passes`,
			fix: 'Probe a path that answers 200 itself, or except the health path from the redirect to https: and from the login.',
		}),
	};
}

function probesTls(backend: string, target: string): Diagnosis {
	return {
		code: 'tls-to-plaintext-port',
		backend,
		certainty: 'certain',
		text: () => ({
			message: `Probes of ${target} speak TLS to a port of back-end ${backend} that answers with something else`,
			fix: 'Probe the port over TLS that speaks TLS, or this one as HTTP or TCP.',
		}),
	};
}

function probesPlain(backend: string, target: string): Diagnosis {
	return {
		code: 'plaintext-to-tls-port',
		backend,
		certainty: 'certain',
		text: () => ({
			message: `Probes of ${target} speak plain HTTP to a port of back-end ${backend} that speaks TLS`,
			fix: 'Probe it as HTTPS or SSL.',
		}),
	};
}
