import {EmulatorError} from '../../base/errors.ts';
import {quote} from '../../base/quote.ts';
import {alternatives} from '../../base/suggest.ts';
import type {ArmedFault, FaultRule} from '../../model/fault.ts';
import type {ApiAnswer, ApiRequest} from '../dialect.ts';
import {jsonAnswer} from '../error-answer.ts';
import type {PlacedFault} from './admin-api.ts';
import type {OwnContext} from './own-context.ts';

/** A fault as `GET /_lb/faults` lists it. */
export interface ShownFault extends Pick<ArmedFault, 'id' | 'rule' | 'text' | 'hits'> {
	/** Absent for a fault of the cloud's API. Ids count within one load balancer, and within the API. */
	readonly loadBalancer?: string;
	readonly rule: FaultRule;
}

export function listFaults({port}: OwnContext): ApiAnswer {
	return jsonAnswer({faults: port.faults().map(shownFault)});
}

/** Arms a fault. */
export async function addFault({port}: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readFaultBody} = await import('./bodies.ts');
	const {loadBalancer, rule} = readFaultBody(body, () => port.state().loadBalancers.map(({name}) => name));
	return jsonAnswer({fault: shownFault({loadBalancer, fault: await port.inject(loadBalancer, rule)})});
}

/** Removes one fault, or all of one load balancer, or all. */
export async function removeFaults({port}: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readFaultsBody} = await import('./bodies.ts');
	const {loadBalancer, id} = readFaultsBody(body);
	const ofWhom = port.faults().filter(placed => {
		if (id !== undefined || loadBalancer !== undefined) return placed.loadBalancer === loadBalancer;
		return true;
	});
	const removed = ofWhom.filter(({fault}) => id === undefined || fault.id === id);
	if (id !== undefined && removed.length === 0) throw noSuchFault({loadBalancer, id}, ofWhom);
	for (const {fault} of removed) fault.remove();
	return jsonAnswer({removed: removed.map(shownFault)});
}

function shownFault({loadBalancer, fault}: PlacedFault): ShownFault {
	const {id, rule, text, hits} = fault;
	return {...(loadBalancer === undefined ? {} : {loadBalancer}), id, rule, text, hits};
}

function noSuchFault(
	{loadBalancer, id}: {readonly loadBalancer: string | undefined; readonly id: number},
	there: readonly PlacedFault[],
): EmulatorError<'NO_SUCH_FAULT'> {
	const whose = loadBalancer === undefined ? "the cloud's API" : `load balancer ${quote(loadBalancer)}`;
	const ids = there.map(({fault}) => String(fault.id));
	return new EmulatorError('NO_SUCH_FAULT', `No fault of ${whose} has the id ${id}; there is ${alternatives(ids)}`, {
		hint: '`lb-local fault list` and GET /_lb/faults show those that are armed.',
	});
}
