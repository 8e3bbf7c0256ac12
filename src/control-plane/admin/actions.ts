import {EmulatorError} from '../../base/errors.ts';
import {quote} from '../../base/quote.ts';
import {didYouMean} from '../../base/suggest.ts';
import type {ApiAnswer, ApiRequest} from '../dialect.ts';
import {jsonAnswer} from '../error-answer.ts';
import type {OwnContext} from './own-context.ts';
import {healthOf, stateOf} from './shown.ts';

export async function reset(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	// The readers know valibot, which is loaded when somebody sends something.
	const {readResetBody} = await import('./bodies.ts');
	const prefix = readResetBody(body);
	await context.port.reset(prefix);
	// Others who share the emulator have called as well.
	if (prefix === undefined) context.calls.clear();
	return jsonAnswer(stateOf(context));
}

/** Puts what `GET /_lb/config` has told in place of all that is described by now. */
export async function restore(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readAnyBody} = await import('./bodies.ts');
	return jsonAnswer(await context.port.restore(readAnyBody(body)));
}

/** Whoever asks may say which process is meant: by the time it asks, another one may have the port. */
export async function stop(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readStopBody} = await import('./bodies.ts');
	const wanted = readStopBody(body);
	const {pid} = stateOf(context);
	if (wanted !== undefined && wanted !== pid) {
		throw new EmulatorError('OTHER_PROCESS', `This is process ${pid}, not ${wanted}: nothing has been stopped`, {
			hint: 'GET /_lb/state shows its process.',
		});
	}
	const {askToStop} = context.port;
	if (askToStop === undefined) {
		throw new EmulatorError('NOT_STOPPABLE', `Process ${pid} is a program that stops its load balancers itself`, {
			hint: 'Only those that `lb-local up` runs are stopped from here; a program can listen to `emulator.events`.',
		});
	}
	return {...jsonAnswer({pid}), afterwards: askToStop};
}

export async function setHealth(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readHealthBody} = await import('./bodies.ts');
	const {loadBalancer, backend, state} = readHealthBody(body);
	await context.port.setHealth(loadBalancer, backend, state);
	const health = healthOf(stateOf(context));
	return jsonAnswer({
		health: health.filter(entry => entry.loadBalancer === loadBalancer && entry.backend === backend),
	});
}

export async function setVm(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readVmBody} = await import('./bodies.ts');
	await context.port.setVm(readVmBody(body));
	return jsonAnswer({vms: stateOf(context).vms});
}

export async function removeVm(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readVmIdBody} = await import('./bodies.ts');
	const {id} = readVmIdBody(body);
	const known = stateOf(context).vms.map(vm => vm.id);
	if (!(await context.port.removeVm(id))) {
		throw new EmulatorError('NO_SUCH_VM', `Nobody has said where the VM ${quote(id)} is`, {
			hint: didYouMean(id, known),
		});
	}
	return jsonAnswer({vms: stateOf(context).vms});
}

/** Deregisters a back-end. Answered at once; an event tells when nothing is in flight at it any more. */
export async function drain(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readBackendBody} = await import('./bodies.ts');
	const {loadBalancer, backend} = readBackendBody(body);
	const inFlight = await context.port.drain(loadBalancer, backend);
	return jsonAnswer({loadBalancer, backend, inFlight}, 202);
}

/** Stops a fake back-end, so that its port refuses connections, or starts it again. Answered when that is done. */
export async function switchBackend(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readSwitchBody} = await import('./bodies.ts');
	const {loadBalancer, backend, action} = readSwitchBody(body);
	await context.port.switchBackend(loadBalancer, backend, action);
	return jsonAnswer({loadBalancer, backend, action});
}

export async function advanceClock(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readClockBody} = await import('./bodies.ts');
	await context.port.advanceClock(readClockBody(body));
	return jsonAnswer({clock: stateOf(context).clock});
}

/** Forgets the exchanges of all load balancers. */
export async function clearTraffic(context: OwnContext, {body}: ApiRequest): Promise<ApiAnswer> {
	const {readEmptyBody} = await import('./bodies.ts');
	readEmptyBody(body);
	for (const traffic of context.port.traffic()) traffic.clear();
	return jsonAnswer({cleared: true});
}
