import type {Diagnosis} from '../../model/advice.ts';
import type {ResolvedListener} from '../../model/resolved.ts';
import type {ExchangeRecord} from '../exchange-record.ts';

const HOST = /\r\nhost:([^\r]*)/i;
const LOCATION = /\r\nlocation:([^\r]*)/i;

const TRUST_THE_PROTOCOL =
	'Have the back-end take the scheme from X-Forwarded-Proto: `trust proxy` in Express, SECURE_PROXY_SSL_HEADER in Django, RemoteIpValve in Tomcat, `forwarded-allow-ips` in gunicorn and uvicorn, or the same of your framework';

/**
 * What is wrong with a redirect of a back-end: it leads back to where the client is, away from TLS, or past the load
 * balancer. Relative ones and those to other hosts are the application's own affair.
 */
export function diagnoseRedirect(record: ExchangeRecord, listener: ResolvedListener): Diagnosis | undefined {
	if (record.responseBy !== 'backend') return undefined;
	const from = requestedUrl(record, listener);
	const to = redirectTarget(record);
	if (from === undefined || to === undefined) return undefined;
	if (leadsToBackendPort(record, listener, {from, to})) return toBackendPort(record, to);
	if (listener.protocol !== 'https' || to.hostname !== from.hostname) return undefined;
	if (to.protocol === 'http:') return toHttp(record, listener);
	const isSamePort = to.port === '' || to.port === from.port;
	return isSamePort && pathOf(to) === pathOf(from) ? loop(record, listener) : undefined;
}

/** What the client asked for, in its own eyes. */
function requestedUrl({requestHead, summary: {target}}: ExchangeRecord, {protocol}: ResolvedListener): URL | undefined {
	const host = HOST.exec(requestHead)?.[1]?.trim();
	if (host === undefined || !target.startsWith('/')) return undefined;
	return urlOf(`${protocol}://${host}${target}`);
}

function redirectTarget({responseText, responseHeadLength}: ExchangeRecord): URL | undefined {
	const location = LOCATION.exec(responseText.slice(0, responseHeadLength))?.[1]?.trim() ?? '';
	return /^https?:\/\//i.test(location) ? urlOf(location) : undefined;
}

function urlOf(text: string): URL | undefined {
	return URL.canParse(text) ? new URL(text) : undefined;
}

function pathOf({pathname, search}: URL): string {
	return pathname + search;
}

/** Whether it names the port on which the back-end listens, or its address: clients reach neither in the cloud. */
function leadsToBackendPort(
	{backendPort, backendAddress}: ExchangeRecord,
	{backendPort: logical, port}: ResolvedListener,
	{from, to}: {readonly from: URL; readonly to: URL},
): boolean {
	const toPort = Number(to.port);
	if (to.port === '' || to.port === from.port || toPort === port) return false;
	if (toPort !== backendPort && toPort !== logical) return false;
	return [from.hostname, backendAddress, 'localhost'].includes(to.hostname);
}

function loop({backendName: backend, responseText}: ExchangeRecord, {port}: ResolvedListener): Diagnosis {
	return {
		code: 'redirect-loop',
		backend,
		listener: port,
		// Some applications set a cookie and ask for the same page again, to see whether it comes back.
		certainty: /\r\nset-cookie:/i.test(responseText) ? 'likely' : 'certain',
		text: () => ({
			message: `Back-end ${backend} redirects clients of HTTPS listener ${port} to the https: URL they asked for: it takes the request for plain HTTP, and the redirects never end`,
			fix: `${TRUST_THE_PROTOCOL}; redirect to https: only where it says http.`,
		}),
	};
}

function toHttp({backendName: backend}: ExchangeRecord, {port}: ResolvedListener): Diagnosis {
	return {
		code: 'redirect-to-http',
		backend,
		listener: port,
		certainty: 'certain',
		text: () => ({
			message: `Back-end ${backend} redirects clients of HTTPS listener ${port} to an http: URL of the same host: it takes the request for plain HTTP`,
			fix: `${TRUST_THE_PROTOCOL}, or redirect to a path alone.`,
		}),
	};
}

function toBackendPort({backendName: backend}: ExchangeRecord, to: URL): Diagnosis {
	return {
		code: 'redirect-to-backend-port',
		backend,
		certainty: 'certain',
		text: () => ({
			message: `Back-end ${backend} redirects clients to ${to.protocol}//${to.host}, its own port, which they do not reach through the load balancer`,
			fix: 'Redirect to a path alone, or have the back-end build URLs from Host and X-Forwarded-Port, not from the port it listens on.',
		}),
	};
}
