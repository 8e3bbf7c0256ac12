import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import type {ApiAnswer, ApiRequest} from '../dialect.ts';

/** Where the built page may be: from the bundles, from the command line's, from the tests' and from the sources. */
const FOLDERS = ['./page/', '../page/', '../dist/page/', '../../../dist/page/'];

const TYPES: ReadonlyMap<string, string> = new Map([
	['index.html', 'text/html; charset=utf-8'],
	['app.js', 'text/javascript; charset=utf-8'],
	['chunk.js', 'text/javascript; charset=utf-8'],
	['more.js', 'text/javascript; charset=utf-8'],
	['page.css', 'text/css; charset=utf-8'],
	['icon.svg', 'image/svg+xml'],
]);

/**
 * No script but the page's own file, no text that becomes code or markup, nothing from elsewhere.
 *
 * @see W3C Content Security Policy Level 3; W3C Trusted Types
 */
const POLICY = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types 'none'",
].join('; ');

const HEADERS = [
	['Content-Security-Policy', POLICY],
	['X-Content-Type-Options', 'nosniff'],
	['Referrer-Policy', 'no-referrer'],
	['Cross-Origin-Resource-Policy', 'same-origin'],
	['Permissions-Policy', 'clipboard-write=(self)'],
	['Server', 'lb-local'],
] as const;

/** `/_lb`: the page is at `/_lb/`, so that what it names is found beside it. */
export function redirectToPage(): ApiAnswer {
	return {status: 308, headers: [['Location', '/_lb/'], ...HEADERS], body: ''};
}

/** One file of the page, by its name alone. What was not built is answered in words. */
export async function answerFile(name: string, {headers}: Pick<ApiRequest, 'headers'>): Promise<ApiAnswer> {
	const body = await readBuilt(name);
	if (body === undefined) return notBuilt();
	const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
	const known = headers
		.get('if-none-match')
		?.split(',')
		.map(each => each.trim().replace(/^W\//, ''));
	return {
		status: known?.includes(tag) === true ? 304 : 200,
		headers: [
			['Content-Type', TYPES.get(name) ?? 'application/octet-stream'],
			['Cache-Control', 'no-cache'],
			['ETag', tag],
			...HEADERS,
		],
		body,
	};
}

async function readBuilt(name: string): Promise<string | undefined> {
	for (const folder of FOLDERS) {
		try {
			return await readFile(new URL(`${folder}${name}`, import.meta.url), 'utf8');
		} catch {
			// It is in another folder, or nowhere.
		}
	}
	return undefined;
}

/** In a clone: the package has the page. */
function notBuilt(): ApiAnswer {
	return {
		status: 404,
		headers: [['Content-Type', 'text/plain; charset=utf-8'], ['Cache-Control', 'no-store'], ...HEADERS],
		body: 'The page has not been built: `npm run build` does that, and `npm start` as well.\nGET /_lb/state has the same as JSON.\n',
	};
}
