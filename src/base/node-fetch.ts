/**
 * Node's own `fetch`, with connections that we provide. It is read when this module loads, because mocks and the DOM
 * environments of test runners replace the global one later.
 */
import {EmulatorError} from './errors.ts';

const taken: typeof fetch | undefined = globalThis.fetch;

/**
 * A `fetch` that passes every exchange to a given dispatcher, an interface of undici, which Node's fetch is built on.
 *
 * @throws EmulatorError `FETCH_UNAVAILABLE` when the global fetch is another one, which would ignore the dispatcher.
 * @see https://nodejs.org/api/globals.html#fetch (custom dispatcher), undici's docs/api/Dispatcher.md
 */
export async function fetchOfNode(): Promise<(input: string | Request, init: object) => Promise<Response>> {
	const fetch = taken;
	if (fetch === undefined || !(await readsDispatcher(fetch))) throw fetchUnavailable();
	return fetch;
}

/** Requests an invalid URL, so that nothing is sent, whichever fetch it is. */
async function readsDispatcher(fetch: (input: string, init: object) => Promise<Response>): Promise<boolean> {
	let isRead = false;
	const init = {
		get dispatcher() {
			isRead = true;
			return undefined;
		},
	};
	try {
		await fetch('http://', init);
	} catch {
		// Expected: "http://" is not a URL.
	}
	return isRead;
}

function fetchUnavailable(): EmulatorError<'FETCH_UNAVAILABLE'> {
	return new EmulatorError(
		'FETCH_UNAVAILABLE',
		"lb.fetch() needs Node's own fetch, and here it is another one or none",
		{
			hint: 'Bun, Deno, DOM test environments and mocks have their own: import lb-local before it is replaced, or use another client with lb.url() and lb.ca.pem.',
		},
	);
}
