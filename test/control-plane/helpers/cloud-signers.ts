import {createHash, createHmac} from 'node:crypto';

/** How one client of the cloud signs: what differs between them, and nothing else. */
export interface Signer {
	readonly prefix: 'AWS4' | 'OSC4';
	readonly service: string;
	readonly region: string;
	/** What stands in the Authorization header, in this order. */
	readonly signed: readonly (readonly [name: string, value: string])[];
	/** The path that is signed, which is not always the one that is sent. */
	readonly canonicalUri: string;
	readonly canonicalQuery?: string;
}

export interface ToSign {
	readonly accessKey: string;
	readonly secretKey: string;
	readonly method?: string;
	readonly body: string;
	/** `20260801T120000Z` */
	readonly date: string;
}

/** The Authorization header of a signer, by the published calculation, written apart from what is tested. */
export function authorizationOf(signer: Signer, {accessKey, secretKey, method = 'POST', body, date}: ToSign): string {
	const {prefix, service, region, signed, canonicalUri, canonicalQuery = ''} = signer;
	const names = signed.map(([name]) => name).join(';');
	const canonical = [
		method,
		canonicalUri,
		canonicalQuery,
		...signed.map(([name, value]) => `${name}:${value}`),
		'',
		names,
		sha256(body),
	].join('\n');
	const scope = [date.slice(0, 8), region, service, `${prefix.toLowerCase()}_request`];
	const toSign = [`${prefix}-HMAC-SHA256`, date, scope.join('/'), sha256(canonical)].join('\n');
	let key: Buffer = Buffer.from(prefix + secretKey);
	for (const part of scope) key = createHmac('sha256', key).update(part).digest();
	const signature = createHmac('sha256', key).update(toSign).digest('hex');
	return `${prefix}-HMAC-SHA256 Credential=${accessKey}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`;
}

/** A request as a client sends it. */
export interface SentRequest {
	readonly path: string;
	readonly query?: string;
	readonly method?: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
}

export interface Call extends ToSign {
	readonly action: string;
	/** `127.0.0.1:8089` */
	readonly host: string;
}

/** osc-cli, `api` calls: two slashes on the wire and one in what is signed, the host with its port. */
export function asOscCli(call: Call): SentRequest {
	const {action, host, date, body} = call;
	const target = `OutscaleService.${action}`;
	const signed = [
		['host', host],
		['x-osc-date', date],
		['x-osc-target', target],
	] as const;
	const uri = `/api/latest/${action}`;
	const authorization = authorizationOf(
		{
			prefix: 'OSC4',
			service: 'api',
			region: 'eu-west-2',
			signed,
			canonicalUri: uri,
		},
		call,
	);
	return {
		path: `/${uri}`,
		headers: {
			Host: host,
			'X-Osc-Date': date,
			'x-osc-target': target,
			'Content-Type': 'application/json',
			Authorization: authorization,
		},
		body,
	};
}

/** osc-sdk-python: the content type is signed, and the host without its port. */
export function asPythonSdk(call: Call): SentRequest {
	const {action, host, date, body} = call;
	const type = 'application/json; charset=utf-8';
	const signed = [
		['content-type', type],
		['host', host.replace(/:\d+$/, '')],
		['x-osc-date', date],
	] as const;
	const path = `/api/v1/${action}`;
	const authorization = authorizationOf(
		{
			prefix: 'OSC4',
			service: 'api',
			region: 'eu-west-2',
			signed,
			canonicalUri: path,
		},
		call,
	);
	return {
		path,
		headers: {Host: host, 'Content-Type': type, 'X-Osc-Date': date, Authorization: authorization},
		body,
	};
}

/** osc-cli with the method GET: the query is signed in the order it is sent. */
export function asOscCliGet(call: Call): SentRequest {
	const {host, date, action} = call;
	const query = `LoadBalancerNames.member.1=web&Action=${action}&Version=2026-08-01`;
	const signed = [
		['host', host],
		['x-amz-date', date],
	] as const;
	const authorization = authorizationOf(
		{
			prefix: 'AWS4',
			service: 'lbu',
			region: 'eu-west-2',
			signed,
			canonicalUri: '/',
			canonicalQuery: query,
		},
		{...call, method: 'GET', body: ''},
	);
	return {
		path: '/',
		query,
		method: 'GET',
		headers: {host, 'x-amz-date': date, Authorization: authorization},
		body: '',
	};
}

/** An SDK of AWS: a form to `/`, the host with its port. */
export function asAwsSdk(call: Call): SentRequest {
	const {host, date, body} = call;
	const type = 'application/x-www-form-urlencoded; charset=utf-8';
	const signed = [
		['content-type', type],
		['host', host],
		['x-amz-date', date],
	] as const;
	const authorization = authorizationOf(
		{
			prefix: 'AWS4',
			service: 'elasticloadbalancing',
			region: 'eu-west-2',
			signed,
			canonicalUri: '/',
		},
		call,
	);
	return {
		path: '/',
		headers: {Host: host, 'Content-Type': type, 'X-Amz-Date': date, Authorization: authorization},
		body,
	};
}

function sha256(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}
