import {EmulatorError, invalidDescription} from '../../base/errors.ts';
import {quote} from '../../base/quote.ts';
import {didYouMean} from '../../base/suggest.ts';
import type {CallLog} from '../call-log.ts';
import type {ApiAnswer, ApiRequest} from '../dialect.ts';
import {errorAnswer, jsonAnswer} from '../error-answer.ts';
import type {AdminApi} from './admin-api.ts';
import type {AdminState, BackendState} from './state.ts';

/** What the routes work on. */
export interface OwnContext {
	readonly port: AdminApi;
	readonly calls: CallLog;
	/** Of the control port: `http://127.0.0.1:8089`. */
	readonly endpoint: string;
}

type Handler = (context: OwnContext, body: Uint8Array, query: string) => ApiAnswer | Promise<ApiAnswer>;

/** Routes that read their query themselves; the others take none. */
const WITH_QUERY: ReadonlySet<string> = new Set(['/_lb/ready']);

/** The whole interface. Under GET, nothing changes anything: a page may make a browser ask for any address. */
const ROUTES: ReadonlyMap<string, ReadonlyMap<string, Handler>> = new Map([
	['/_lb/live', new Map([['GET', context => jsonAnswer({live: true, pid: stateOf(context).pid})]])],
	['/_lb/ready', new Map([['GET', ready]])],
	['/_lb/state', new Map([['GET', context => jsonAnswer(stateOf(context))]])],
	['/_lb/reset', new Map([['POST', reset]])],
	['/_lb/stop', new Map([['POST', stop]])],
	[
		'/_lb/health',
		new Map<string, Handler>([
			['GET', context => jsonAnswer({health: healthOf(stateOf(context))})],
			['POST', setHealth],
		]),
	],
	[
		'/_lb/vms',
		new Map<string, Handler>([
			['GET', context => jsonAnswer({vms: stateOf(context).vms})],
			['POST', setVm],
			['DELETE', removeVm],
		]),
	],
	['/_lb/ca.pem', new Map([['GET', certificate]])],
	['/_lb/calls', new Map([['GET', ({calls}) => jsonAnswer({total: calls.total, calls: calls.calls})]])],
] satisfies readonly (readonly [string, ReadonlyMap<string, Handler>])[]);

/** Whether a path belongs to the emulator's own interface, and to no API of the cloud. */
export function isAdminPath(path: string): boolean {
	return path === '/_lb' || path.startsWith('/_lb/');
}

/** Answers a request to the emulator's own interface. Never rejects for what a client sent. */
export async function answerAdmin(
	{method, path, query, body}: ApiRequest,
	context: OwnContext,
): Promise<{readonly answer: ApiAnswer; readonly failure?: unknown}> {
	try {
		const route = ROUTES.get(path);
		if (route === undefined) throw noSuchRoute(path);
		// RFC 9110 section 9.3.2: HEAD is GET without the content, which the server leaves away.
		const handler = route.get(method === 'HEAD' ? 'GET' : method);
		if (handler === undefined) return {answer: wrongMethod(method, path, route)};
		if (query !== undefined && query !== '' && !WITH_QUERY.has(path)) {
			throw wrongQuery(`${path} takes no parameters, and ${quote(`?${query}`)} was given`);
		}
		return {answer: await handler(context, body, query ?? '')};
	} catch (error) {
		return {answer: errorAnswer(error), failure: error};
	}
}

function noSuchRoute(path: string): EmulatorError<'NO_SUCH_ROUTE'> {
	const known = [...ROUTES].map(([route, methods]) => `${[...methods.keys()].join('|')} ${route}`);
	return new EmulatorError('NO_SUCH_ROUTE', `Nothing is at ${quote(path)}; there is ${known.join(', ')}`, {
		hint: didYouMean(path, ROUTES.keys()),
	});
}

function wrongQuery(message: string): EmulatorError {
	return invalidDescription('The query', [{path: [], message}]);
}

