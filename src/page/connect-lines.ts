import {shellWord} from './copy-as.ts';
import type {ListenerState} from './wire.ts';

/** The variables as `lb-local env` prints them. */
export function exportLines(env: Readonly<Record<string, string>>): string[] {
	return Object.entries(env).map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`);
}

/** What a shell sends to a listener. @param about the load balancer's DNS name, and the file of the authority. */
export function listenerLine(
	{spec, host, port, boundPort, certificate}: ListenerState,
	about: {readonly dnsName: string; readonly authority: string},
): string {
	const bound = `${host.includes(':') ? `[${host}]` : host}:${boundPort}`;
	const {names = []} = certificate ?? {};
	// A certificate of one's own may not have the load balancer's name, and one for *.test has it for any.
	const name = (names.includes(about.dnsName) ? about.dnsName : (names[0] ?? about.dnsName)).replace('*', 'any');
	const authority = shellWord(about.authority);
	if (spec.startsWith('http:')) return `curl ${shellWord(`http://${bound}/`)}`;
	if (spec.startsWith('https:')) {
		const site = `${name.includes(':') ? `[${name}]` : name}:${port}`;
		return `curl --cacert ${authority} --connect-to ${shellWord(`${site}:${bound}`)} ${shellWord(`https://${site}/`)}`;
	}
	if (spec.startsWith('ssl:'))
		return `openssl s_client -CAfile ${authority} -servername ${shellWord(name)} -connect ${shellWord(bound)}`;
	return `nc ${host} ${boundPort}`;
}
