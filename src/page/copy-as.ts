import {scriptWord} from './assertions.ts';
import type {ListenerState, WireExchange} from './wire.ts';

/** What belongs to one connection or is said anew by each client: Host has its place in the URL. */
const NOT_COPIED = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect', 'te']);

/** Where the request was sent. */
export interface Sent {
	readonly exchange: WireExchange;
	readonly listener: Pick<ListenerState, 'host' | 'boundPort' | 'spec'>;
	/** Of the control port. */
	readonly endpoint: string;
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The fields that the client sent, without those of the load balancer. */
export function fieldsOf({request, added}: Pick<WireExchange, 'request' | 'added'>): (readonly [string, string])[] {
	const left = added.map(([name, value]) => `${name.toLowerCase()}: ${value}`);
	const fields: (readonly [string, string])[] = [];
	const raw = request?.rawHeaders ?? [];
	for (let index = 0; index + 1 < raw.length; index += 2) {
		const [name = '', value = ''] = [raw[index], raw[index + 1]];
		if (NOT_COPIED.has(name.toLowerCase())) continue;
		const at = left.indexOf(`${name.toLowerCase()}: ${value}`);
		if (at === -1) {
			fields.push([name, value]);
			continue;
		}
		left.splice(at, 1);
		// The load balancer puts the client's address behind what the client had sent.
		const before = value.lastIndexOf(',');
		if (name.toLowerCase() === 'x-forwarded-for' && before > 0) fields.push([name, value.slice(0, before)]);
	}
	return fields;
}

/** A command that sends the request again, for a POSIX shell; a comment where that cannot be done. */
export function curlOf(sent: Sent): string {
	const {exchange, endpoint} = sent;
	const {request} = exchange;
	if (request === undefined) return '# no request was forwarded, so there is nothing to send again';
	if (!request.complete) return `# the body was not kept whole: ${request.body.length} characters of it are known`;
	const {url, options, isSecure} = target(sent);
	const words = ['curl', '--http1.1', ...options];
	const {before, data} = bodyWords(request);
	words.push(...methodWords(request.method, data.length > 0));
	const fields = fieldsOf(exchange);
	for (const [name, value] of fields) words.push('-H', value === '' ? `${name};` : `${name}: ${value}`);
	// What curl would send by itself.
	const sentNames = new Set(fields.map(([name]) => name.toLowerCase()));
	const own = ['User-Agent', 'Accept', ...(data.length > 0 ? ['Content-Type'] : [])];
	for (const name of own) if (!sentNames.has(name.toLowerCase())) words.push('-H', `${name}:`);
	words.push(...data, url);
	const trust = isSecure ? `curl -sfo lb-local-ca.pem ${shellWord(`${endpoint}/_lb/ca.pem`)}\n` : '';
	return `${trust}${before}${words.map(shellWord).join(' ')}`;
}

function methodWords(method: string, hasData: boolean): string[] {
	if (method === 'HEAD') return ['--head'];
	return method === (hasData ? 'POST' : 'GET') ? [] : ['-X', method];
}

/** What the body is made of: what is written before the command, and its options. */
function bodyWords({body, base64}: NonNullable<WireExchange['request']>): {before: string; data: string[]} {
	if (base64 !== undefined) {
		return {before: `printf %s ${shellWord(base64)} | base64 -d | `, data: ['--data-binary', '@-']};
	}
	if (body === '') return {before: '', data: []};
	// A terminal acts on control characters, also on those that are pasted.
	if (!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(body)) return {before: '', data: ['--data-raw', body]};
	const octal = body
		.replaceAll('\\', '\\\\')
		.replaceAll('%', '%%')
		.replace(/[\u0000-\u001f\u007f]/g, each => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`);
	return {before: `printf ${shellWord(octal)} | `, data: ['--data-binary', '@-']};
}

/** The URL, and the options that lead it to the bound port. */
function target({exchange, listener}: Sent): {url: string; options: string[]; isSecure: boolean} {
	const {request, client} = exchange;
	const isSecure = client.tls !== undefined;
	const scheme = isSecure ? 'https' : 'http';
	const given = hostField(request?.rawHeaders ?? []);
	const bound = `${listener.host}:${listener.boundPort}`;
	const [, host = '', port = isSecure ? '443' : '80'] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(given ?? bound) ?? [];
	const path = request?.target ?? '/';
	const options = isSecure ? ['--cacert', 'lb-local-ca.pem'] : [];
	if (`${host}:${port}` !== bound) options.push('--connect-to', `${host}:${port}:${bound}`);
	if (!path.startsWith('/')) options.push('--request-target', path);
	else if (/\/\.{1,2}(?:\/|$|\?)/.test(path)) options.push('--path-as-is');
	if (/[[\]{}]/.test(path)) options.push('--globoff');
	return {url: `${scheme}://${given ?? bound}${path.startsWith('/') ? path : '/'}`, options, isSecure};
}

function hostField(raw: readonly string[]): string | undefined {
	for (let index = 0; index + 1 < raw.length; index += 2) {
		if (raw[index]?.toLowerCase() === 'host' && raw[index + 1] !== '') return raw[index + 1];
	}
	return undefined;
}

/**
 * The call of the library that sends the request again.
 *
 * @param about the load balancer's DNS name, and whether its first listener took the request: that takes a path alone.
 */
export function fetchOf(exchange: WireExchange, about: {readonly dnsName: string; readonly isFirst: boolean}): string {
	const {request, listener, client} = exchange;
	if (request === undefined) return '// no request was forwarded, so there is nothing to send again';
	if (!request.complete) return '// the body was not kept whole';
	const scheme = client.tls === undefined ? 'http' : 'https';
	const url = about.isFirst ? request.target : `${scheme}://${about.dnsName}:${listener}${request.target}`;
	const parts: string[] = [];
	if (request.method !== 'GET') parts.push(`method: ${scriptWord(request.method)}`);
	const fields = fieldsOf(exchange);
	if (fields.length > 0) {
		const lines = fields.map(([name, value]) => `[${scriptWord(name)}, ${scriptWord(value)}]`);
		parts.push(`headers: [\n\t\t${lines.join(',\n\t\t')},\n\t]`);
	}
	const {base64, body} = request;
	if (base64 !== undefined) parts.push(`body: Buffer.from(${scriptWord(base64)}, 'base64')`);
	else if (body !== '') parts.push(`body: ${scriptWord(body)}`);
	if (parts.length === 0) return `await lb.fetch(${scriptWord(url)});`;
	return `await lb.fetch(${scriptWord(url)}, {\n\t${parts.join(',\n\t')},\n});`;
}

/** Assertions that hold for this exchange, and would tell if it went otherwise. */
export function testOf({outcome, response, backend, request}: WireExchange): string {
	const lines = ['const exchange = lb.traffic.last();'];
	if (request !== undefined) {
		lines.push(`assert.equal(exchange.request.target, ${scriptWord(request.target)});`);
	}
	if (response !== undefined) lines.push(`assert.equal(exchange.response.status, ${response.status});`);
	lines.push(`assert.equal(exchange.outcome, ${scriptWord(outcome)});`);
	lines.push(
		backend === undefined
			? 'assert.equal(exchange.backend, undefined);'
			: `assert.equal(exchange.backend.name, ${scriptWord(backend.name)});`,
	);
	return lines.join('\n');
}