function wrongMethod(method: string, path: string, route: ReadonlyMap<string, Handler>): ApiAnswer {
	const methods = [...route.keys()].flatMap(each => (each === 'GET' ? ['GET', 'HEAD'] : [each]));
	const answer = errorAnswer(
		new EmulatorError('METHOD_NOT_ALLOWED', `${method} does nothing at ${path}; allowed are ${methods.join(', ')}`),
	);
	return {...answer, headers: [...answer.headers, ['Allow', methods.join(', ')]]};
}

function stateOf({port, endpoint}: OwnContext): AdminState {
	const {version, ...rest} = port.state();
	return {version, endpoint, ...rest};
}

/**
 * The port is open, so everything is bound: 200, until a stop begins. With `?settled` also once each back-end has had its
 * first verdict, whatever it was. The process id tells it from another instance that has its port by now.
 */
function ready(context: OwnContext, _body: Uint8Array, query: string): ApiAnswer {
	if (query !== '' && query !== 'settled') {
		throw wrongQuery(`/_lb/ready takes "?settled" alone, and ${quote(`?${query}`)} was given`);
	}
	const {isStopping, undecided} = context.port.readiness();
	const {pid} = context.port.state();
	if (isStopping) return jsonAnswer({ready: false, reason: 'stopping', pid}, 503);
	if (query === 'settled' && undecided.length > 0) {
		return jsonAnswer({ready: false, reason: 'settling', undecided, pid}, 503);
	}
	return jsonAnswer({ready: true, pid});
}

/** One entry of `GET /_lb/health`. */
type HealthEntry = {readonly loadBalancer: string; readonly backend: string} & Pick<
	BackendState,
	'state' | 'reason' | 'operator' | 'lastProbe'
>;

function healthOf({loadBalancers}: AdminState): HealthEntry[] {
	return loadBalancers.flatMap(({name, backends}) =>
		backends.map(({name: backend, state, reason, operator, lastProbe}) => ({
			loadBalancer: name,
			backend,
			state,
			...(reason === undefined ? {} : {reason}),
			operator,
			...(lastProbe === undefined ? {} : {lastProbe}),
		})),
	);
}

async function reset(context: OwnContext, body: Uint8Array): Promise<ApiAnswer> {
	// The readers know valibot, which is loaded when somebody sends something.
	const {readEmptyBody} = await import('./bodies.ts');
	readEmptyBody(body);
	await context.port.reset();
	context.calls.clear();
	return jsonAnswer(stateOf(context));
}

/** Whoever asks may say which process is meant: by the time it asks, another one may have the port. */
async function stop(context: OwnContext, body: Uint8Array): Promise<ApiAnswer> {
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

async function setHealth(context: OwnContext, body: Uint8Array): Promise<ApiAnswer> {
	const {readHealthBody} = await import('./bodies.ts');
	const {loadBalancer, backend, state} = readHealthBody(body);
	await context.port.setHealth(loadBalancer, backend, state);
	const health = healthOf(stateOf(context));
	return jsonAnswer({
		health: health.filter(entry => entry.loadBalancer === loadBalancer && entry.backend === backend),
	});
}

async function setVm(context: OwnContext, body: Uint8Array): Promise<ApiAnswer> {
	const {readVmBody} = await import('./bodies.ts');
	await context.port.setVm(readVmBody(body));
	return jsonAnswer({vms: stateOf(context).vms});
}

async function removeVm(context: OwnContext, body: Uint8Array): Promise<ApiAnswer> {
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

function certificate({port}: OwnContext): ApiAnswer {
	return {
		status: 200,
		headers: [
			// RFC 8555 section 9.1 names this type for PEM certificates.
			['Content-Type', 'application/pem-certificate-chain'],
			['Cache-Control', 'no-store'],
			['X-Content-Type-Options', 'nosniff'],
			['Server', 'lb-local'],
		],
		body: port.authorityPem,
	};
}
