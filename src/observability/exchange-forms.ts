import {formatAddress} from '../base/errors.ts';
import {type InspectArguments, showFields} from '../base/inspection.ts';
import type {Exchange, Peer} from './exchange.ts';
import type {Message} from './message.ts';

/** The public fields, for NDJSON: bodies as text. Without `log`, which repeats them. */
export function exchangeJson(exchange: Exchange): Record<string, unknown> {
	const {
		id,
		seq,
		kind,
		loadBalancer,
		listener,
		startedAt,
		client,
		clientHello,
		backend,
		attempts,
		added,
		outcome,
		cause,
		fault,
		bytes,
		ms,
		why,
	} = exchange;
	const {request, response} = exchange;
	return {
		id,
		seq,
		kind,
		loadBalancer,
		listener,
		startedAt: new Date(startedAt).toISOString(),
		client,
		clientHello,
		backend,
		attempts,
		request: request.method === '' ? undefined : {method: request.method, target: request.target, ...request.toJSON()},
		response: response.status === 0 ? undefined : {status: response.status, by: response.by, ...response.toJSON()},
		added,
		outcome,
		cause,
		fault,
		bytes,
		ms,
		why,
	};
}

/** As Node's `console.log` shows it. */
export function inspectExchange(exchange: Exchange, how: InspectArguments): string {
	const {id, kind, loadBalancer, listener, client, backend, attempts, outcome, cause, fault, bytes, ms} = exchange;
	const {request, response} = exchange;
	const fields = {
		id,
		kind,
		loadBalancer,
		listener,
		client: addressOf(client),
		...(request.method === '' ? {} : {request: {method: request.method, target: request.target, ...shown(request)}}),
		...(response.status === 0 ? {} : {response: {status: response.status, by: response.by, ...shown(response)}}),
		backend: backend && {name: backend.name, address: addressOf(backend), reused: backend.reused},
		...(attempts.length > 1 ? {attempts: attempts.map(({backend, end, cause}) => ({backend, end, cause}))} : {}),
		added: exchange.added.map(([name, value]) => `${name}: ${value}`),
		outcome,
		cause,
		...(fault === undefined ? {} : {fault}),
		bytes,
		ms,
	};
	// The fields of a message are one level deeper than Node shows by default.
	const [depth, options, inspect] = how;
	return showFields('Exchange', fields, [depth, {...options, depth: 3}, inspect]);
}

function addressOf({address, port, tls}: Peer): string {
	return `${formatAddress(address, port)}${tls === undefined ? '' : `, ${tls.version}`}`;
}

/** How many characters of a body an inspection shows. */
const SHOWN_TEXT = 200;

function shown({headers, text}: Message): object {
	const more = text.length > SHOWN_TEXT ? `… ${text.length - SHOWN_TEXT} more` : '';
	return {headers: {...headers}, ...(text === '' ? {} : {text: `${text.slice(0, SHOWN_TEXT)}${more}`})};
}
