import {createHash} from 'node:crypto';
import type {ApiRequest} from './dialect.ts';

/**
 * Every canonical request that a client of the cloud may have signed for these bytes; the true one is among them.
 *
 * Clients differ: osc-cli sends `//api/latest/X` and signs one slash, osc-sdk-python signs the host without its port,
 * some signers escape the path a second time as AWS asks, and osc-cli signs a query in the order it was sent.
 *
 * @returns the name of a signed header that the request does not have, instead.
 * @see AWS General Reference, Create a signed AWS API request: the canonical request
 */
export function canonicalRequests(
	{method, path, query = '', headers, body}: ApiRequest,
	signedHeaders: readonly string[],
): readonly string[] | {readonly missing: string} {
	const missing = signedHeaders.find(name => !headers.has(name.toLowerCase()));
	if (missing !== undefined) return {missing};
	const host = headers.get('host') ?? '';
	const payload = createHash('sha256').update(body).digest('hex');
	const texts: string[] = [];
	for (const signedHost of new Set([host, host.replace(/:\d+$/, '')])) {
		const fields = signedHeaders.map(name => {
			const value = name.toLowerCase() === 'host' ? signedHost : (headers.get(name.toLowerCase()) ?? '');
			return `${name.toLowerCase()}:${value.trim().replace(/[ \t]+/g, ' ')}\n`;
		});
		for (const uri of pathsFor(path)) {
			for (const parameters of new Set([query, sorted(query)])) {
				texts.push([method, uri, parameters, fields.join(''), signedHeaders.join(';'), payload].join('\n'));
			}
		}
	}
	return texts;
}

function pathsFor(path: string): ReadonlySet<string> {
	const plain = [path, path.replace(/\/{2,}/g, '/')];
	return new Set([...plain, ...plain.map(each => each.split('/').map(escaped).join('/'))]);
}

/** Parameters by name, then by value, in code-point order, each escaped in the one way that RFC 3986 prefers. */
function sorted(query: string): string {
	if (query === '') return '';
	return query
		.split('&')
		.map(parameter => {
			const [name = '', ...value] = parameter.split('=');
			return [normal(name), normal(value.join('='))] as const;
		})
		.sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
		.map(([name, value]) => `${name}=${value}`)
		.join('&');
}

function normal(text: string): string {
	try {
		return escaped(decodeURIComponent(text));
	} catch {
		// A stray percent sign is itself.
		return escaped(text);
	}
}

/** Everything but the unreserved characters of RFC 3986 section 2.3. */
function escaped(text: string): string {
	// A lone surrogate has no UTF-8, and cannot be escaped.
	const wellFormed = Buffer.from(text, 'utf8').toString('utf8');
	return encodeURIComponent(wellFormed).replace(
		/[!'()*]/g,
		character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}

function compare(one: string, other: string): number {
	if (one === other) return 0;
	return one < other ? -1 : 1;
}
