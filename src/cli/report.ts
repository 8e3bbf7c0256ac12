import {formatAddress} from '../base/errors.ts';
import type {HealthChange} from '../data-plane/services.ts';
import type {Call} from '../emulator.ts';
import type {Exchange} from '../observability/exchange.ts';
import {type Paint, printable} from './text.ts';

/**
 * One finished exchange as one line: time, load balancer, listener, client, what was asked and answered, who answered,
 * how long it took, and how it ended and why.
 */
export function exchangeLine(exchange: Exchange, paint: Paint): string {
	const {startedAt, loadBalancer, listener, client, ms, outcome, cause} = exchange;
	const isGood = outcome === 'ok';
	const parts = [
		paint('faint', new Date(startedAt).toISOString().slice(11, 23)),
		paint('name', `${printable(loadBalancer)}:${listener}`),
		formatAddress(client.address, client.port),
		whatHappened(exchange),
		`-> ${whoAnswered(exchange, paint)}`,
		`${ms.total.toFixed(1)} ms`,
		paint(isGood ? 'good' : 'bad', outcome),
	];
	return cause === '' ? parts.join(' ') : `${parts.join(' ')} (${printable(cause)})`;
}

/** One finished exchange as one line of NDJSON, with the fields of `Exchange`. */
export function exchangeJson(exchange: Exchange): string {
	return JSON.stringify(exchange);
}

function whatHappened({kind, request, response, bytes}: Exchange): string {
	if (kind === 'tcp' || kind === 'tls-passthrough') return `${kind} ${bytes.up} up ${bytes.down} down`;
	const asked = request.method === '' ? 'no request' : `${printable(request.method)} ${printable(request.target)}`;
	const answered = response.status === 0 ? 'no answer' : String(response.status);
	return kind === 'websocket' ? `${asked} ${answered} websocket` : `${asked} ${answered}`;
}

function whoAnswered({backend, response}: Exchange, paint: Paint): string {
	if (backend === undefined) return response.status === 0 ? 'nobody' : 'the load balancer itself';
	const where = formatAddress(backend.address, backend.port);
	const connection = backend.reused ? 'kept connection' : 'new connection';
	const detail = `${where}, ${connection}${response.status !== 0 && response.by === 'load-balancer' ? ', answered by the load balancer' : ''}`;
	return `${paint('name', printable(backend.name))} ${paint('faint', `(${detail})`)}`;
}

/** One call of the cloud's API, for people, and what of it had no effect here. */
export function callLine({action, status, ms, error, unread}: Call): string {
	const parts = [`api: ${action} ${status} ${ms.toFixed(1)} ms`];
	if (error !== undefined) parts.push(`(${error.code}: ${error.details})`);
	if (unread.length > 0) parts.push(`; without effect here: ${unread.join(', ')}`);
	return printable(parts.join(' ').replace(' ;', ';'));
}

/** A change of a back-end's health, for people: `web: back-end app-1 is OutOfService (TCP:80 failed 2 times: …)`. */
export function healthLine({loadBalancer, backend, transition: {to, because}}: HealthChange): string {
	return printable(`${loadBalancer}: back-end ${backend} is ${to} (${because})`);
}
