import {formatAddress} from '../base/errors.ts';
import type {HealthChange} from '../data-plane/services.ts';
import type {Call} from '../emulator.ts';
import type {Exchange} from '../observability/exchange.ts';
import type {ExchangeSummary} from '../observability/summary.ts';
import {type Paint, printable} from './text.ts';

/**
 * One finished exchange as one line: time, load balancer, listener, client, request and answer, who answered, how long
 * it took, how it ended and why.
 *
 * @param shown `target`: what is shown of the target of a request, all of it unless said otherwise; `why`: why it went to
 * its back-end, in short unless said otherwise.
 */
export function exchangeLine(
	exchange: Exchange,
	paint: Paint,
	shown: {readonly target?: (target: string) => string; readonly why?: string} = {},
): string {
	const {startedAt, loadBalancer, listener, client, ms, outcome, cause, kind, bytes, summary, backend} = exchange;
	const when = paint('faint', timeOfDay(startedAt));
	const where = paint('name', `${printable(loadBalancer)}:${listener}`);
	const from = formatAddress(client.address, client.port);
	const what = whatHappened({kind, summary, bytes}, shown.target);
	const who = whoAnswered({backend, outcome, summary}, paint);
	const how = paint(outcome === 'ok' ? 'good' : 'bad', outcome);
	const why = whyIn(cause, shown.why ?? summary.why);
	return `${when} ${where} ${from} ${what} -> ${who} ${ms.total.toFixed(1)} ms ${how}${why}`;
}

/** The same of a row of the record, which does not have the address of its back-end. */
export function summaryLine(summary: ExchangeSummary, paint: Paint): string {
	const {at, lb, port, client, kind, method, target, cut, status, by, up, down, backend, ms, outcome, cause} = summary;
	const when = paint('faint', timeOfDay(at));
	const where = paint('name', `${printable(lb)}:${port}`);
	const whole = cut === true ? `${target}…` : target;
	const what = whatHappened(
		{kind, summary: {method, target: whole, status, by, why: ''}, bytes: {up, down}},
		text => text,
	);
	const itself = status === 0 ? 'nobody' : 'the load balancer itself';
	const answered = status !== 0 && by === 'load-balancer' ? ', answered by the load balancer' : '';
	const how = `${connectionTo(summary, outcome)}${answered}`;
	const who = backend === undefined ? itself : `${paint('name', printable(backend))} ${paint('faint', `(${how})`)}`;
	const ended = paint(outcome === 'ok' ? 'good' : 'bad', outcome);
	return `${when} ${where} ${printable(client)} ${what} -> ${who} ${ms.toFixed(1)} ms ${ended}${whyIn(cause, summary.why)}`;
}

/** What ended it, and what led to its back-end. */
function whyIn(cause: string, why = ''): string {
	if (cause === '' && why === '') return '';
	return ` (${printable([cause, why].filter(text => text !== '').join('; '))})`;
}

const DAY_MS = 86_400_000;

/** `03:04:05.678`, in UTC. As the end of `toISOString()`, but ten times faster. */
function timeOfDay(startedAt: number): string {
	const ms = ((Math.floor(startedAt) % DAY_MS) + DAY_MS) % DAY_MS;
	const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
	const seconds = Math.floor(ms / 1000);
	const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
	return `${time}.${String(1000 + (ms % 1000)).slice(1)}`;
}

/** One finished exchange as one line of NDJSON, with the fields of `Exchange`. */
export function exchangeJson(exchange: Exchange): string {
	return JSON.stringify(exchange);
}

function whatHappened(
	{kind, summary, bytes}: Pick<Exchange, 'kind' | 'summary' | 'bytes'>,
	showTarget = (target: string) => target,
): string {
	if (kind === 'tcp' || kind === 'tls-passthrough') return `${kind} ${bytes.up} up ${bytes.down} down`;
	const {method, target, status} = summary;
	const asked = method === '' ? 'no request' : `${printable(method)} ${printable(showTarget(target))}`;
	const answered = status === 0 ? 'no answer' : String(status);
	return kind === 'websocket' ? `${asked} ${answered} websocket` : `${asked} ${answered}`;
}

function whoAnswered(
	{backend, outcome, summary: {status, by}}: Pick<Exchange, 'backend' | 'outcome' | 'summary'>,
	paint: Paint,
): string {
	if (backend === undefined) return status === 0 ? 'nobody' : 'the load balancer itself';
	const where = formatAddress(backend.address, backend.port);
	const detail = `${where}, ${connectionTo(backend, outcome)}${status !== 0 && by === 'load-balancer' ? ', answered by the load balancer' : ''}`;
	return `${paint('name', printable(backend.name))} ${paint('faint', `(${detail})`)}`;
}

function connectionTo({reused}: {readonly reused: boolean}, outcome: Exchange['outcome']): string {
	// The last attempt did not get a connection.
	if (outcome === 'connect-refused' || outcome === 'connect-timeout') return 'not reached';
	return reused ? 'kept connection' : 'new connection';
}

/** One call of the cloud's API, for people, with the fields that had no effect. */
export function callLine({action, status, ms, error, unread, fault}: Call): string {
	const parts = [`api: ${action === '' ? '(no action)' : action} ${status} ${ms.toFixed(1)} ms`];
	if (error !== undefined) parts.push(`(${error.code}: ${error.details})`);
	if (unread.length > 0) parts.push(`; without effect here: ${unread.join(', ')}`);
	if (fault !== undefined) parts.push(`; fault: ${fault}`);
	return printable(parts.join(' ').replaceAll(' ;', ';'));
}

/** A change of a back-end's health, for people: `web: back-end app-1 is OutOfService (TCP:80 failed 2 times: …)`. */
export function healthLine({loadBalancer, backend, transition: {to, because}}: HealthChange): string {
	return printable(`${loadBalancer}: back-end ${backend} is ${to} (${because})`);
}
