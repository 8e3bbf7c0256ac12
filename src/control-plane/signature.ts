import {createHash, createHmac, timingSafeEqual} from 'node:crypto';
import {quote} from '../base/quote.ts';
import {wallMs} from '../base/timers.ts';
import {type Authorization, readAuthorization, type SignatureScheme} from './authorization.ts';
import {canonicalRequests} from './canonical-request.ts';
import type {ApiRequest} from './dialect.ts';

/** Validates who sent a request. @returns undefined when it is who it says, else why not, in one sentence. */
export type Authenticate = (request: ApiRequest) => undefined | {readonly reason: string};

// 15 minutes either way: AWS General Reference, troubleshooting of signatures. OUTSCALE's is a guess: not stated.
const MAX_SKEW_MS = 15 * 60 * 1000;

/**
 * Verifies signatures (`AWS4-HMAC-SHA256`, `OSC4-HMAC-SHA256`) and basic credentials as the cloud's clients send them.
 *
 * The calculation is our own: signing libraries build the signed request themselves, cannot be told which headers were
 * signed, and know one prefix only.
 *
 * @param credentials secret keys by access key, and passwords by login. Without them everybody is let in.
 * @param nowMs milliseconds since 1970-01-01 UTC.
 * @see AWS General Reference, Create a signed AWS API request; OUTSCALE API 1.40, securitySchemes
 */
export function authenticator(
	credentials: ReadonlyMap<string, string> | undefined,
	nowMs: () => number = wallMs,
): Authenticate {
	if (credentials === undefined) return () => undefined;
	return request => {
		const header = request.headers.get('authorization');
		if (header === undefined) {
			return {reason: 'the request has no Authorization header; credentials are configured, so it has to be signed'};
		}
		const authorization = readAuthorization(header);
		if ('reason' in authorization) return authorization;
		const reason =
			authorization.kind === 'basic'
				? reasonAgainstPassword(authorization, credentials)
				: reasonAgainstSignature(request, authorization, {credentials, nowMs});
		return reason === undefined ? undefined : {reason};
	};
}

type Signed = Extract<Authorization, {kind: 'signature'}>;
type Basic = Extract<Authorization, {kind: 'basic'}>;

function reasonAgainstPassword({login, password}: Basic, credentials: ReadonlyMap<string, string>): string | undefined {
	const expected = credentials.get(login);
	if (expected !== undefined && isSame(digest(password), digest(expected))) return undefined;
	return `the login ${named(login, credentials)} and the password do not belong to any configured credentials`;
}

/** Who has put the secret key in the place of the access key does not read it in a log. */
function named(key: string, credentials: ReadonlyMap<string, string>): string {
	const isSecret = [...credentials.values()].some(secret => secret !== '' && key.includes(secret));
	return isSecret ? '(a secret key)' : quote(key);
}

function reasonAgainstSignature(
	request: ApiRequest,
	{scheme, accessKey, scope, day, signedHeaders, signature}: Signed,
	{credentials, nowMs}: {readonly credentials: ReadonlyMap<string, string>; readonly nowMs: () => number},
): string | undefined {
	const secret = credentials.get(accessKey);
	if (secret === undefined)
		return `the access key ${named(accessKey, credentials)} is not among the configured credentials`;
	if (!signedHeaders.some(name => name.toLowerCase() === 'host')) return 'the signature has to cover the header host';
	const date = dateOf(request, scheme);
	if (date === undefined) return `the request has no date; ${scheme.dateHeaders[0]} has to be like 20260801T120000Z`;
	if (date.text.slice(0, 8) !== day) return `the date ${date.text} is not of the day ${day} in the credential scope`;
	const skewMs = Math.abs(nowMs() - date.ms);
	if (!(skewMs <= MAX_SKEW_MS)) {
		return `the request was signed at ${date.text}, ${Math.round(skewMs / 1000)} s from this machine's time; at most 900 s are allowed`;
	}
	const ofPayload = reasonAgainstPayloadHash(request);
	if (ofPayload !== undefined) return ofPayload;
	const canonical = canonicalRequests(request, signedHeaders);
	if ('missing' in canonical) {
		return `the signature covers the header ${quote(canonical.missing)}, which the request does not have`;
	}
	const key = signingKey(secret, scheme, scope);
	const given = Buffer.from(signature, 'hex');
	let matches = false;
	for (const text of canonical) {
		const toSign = [`${scheme.prefix}-HMAC-SHA256`, date.text, scope, digest(text).toString('hex')].join('\n');
		// Each is compared, whichever matched: how long it takes says nothing.
		matches = isSame(given, hmac(key, toSign)) || matches;
	}
	if (matches) return undefined;
	return `the signature does not match: the secret key of ${quote(accessKey)} is another, or the request was changed after it was signed`;
}

/** The signing time, from the first header that has one. */
function dateOf({headers}: ApiRequest, {dateHeaders}: SignatureScheme): {text: string; ms: number} | undefined {
	for (const name of dateHeaders) {
		const text = headers.get(name)?.trim() ?? '';
		const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
		if (match === null) continue;
		const [, year, month, day, hour, minute, second] = match;
		const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
		if (!Number.isNaN(ms)) return {text, ms};
	}
	return undefined;
}

/** Clients may say what the payload's hash is; what they say has to be true, and it has to be said of the payload. */
function reasonAgainstPayloadHash({headers, body}: ApiRequest): string | undefined {
	const said = headers.get('x-amz-content-sha256');
	if (said === undefined || said.toLowerCase() === digest(body).toString('hex')) return undefined;
	return /^[0-9a-f]{64}$/i.test(said)
		? 'x-amz-content-sha256 is not the hash of the body'
		: `x-amz-content-sha256 is ${quote(said)}; the body has to be signed, so it has to be its SHA-256 in hexadecimal`;
}

function signingKey(secret: string, {prefix}: SignatureScheme, scope: string): Buffer {
	return scope.split('/').reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(prefix + secret, 'utf8'));
}

function hmac(key: Buffer, text: string): Buffer {
	return createHmac('sha256', key).update(text, 'utf8').digest();
}

function digest(data: string | Uint8Array): Buffer {
	return createHash('sha256').update(data).digest();
}

function isSame(one: Buffer, other: Buffer): boolean {
	return one.length === other.length && timingSafeEqual(one, other);
}
