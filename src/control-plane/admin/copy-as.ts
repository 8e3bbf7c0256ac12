import {formatAddress} from '../../base/errors.ts';
import {shellWord} from '../../base/shell-word.ts';
import type {Exchange} from '../../observability/exchange.ts';
import type {WireRequest, WireResponse} from './wire-message.ts';

/** One exchange as others can use it: each is text to paste. */
export interface CopyAs {
	/** A command of a POSIX shell that sends the request again; a comment where that cannot be done. */
	readonly curl: string;
	/** The call of the library that sends it again; a comment where that cannot be done. */
	readonly fetch: string;
	/** Assertions that hold for this exchange. */
	readonly test: string;
	/** For each field of `added`, in its order, the assertion that the load balancer adds it. */
	readonly added: readonly string[];
}

/** What of an exchange the texts are made of. */
export interface Copied extends Pick<Exchange, 'listener' | 'client' | 'backend' | 'added' | 'outcome'> {
	readonly request: WireRequest | undefined;
	readonly response: WireResponse | undefined;
}

/** What belongs to one connection or is said anew by each client: Host has its place in the URL. */
const NOT_COPIED = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect', 'te']);

/** Where requests are sent, as it is now. */
export interface Place {
	readonly dnsName: string;
	/** In their order. */
	readonly listeners: readonly {readonly port: number; readonly host: string; readonly boundPort: number}[];
	/** Of the control port. */
	readonly endpoint: string;
}

/** The exchange as each text. */
export function copyAs(exchange: Copied, place: Place): CopyAs {
	return {
		curl: curlOf(exchange, place),
		fetch: fetchOf(exchange, place),
		test: testOf(exchange),
		added: exchange.added.map(([name, value]) => headerAssertionOf(name, value)),
	};
}

/** The fields that the client sent, without those of the load balancer. */
export function fieldsOf({request, added}: Pick<Copied, 'request' | 'added'>): (readonly [string, string])[] {
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

function curlOf(exchange: Copied, {listeners, endpoint}: Place): string {
	const {request} = exchange;
	const listener = listeners.find(({port}) => port === exchange.listener);
	if (listener === undefined) return '# its listener is gone';
	if (request === undefined) return '# no request was forwarded, so there is nothing to send again';
	if (!request.complete) return `# the body was not kept whole: ${request.body.length} characters of it are known`;
	const {url, options, isSecure} = target(exchange, formatAddress(listener.host, listener.boundPort));
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
function bodyWords({body, base64}: WireRequest): {before: string; data: string[]} {
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
function target({request, client}: Copied, bound: string): {url: string; options: string[]; isSecure: boolean} {
	const isSecure = client.tls !== undefined;
	const scheme = isSecure ? 'https' : 'http';
	const given = hostField(request?.rawHeaders ?? []);
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

function fetchOf(exchange: Copied, {dnsName, listeners}: Place): string {
	const {request, listener, client} = exchange;
	if (request === undefined) return '// no request was forwarded, so there is nothing to send again';
	if (!request.complete) return '// the body was not kept whole';
	const scheme = client.tls === undefined ? 'http' : 'https';
	// The first listener takes a path alone.
	const url = listeners[0]?.port === listener ? request.target : `${scheme}://${dnsName}:${listener}${request.target}`;
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

function testOf({outcome, response, backend, request}: Copied): string {
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

function headerAssertionOf(name: string, value: string): string {
	return `assertHeader(lb.traffic.last(), ${scriptWord(name.toLowerCase())}, ${scriptWord(value)});`;
}

/** A text as a string of JavaScript, in single quotes. */
export function scriptWord(text: string): string {
	const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
	return `'${escaped.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`;
}
