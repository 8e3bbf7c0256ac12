import {EmulatorError} from '../base/errors.ts';

/** What `lb.fetch()` was asked for: a path at the first listener, or what is given to `fetch` as it is. */
export type Fetched =
	| {readonly path: string; readonly init: RequestInit}
	| {readonly request: string | Request; readonly init: RequestInit};

/**
 * Reads the arguments of `lb.fetch()`.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` when the first is none of what `fetch` takes.
 */
export function readFetched(input: unknown, init: RequestInit): Fetched {
	if (input instanceof URL) return {request: input.href, init};
	if (typeof input === 'string') {
		return /^[a-z][a-z0-9+.-]*:\/\//i.test(input) ? {request: input, init} : {path: input, init};
	}
	if (isRequest(input)) return {request: input, init};
	// A URL of another realm or library, such as that of a DOM environment.
	if (typeof input === 'object' && input !== null && 'href' in input && typeof input.href === 'string') {
		return {request: input.href, init};
	}
	throw new EmulatorError(
		'INVALID_DESCRIPTION',
		`lb.fetch() takes a path, a URL or a Request, not ${input === null ? 'null' : typeof input}`,
		{hint: "A path starts with a slash: lb.fetch('/login')."},
	);
}

function isRequest(input: unknown): input is Request {
	return typeof Request === 'function' && input instanceof Request;
}

/** The host header that was given, which `fetch` itself drops, and the origin that it is meant for. */
export function givenHost(input: string | Request, {headers}: RequestInit): {host: string; origin: string} | undefined {
	const url = typeof input === 'string' ? input : input.url;
	// As fetch has it, headers of init take the place of all those of a Request.
	const host = new Headers(headers ?? (typeof input === 'string' ? undefined : input.headers)).get('host');
	return host === null || !URL.canParse(url) ? undefined : {host, origin: new URL(url).origin};
}
