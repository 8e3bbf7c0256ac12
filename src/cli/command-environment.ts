import {formatAddress} from '../base/errors.ts';
import type {ListenerStatus} from '../emulator/load-balancer.ts';
import type {Emulator} from '../emulator.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the command of `run` is told of a load balancer. */
interface Reachable {
	readonly name: string;
	readonly listeners: readonly Pick<ListenerStatus, 'spec' | 'host' | 'boundPort'>[];
}

/**
 * The variables that lead a command to what runs: `LB_LOCAL_ENDPOINT`, and `LB_LOCAL_<NAME>_URL` for each load balancer.
 * Of two load balancers whose names give the same variable, the first has it.
 */
export function addressVariables({
	endpoint,
	loadBalancers,
}: Pick<Emulator, 'endpoint'> & {readonly loadBalancers: readonly Reachable[]}): Record<string, string> {
	const variables: Record<string, string> = {LB_LOCAL_ENDPOINT: endpoint};
	for (const {name, listeners} of loadBalancers) {
		const variable = urlVariable(name);
		const address = addressOf(listeners);
		if (address !== undefined && !Object.hasOwn(variables, variable)) variables[variable] = address;
	}
	return variables;
}

/** Load balancers whose variable another one has. */
export function withoutVariable(loadBalancers: readonly Reachable[]): string[] {
	const taken = new Set<string>();
	return loadBalancers.flatMap(({name}) => {
		const variable = urlVariable(name);
		if (taken.has(variable)) return [name];
		taken.add(variable);
		return [];
	});
}

export function urlVariable(name: string): string {
	return `LB_LOCAL_${name.toUpperCase().replaceAll('-', '_')}_URL`;
}

/** The URL of the first HTTPS listener, else of the first HTTP listener; host and port of the first one else. */
function addressOf(listeners: Reachable['listeners']): string | undefined {
	for (const protocol of ['https', 'http']) {
		const found = listeners.find(({spec}) => spec.startsWith(`${protocol}:`));
		if (found !== undefined) return `${protocol}://${formatAddress(found.host, found.boundPort)}`;
	}
	const [first] = listeners;
	return first === undefined ? undefined : formatAddress(first.host, first.boundPort);
}

/** Variables that name a file of authorities, which replaces those of the system. */
export const REPLACING_TRUST = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'AWS_CA_BUNDLE'] as const;

/**
 * The variables by which a command trusts the authority.
 *
 * @param files `added`: the authority, and what `NODE_EXTRA_CA_CERTS` named before. `all`: the system's authorities as well.
 */
export function trustVariables({added, all}: {readonly added: string; readonly all: string}): Record<string, string> {
	return {NODE_EXTRA_CA_CERTS: added, ...Object.fromEntries(REPLACING_TRUST.map(name => [name, all]))};
}

/** The files that these variables name already, each once. */
export function filesIn(env: Environment, names: readonly string[]): string[] {
	return [...new Set(names.flatMap(name => env[name] || []))];
}
