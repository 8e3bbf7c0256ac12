/**
 * Node's own `fetch`, with the connections left to us. It is taken when this module loads: mocks and the DOM
 * environments of test runners replace the global one.
 */
import {EmulatorError} from './errors.ts';

const taken: typeof fetch | undefined = globalThis.fetch;

/**
 * A `fetch` that hands every exchange to a dispatcher of undici's interface, which Node's fetch is made of.
 *
 * @throws EmulatorError `FETCH_UNAVAILABLE` where the global fetch is another one, which would pay no heed to it.
 * @see https://nodejs.org/api/globals.html#fetch (custom dispatcher), undici's docs/api/Dispatcher.md
 */
export async function fetchOfNode(): Promise<(input: string | Request, init: object) => Promise<Response>> {
	const fetch = taken;
	if (fetch === undefined || !(await readsDispatcher(fetch))) throw fetchUnavailable();
	return fetch;
}

/** Asks for no URL at all, so that nothing is sent by whatever fetch it is. */
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
		// As it must be: "http://" is no URL.
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
