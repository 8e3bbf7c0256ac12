import {formatAddress} from '../base/errors.ts';
import {isIP} from '../base/ip.ts';
import {shellWord} from '../base/shell-word.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';
import {nameAt, type Reachable, schemeOf} from './reachable.ts';

/** One listener, as a line of a shell reaches it. */
export interface Destination {
	/** The port as it is written. */
	readonly port: number;
	readonly host: string;
	readonly boundPort: number;
	readonly tls:
		| undefined
		| {
				/** To ask for. */
				readonly name: string;
				/** Whether the emulator's authority signs for it. */
				readonly isIssued: boolean;
		  };
	readonly speaksHttp: boolean;
}

/** Fake back-ends of these kinds answer requests of HTTP. */
const HTTP_KINDS: ReadonlySet<string> = new Set(['echo', 'reply', 'har', 'handler']);

/** The listeners of a load balancer. What a server of somebody's own speaks behind TCP is not known. */
export function destinations({
	reachable,
	dnsName,
	currentBackends,
}: Pick<ManagedLoadBalancer, 'reachable' | 'dnsName' | 'currentBackends'>): Destination[] {
	const answersHttp = currentBackends.length > 0 && currentBackends.every(({kind}) => HTTP_KINDS.has(kind));
	return reachable.map(listener => ({
		port: listener.port,
		host: listener.host,
		boundPort: listener.boundPort,
		tls: schemeOf(listener) === 'https' ? tlsOf(listener, dnsName) : undefined,
		speaksHttp: listener.protocol === 'http' || listener.protocol === 'https' || answersHttp,
	}));
}

function tlsOf(listener: Reachable, dnsName: string): Destination['tls'] {
	return {name: nameAt(listener, dnsName), isIssued: listener.isIssued};
}

/**
 * What a POSIX shell sends something with.
 *
 * @param authority the file that has the certificate of the emulator's authority.
 */
export function connectLine(destination: Destination, authority: string): string {
	if (destination.speaksHttp) return curlLine(destination, authority);
	const {tls, host, boundPort} = destination;
	if (tls === undefined) return `nc ${host} ${boundPort}`;
	return `openssl s_client ${opensslOptions({...destination, tls}, authority)}`;
}

/** A request by curl; of what others have signed it takes any certificate. */
export function curlLine(
	{port, host, boundPort, tls}: Omit<Destination, 'speaksHttp'>,
	authority: string,
	env: Readonly<Record<string, string | undefined>> = process.env,
): string {
	const bound = formatAddress(host, boundPort);
	// A proxy in the environment does not know hosts that exist only here.
	const proxies = ['all_proxy', 'ALL_PROXY', ...(tls === undefined ? ['http_proxy'] : ['https_proxy', 'HTTPS_PROXY'])];
	const curl = proxies.some(key => (env[key] ?? '') !== '') ? "curl --noproxy '*'" : 'curl';
	if (tls === undefined) return `${curl} ${shellWord(`http://${bound}/`)}`;
	const name = tls.name.includes(':') ? `[${tls.name}]` : tls.name;
	const url = port === 443 ? `https://${name}/` : `https://${name}:${port}/`;
	const trust = tls.isIssued ? `--cacert ${shellWord(authority)}` : '--insecure';
	return `${curl} ${trust} --connect-to ${shellWord(`${name}:${port}:${bound}`)} ${shellWord(url)}`;
}

/** What leads `openssl s_client` there, and has it trust what answers. */
export function opensslOptions(
	{host, boundPort, tls}: Pick<Destination, 'host' | 'boundPort'> & {readonly tls: NonNullable<Destination['tls']>},
	authority: string,
): string {
	const trust = tls.isIssued ? `-CAfile ${shellWord(authority)} ` : '';
	// RFC 6066 section 3: an address is no server name.
	const name = isIP(tls.name) === 0 ? `-servername ${shellWord(tls.name)}` : '-noservername';
	return `${trust}${name} -connect ${shellWord(formatAddress(host, boundPort))}`;
}
