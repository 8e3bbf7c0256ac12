import type {Config} from '../configuration/spec.ts';
import {curlLine, opensslOptions} from '../emulator/connect-lines.ts';
import type {Emulator} from '../emulator.ts';

/** The three recipes, with fake back-ends that return what they received. */
export const DEMO_CONFIG: Config = {
	backends: {
		app: {kind: 'echo', count: 3},
		cache: {kind: 'echo', count: 2},
		shop: {kind: 'echo', count: 2, tls: {names: ['shop.test']}},
	},
	loadBalancers: {
		web: {listeners: ['https:443 -> http:80'], backends: ['app']},
		cache: {listeners: ['ssl:6379 -> tcp:6380'], backends: ['cache']},
		shop: {listeners: ['tcp:443'], backends: ['shop']},
	},
};

interface Recipe {
	readonly loadBalancer: string;
	readonly text: string;
	/** The name in the certificate that the client sees; by default the DNS name of the load balancer. */
	readonly servername?: string;
	readonly withOpenssl?: boolean;
}

const RECIPES: readonly Recipe[] = [
	{
		loadBalancer: 'web',
		text: 'SSL termination to HTTP: the back-ends get plain HTTP with X-Forwarded-For, -Proto and -Port, in turn per request',
	},
	{
		loadBalancer: 'cache',
		text: 'SSL termination to TCP: the back-ends get the decrypted bytes and nothing else, in turn per connection',
		withOpenssl: true,
	},
	{
		loadBalancer: 'shop',
		text: 'SSL passthrough: the certificate is the back-end’s, and the load balancer reads none of it',
		servername: 'shop.test',
	},
];

/**
 * The lines that explain the demo, with commands for each recipe that can be pasted into a shell.
 *
 * @param authorityFile the certificate of the authority that clients need.
 */
export function demoLines(
	{loadBalancers}: Pick<Emulator, 'loadBalancers'>,
	authorityFile: string,
	env: Readonly<Record<string, string | undefined>> = process.env,
): string[] {
	const lines: string[] = [];
	for (const {loadBalancer: name, text, servername, withOpenssl = false} of RECIPES) {
		const loadBalancer = loadBalancers.find(running => running.name === name);
		const [listener] = loadBalancer?.listeners ?? [];
		if (loadBalancer === undefined || listener === undefined) continue;
		const {host, boundPort, port} = listener;
		const tls = {name: servername ?? loadBalancer.dnsName, isIssued: true};
		const at = {port, host, boundPort, tls};
		lines.push('', `${name}: ${listener.spec}`, `  ${text}`, `  ${curlLine(at, authorityFile, env)}`);
		if (withOpenssl) lines.push(`  ${REQUEST} | ${OPENSSL} ${opensslOptions(at, authorityFile)}`);
	}
	return lines;
}

const REQUEST = `printf 'GET / HTTP/1.0\\r\\n\\r\\n'`;
const OPENSSL = 'openssl s_client -quiet -verify_return_error';
