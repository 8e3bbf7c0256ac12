import {quote} from '../base/quote.ts';

/** The two families of signatures: one calculation, two sets of words. */
export interface SignatureScheme {
	/** `AWS4` or `OSC4`: stands before the secret key, and begins the algorithm's name. */
	readonly prefix: 'AWS4' | 'OSC4';
	/** Ends the credential scope. */
	readonly terminator: string;
	/** Where the signing time stands, the usual place first. */
	readonly dateHeaders: readonly string[];
}

/** What an Authorization header says. */
export type Authorization =
	| {
			readonly kind: 'signature';
			readonly scheme: SignatureScheme;
			readonly accessKey: string;
			/** `20260801/eu-west-2/api/osc4_request` */
			readonly scope: string;
			/** The day in the scope: `20260801`. */
			readonly day: string;
			/** As they were listed. */
			readonly signedHeaders: readonly string[];
			/** 64 hexadecimal digits. */
			readonly signature: string;
	  }
	| {readonly kind: 'basic'; readonly login: string; readonly password: string};

// OSC4 is SigV4 with AWS replaced by OSC: osc-sdk-python, authentication.py. Each is found with the other's date as well.
const SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map([
	[
		'AWS4-HMAC-SHA256',
		{prefix: 'AWS4', terminator: 'aws4_request', dateHeaders: ['x-amz-date', 'x-osc-date']} as const,
	],
	[
		'OSC4-HMAC-SHA256',
		{prefix: 'OSC4', terminator: 'osc4_request', dateHeaders: ['x-osc-date', 'x-amz-date']} as const,
	],
]);

const FORM = 'Credential=<access key>/<date>/<region>/<service>/<terminator>, SignedHeaders=<names>, Signature=<hex>';

/** Takes an Authorization header apart. @returns a reason, one sentence, for what is none that the cloud takes. */
export function readAuthorization(text: string): Authorization | {readonly reason: string} {
	const [, word = ''] = /^[ \t]*(\S*)/.exec(text) ?? [];
	const rest = text.trimStart().slice(word.length).trimStart();
	if (word.toLowerCase() === 'basic') return readBasic(rest.trim());
	const scheme = SCHEMES.get(word);
	if (scheme === undefined) {
		return {
			reason: `the Authorization header begins with ${quote(word)}; allowed are AWS4-HMAC-SHA256, OSC4-HMAC-SHA256 and Basic`,
		};
	}
	const parts = readParts(rest);
	if (parts === undefined) return {reason: `the Authorization header is malformed; it has to be ${word} ${FORM}`};
	const [credential, names, signature] = parts;
	if (!/^[0-9a-f]{64}$/i.test(signature)) return {reason: 'the Signature has to be 64 hexadecimal digits'};
	const signedHeaders = names.split(';');
	if (!signedHeaders.every(name => /^[\w!#$%&'*+.^`|~-]+$/.test(name))) {
		return {reason: `SignedHeaders=${quote(names)} is no list of header names with ";" between`};
	}
	if (new Set(signedHeaders.map(name => name.toLowerCase())).size < signedHeaders.length) {
		// Each name stands for a value of the request: a repeated one could make a text of any size out of a small request.
		return {reason: `SignedHeaders=${quote(names)} names a header twice`};
	}
	const scope = /^(.+)\/((\d{8})\/([^/]+)\/([^/]+)\/([^/]+))$/.exec(credential);
	if (scope === null || scope[6] !== scheme.terminator) {
		const form = `<access key>/<date>/<region>/<service>/${scheme.terminator}`;
		return {reason: `Credential=${quote(credential)} is malformed; with ${word} it has to be ${form}`};
	}
	const [, accessKey = '', whole = '', day = ''] = scope;
	return {kind: 'signature', scheme, accessKey, scope: whole, day, signedHeaders, signature: signature.toLowerCase()};
}

/** `Credential`, `SignedHeaders` and `Signature`, each once, in any order. */
function readParts(text: string): [credential: string, signedHeaders: string, signature: string] | undefined {
	const values = new Map<string, string>();
	for (const part of text.split(',')) {
		const [, name = '', value = ''] = /^\s*(\w+)[ \t]*=[ \t]*(\S+)\s*$/.exec(part) ?? [];
		if (values.has(name)) return undefined;
		values.set(name, value);
	}
	const credential = values.get('Credential');
	const signedHeaders = values.get('SignedHeaders');
	const signature = values.get('Signature');
	if (values.size !== 3 || credential === undefined || signedHeaders === undefined || signature === undefined) {
		return undefined;
	}
	return [credential, signedHeaders, signature];
}

/** RFC 7617. */
function readBasic(encoded: string): Authorization | {readonly reason: string} {
	const text = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? Buffer.from(encoded, 'base64').toString('utf8') : '';
	const colon = text.indexOf(':');
	if (colon <= 0) return {reason: 'the basic credentials are malformed; they have to be login:password in base64'};
	return {kind: 'basic', login: text.slice(0, colon), password: text.slice(colon + 1)};
}
