import {readSetCookies} from '../../codec/cookies.ts';
import type {Diagnosis} from '../../model/advice.ts';
import type {ResolvedListener} from '../../model/resolved.ts';
import {ownCookieOf} from '../../model/stickiness-policy.ts';
import type {ExchangeRecord} from '../exchange-record.ts';

/** A cookie of the application without `Secure`, behind HTTPS: a browser sends it in the clear as well. */
export function diagnoseCookies(record: ExchangeRecord, {port, stickiness}: ResolvedListener): Diagnosis | undefined {
	const {backendName: backend, responseText, responseHeadLength} = record;
	const fields = responseText.slice(responseText.indexOf('\n') + 1, responseHeadLength);
	const own = stickiness && ownCookieOf(stickiness);
	const bare = readSetCookies(fields).find(({name, secure}) => !secure && name !== own);
	if (bare === undefined) return undefined;
	return {
		code: 'cookie-without-secure',
		backend,
		listener: port,
		certainty: 'certain',
		text: () => ({
			message: `Back-end ${backend} sets a cookie without Secure behind HTTPS listener ${port}: browsers send it over plain HTTP as well`,
			fix: "Set Secure on cookies, for which many frameworks need to trust X-Forwarded-Proto first; or let the load balancer add it, with `securedCookies` (OUTSCALE's SecuredCookies).",
		}),
	};
}

/** A WebSocket that came about on a listener on which the cloud carries none. */
export function diagnoseUpgrade({backendName: backend}: ExchangeRecord, listener: ResolvedListener): Diagnosis {
	const {port, protocol} = listener;
	const other = protocol === 'https' ? 'ssl' : 'tcp';
	return {
		code: 'upgrade-on-http-listener',
		listener: port,
		certainty: 'certain',
		text: () => ({
			message: `Back-end ${backend} switched protocols (WebSocket or the like) on ${protocol.toUpperCase()} listener ${port}, where the cloud's load balancer does not pass upgrades on`,
			fix: `Use a listener such as \`${other}:${port} -> tcp:${listener.backendPort}\` for it; \`upgrade: 'refuse'\` shows here what clients see in the cloud.`,
		}),
	};
}

/** A back-end announces that it closes idle connections no later than the load balancer does. */
export function diagnoseKeepAlive({backendName: backend, keepAliveMs}: ExchangeRecord, idleMs: number): Diagnosis {
	return {
		code: 'keep-alive-shorter-than-idle-timeout',
		backend,
		certainty: 'certain',
		text: () => ({
			message: `Back-end ${backend} announces that it closes idle connections after ${seconds(keepAliveMs)} (Keep-Alive: timeout); the idle timeout of the load balancer is ${seconds(idleMs)}. A request that meets the close on its way is answered 502`,
			fix: keepAliveFix(idleMs),
		}),
	};
}

export function keepAliveFix(idleMs: number): string {
	return `Have the back-end keep idle connections for longer than ${seconds(idleMs)}: \`server.keepAliveTimeout\` in Node, \`--keep-alive\` in gunicorn, \`--timeout-keep-alive\` in uvicorn, \`keepalive_timeout\` in nginx, KeepAliveTimeout in Apache and Tomcat.`;
}

/** Bytes came behind the end of an answer: its Content-Length is too small, or the answer was to have no body. */
export function diagnoseExcess({backendName: backend}: Pick<ExchangeRecord, 'backendName'>): Diagnosis {
	return wrongLength(
		backend,
		'certain',
		`Back-end ${backend} sent more bytes than its answer has: the rest was cut off, and the connection closed`,
	);
}

/** An answer ended before its Content-Length was reached. */
export function diagnoseShortBody({backendName: backend}: ExchangeRecord): Diagnosis {
	return wrongLength(
		backend,
		'likely',
		`Back-end ${backend} closed the connection before it had sent as many bytes as its Content-Length says: clients got an answer that is cut short`,
	);
}

function wrongLength(backend: string, certainty: Diagnosis['certainty'], message: string): Diagnosis {
	const fix =
		'Count bytes, not characters (`Buffer.byteLength()` in Node, the encoded text in Python), count them after compression, and send no body in answer to HEAD, with 204 and with 304.';
	return {code: 'wrong-content-length', backend, certainty, text: () => ({message, fix})};
}

/** How much of an answer is searched for a text. */
const SEARCHED = 4096;

/** The beginning of an answer's head and of its body, as far as it was kept. */
export function beginningOfAnswer({responseText, responseBody}: ExchangeRecord): string {
	const part = responseBody?.parts[0] ?? '';
	const body = typeof part === 'string' ? part : new TextDecoder('latin1').decode(part.subarray(0, SEARCHED));
	return responseText.slice(0, SEARCHED) + body.slice(0, SEARCHED);
}

/** `5 s`, `200 ms` */
export function seconds(ms: number): string {
	return ms >= 1000 ? `${Math.round(ms / 100) / 10} s` : `${Math.round(ms)} ms`;
}
