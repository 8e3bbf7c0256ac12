import type {Duration} from '../base/duration.ts';
import {readInput} from '../base/read-file.ts';
import type {Authority} from '../certificates/authority.ts';
import type {LoadBalancerSpec} from '../configuration/spec.ts';
import type {HealthCheckTargetSpec} from '../configuration/spec-balancing.ts';
import type {ListenerSpec} from '../model/listener.ts';
import type {PemPair} from '../model/resolved.ts';
import {readCertificateChoice} from './arguments.ts';
import {usageError} from './exit-codes.ts';

/** How many echo back-ends run when none are given: enough to see the round robin. */
const FAKES = 3;

export interface InlineOptions {
	readonly certificate?: string;
	readonly health?: string;
	readonly idleTimeout?: string;
}

/**
 * The spec of the load balancer that the listeners of a command line describe.
 *
 * @param options of the command line; `certificate` is for the listeners that speak TLS.
 * @throws EmulatorError `USAGE`, `INVALID_DESCRIPTION` for names for which no certificate can be issued. The listeners
 * are validated when they are created.
 */
export async function describeInline(
	{listeners, backends}: {readonly listeners: readonly string[]; readonly backends: readonly string[]},
	options: InlineOptions,
	authority: Authority,
): Promise<LoadBalancerSpec> {
	const {certificate, health, idleTimeout} = options;
	// Any text is possible here: all of it is validated when the load balancer is created.
	const specs = listeners as readonly ListenerSpec[];
	const settings = {
		...(health === undefined ? {} : {healthCheck: {target: health as HealthCheckTargetSpec}}),
		...(idleTimeout === undefined ? {} : {idleTimeout: idleTimeout as Duration}),
	};
	const backendSpecs = backends.length > 0 ? backends : FAKES;
	if (certificate === undefined) return {...settings, listeners: specs, backends: backendSpecs};

	if (!listeners.some(endsTls)) {
		throw usageError(
			'--certificate goes with https and ssl listeners, and there is none',
			'tcp passes TLS through to the back-ends, which hold the certificate.',
		);
	}
	const pair = await readPair(certificate, authority);
	return {
		...settings,
		listeners: specs.map(listen => (endsTls(listen) ? {listen, certificate: pair} : listen)),
		backends: backendSpecs,
	};
}

function endsTls(listener: string): boolean {
	return /^\s*(?:https|ssl)\s*:/i.test(listener);
}

async function readPair(text: string, authority: Authority): Promise<PemPair> {
	const choice = readCertificateChoice(text);
	if (choice.kind === 'names') {
		const {cert, key} = authority.issue({names: choice.names});
		return {cert, key};
	}
	const [cert, key] = await Promise.all([readPem(choice.cert), readPem(choice.key)]);
	const refusals = [cert, key].flatMap(read => ('refusal' in read ? read.refusal : []));
	if ('refusal' in cert || 'refusal' in key) {
		throw usageError(refusals.join('; '), '--certificate cert.pem,key.pem takes the paths of two PEM files.');
	}
	return {cert: cert.text, key: key.text};
}

async function readPem(file: string): Promise<{readonly text: string} | {readonly refusal: string}> {
	const read = await readInput(file);
	if ('bytes' in read) return {text: read.bytes.toString()};
	return {refusal: `Cannot read ${file}: ${read.unreadable.reason}`};
}
