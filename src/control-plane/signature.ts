import {createHash, createHmac, timingSafeEqual} from 'node:crypto';
import {quote} from '../base/quote.ts';
import {wallMs} from '../base/timers.ts';
import type {RefusalCode} from '../model/refusal.ts';
import {type Authorization, readAuthorization, type SignatureScheme} from './authorization.ts';
import {canonicalRequests} from './canonical-request.ts';
import type {ApiRequest} from './dialect.ts';

/** Why a request is not taken for its sender's. The clouds' APIs have different words for these. */
export type DenialCode = Extract<
	RefusalCode,
	| 'ACCESS_KEY_UNKNOWN'
	| 'NOT_SIGNED'
	| 'REQUEST_EARLY'
	| 'REQUEST_EXPIRED'
	| 'SIGNATURE_MALFORMED'
	| 'SIGNATURE_MISMATCH'
	| 'SIGNING_DATE_MISSING'
	| 'SIGNING_DATE_UNREADABLE'
>;

export interface Denial {
	readonly code: DenialCode;
	/** One sentence. */
	readonly reason: string;
	/** The time of signing as it was given, where that is what is wrong. */
	readonly subject?: string;
	/** This machine's time in the same form, where the two are too far apart. */
	readonly of?: string;
}

/** Validates who sent a request, once for each. @returns undefined when it is who it says, else why not. */
export type Authenticate = (request: ApiRequest) => undefined | Denial;

export interface AuthenticatorOptions {
	/** Milliseconds since 1970-01-01 UTC. */
	readonly nowMs?: () => number;
	/** Takes signatures of whatever time to come, as OUTSCALE's LBU was observed to do. */
	readonly takesFuture?: boolean;
}

// 15 minutes either way: AWS General Reference, troubleshooting of signatures. OUTSCALE's is a guess: not stated.
const MAX_SKEW_MS = 15 * 60 * 1000;

/**
 * Verifies signatures (`AWS4-HMAC-SHA256`, `OSC4-HMAC-SHA256`) and basic credentials as the cloud's clients send them.
 *
 * The calculation is our own: signing libraries build the signed request themselves, cannot be told which headers were
 * signed, and know one prefix only.
 *
 * @param credentials secret keys by access key, and passwords by login. Without them everybody is let in.
 * @see AWS General Reference, Create a signed AWS API request; OUTSCALE API 1.40, securitySchemes
 */
export function authenticator(
	credentials: ReadonlyMap<string, string> | undefined,
	{nowMs = wallMs, takesFuture = false}: AuthenticatorOptions = {},
): Authenticate {
	if (credentials === undefined) return () => undefined;
	// Faults may ask before the API does. The verdict stays: a latency between the two lets no signature expire.
	const verdicts = new WeakMap<ApiRequest, {readonly denial: Denial | undefined}>();
	return request => {
		let verdict = verdicts.get(request);
		if (verdict === undefined) {
			verdict = {denial: denialOf(request, {credentials, nowMs: nowMs(), takesFuture})};
			verdicts.set(request, verdict);
		}
		return verdict.denial;
	};
}

function denialOf(request: ApiRequest, judging: Judging): Denial | undefined {
	const header = request.headers.get('authorization');
	if (header === undefined) {
		const reason = 'the request has no Authorization header; credentials are configured, so it has to be signed';
		return {code: 'NOT_SIGNED', reason};
	}
	const authorization = readAuthorization(header);
	if ('reason' in authorization) return {code: 'SIGNATURE_MALFORMED', reason: authorization.reason};
	return authorization.kind === 'basic'
		? denialOfPassword(authorization, judging.credentials)
		: denialOfSignature(request, authorization, judging);
}

type Signed = Extract<Authorization, {kind: 'signature'}>;
type Basic = Extract<Authorization, {kind: 'basic'}>;

function denialOfPassword({login, password}: Basic, credentials: ReadonlyMap<string, string>): Denial | undefined {
	const expected = credentials.get(login);
	if (expected !== undefined && isSame(digest(password), digest(expected))) return undefined;
	const reason = `the login ${named(login, credentials)} and the password do not belong to any configured credentials`;
	return {code: 'ACCESS_KEY_UNKNOWN', reason};
}

