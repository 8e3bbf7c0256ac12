import type {Diagnosis} from '../../model/advice.ts';
import type {ExchangeRecord} from '../exchange-record.ts';
import {beginningOfAnswer} from './answers.ts';

const FIELD = 'X-Forwarded-For: ';
const CARRIAGE_RETURN = 0x0d;

/** Whether the client sent an X-Forwarded-For of its own, which the load balancer has added to. */
export function hasClientsForwardedFor({requestHead, addedStart, client}: ExchangeRecord): boolean {
	// Without one the line ends behind the client's address; a value has no line end within it.
	return requestHead.charCodeAt(addedStart + FIELD.length + client.address.length) !== CARRIAGE_RETURN;
}

/**
 * A client wrote an address before the one that the load balancer saw. Whether the back-end believes it cannot be seen,
 * unless it repeats that address, and not the true one, in its answer.
 */
export function diagnoseForwardedFor(record: ExchangeRecord): Diagnosis {
	const {backendName: backend, listener} = record;
	const fix =
		'Read the address from the right: the last one is what the load balancer saw, the others are what the client wrote. `trust proxy` in Express is the number of proxies, 1, and not `true`; `real_ip_recursive` with `set_real_ip_from` in nginx, `RemoteIpValve` in Tomcat.';
	const sent = `A client of listener ${listener} sent an X-Forwarded-For of its own, and the load balancer adds to it, as the cloud's does`;
	if (!believes(record)) {
		const message = `${sent}: a back-end that reads the first address takes what anybody writes`;
		return {code: 'forwarded-for-forgeable', listener, certainty: 'possible', text: () => ({message, fix})};
	}
	const message = `${sent}; back-end ${backend} repeats the client's address in its answer, and not the true one: it believes what anybody writes`;
	return {code: 'forwarded-for-forgeable', backend, listener, certainty: 'likely', text: () => ({message, fix})};
}

function believes(record: ExchangeRecord): boolean {
	const {requestHead, addedStart, client} = record;
	const start = addedStart + FIELD.length;
	const [first = ''] = requestHead.slice(start, requestHead.indexOf('\r', start)).split(',', 1);
	const forged = first.trim();
	// Short texts are found in many answers.
	if (forged.length < 7 || forged === client.address) return false;
	const answer = beginningOfAnswer(record);
	return answer.includes(forged) && !answer.includes(client.address);
}