/** Who has put the secret key in the place of the access key does not read it in a log. */
function named(key: string, credentials: ReadonlyMap<string, string>): string {
	const isSecret = [...credentials.values()].some(secret => secret !== '' && key.includes(secret));
	return isSecret ? '(a secret key)' : quote(key);
}

interface Judging {
	readonly credentials: ReadonlyMap<string, string>;
	readonly nowMs: number;
	readonly takesFuture: boolean;
}

function denialOfSignature(request: ApiRequest, signed: Signed, judging: Judging): Denial | undefined {
	const {credentials} = judging;
	const {accessKey, signedHeaders} = signed;
	const secret = credentials.get(accessKey);
	if (secret === undefined) {
		const reason = `the access key ${named(accessKey, credentials)} is not among the configured credentials`;
		return {code: 'ACCESS_KEY_UNKNOWN', reason};
	}
	if (!signedHeaders.some(name => name.toLowerCase() === 'host')) {
		return mismatch('the signature has to cover the header host');
	}
	const date = dateOf(request, signed.scheme);
	if ('code' in date) return date;
	if (date.text.slice(0, 8) !== signed.day) {
		return mismatch(`the date ${date.text} is not of the day ${signed.day} in the credential scope`);
	}
	return denialOfAge(date, judging) ?? denialOfCalculation(request, signed, {secret, date: date.text});
}

function mismatch(reason: string): Denial {
	return {code: 'SIGNATURE_MISMATCH', reason};
}

function denialOfAge({text, ms}: SigningDate, {nowMs, takesFuture}: Judging): Denial | undefined {
	const ageMs = nowMs - ms;
	if (Math.abs(ageMs) <= MAX_SKEW_MS || (takesFuture && ageMs < 0)) return undefined;
	const seconds = Math.round(Math.abs(ageMs) / 1000);
	const reason = `the request was signed at ${text}, ${seconds} s from this machine's time; at most 900 s are allowed`;
	return {code: ageMs < 0 ? 'REQUEST_EARLY' : 'REQUEST_EXPIRED', reason, subject: text, of: basicFormat(nowMs)};
}

/** ISO 8601, basic format: `20260801T120000Z`. */
function basicFormat(ms: number): string {
	return Number.isNaN(ms) ? '' : new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

function denialOfCalculation(
	request: ApiRequest,
	{scheme, accessKey, scope, signedHeaders, signature}: Signed,
	{secret, date}: {readonly secret: string; readonly date: string},
): Denial | undefined {
	const ofPayload = reasonAgainstPayloadHash(request);
	if (ofPayload !== undefined) return mismatch(ofPayload);
	const canonical = canonicalRequests(request, signedHeaders);
	if ('missing' in canonical) {
		return mismatch(`the signature covers the header ${quote(canonical.missing)}, which the request does not have`);
	}
	const key = signingKey(secret, scheme, scope);
	const given = Buffer.from(signature, 'hex');
	let matches = false;
	for (const text of canonical) {
		const toSign = [`${scheme.prefix}-HMAC-SHA256`, date, scope, digest(text).toString('hex')].join('\n');
		// Each is compared, whichever matched: how long it takes says nothing.
		matches = isSame(given, hmac(key, toSign)) || matches;
	}
	if (matches) return undefined;
	return mismatch(
		`the signature does not match: the secret key of ${quote(accessKey)} is another, or the request was changed after it was signed`,
	);
}

interface SigningDate {
	/** `20260801T120000Z` */
	readonly text: string;
	readonly ms: number;
}

/** The signing time, from the first header that has one. */
function dateOf({headers}: ApiRequest, {dateHeaders}: SignatureScheme): SigningDate | Denial {
	const given = dateHeaders.map(name => headers.get(name)?.trim() ?? '').filter(text => text !== '');
	for (const text of given) {
		const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
		if (match === null) continue;
		const [, year, month, day, hour, minute, second] = match;
		const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
		if (!Number.isNaN(ms)) return {text, ms};
	}
	const reason = `the request has no date; ${dateHeaders[0]} has to be like 20260801T120000Z`;
	const [first] = given;
	return first === undefined
		? {code: 'SIGNING_DATE_MISSING', reason}
		: {code: 'SIGNING_DATE_UNREADABLE', reason, subject: first};
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
