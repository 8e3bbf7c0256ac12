import {EmulatorError, invalidDescription} from '../../base/errors.ts';
import {quote} from '../../base/quote.ts';
import {didYouMean} from '../../base/suggest.ts';
import type {ApiAnswer, ApiRequest, StreamAnswer} from '../dialect.ts';
import {errorAnswer, jsonAnswer} from '../error-answer.ts';
import {
	advanceClock,
	clearTraffic,
	drain,
	removeVm,
	reset,
	restore,
	setHealth,
	setVm,
	stop,
	switchBackend,
} from './actions.ts';
import {addFault, listFaults, removeFaults} from './faults.ts';
import type {OwnContext} from './own-context.ts';
import {Query} from './query.ts';
import {healthOf, stateOf} from './shown.ts';
import {readAccessLog, readExchange, readTraffic} from './traffic.ts';

type Answer = ApiAnswer | StreamAnswer;
type Handler = (context: OwnContext, request: ApiRequest) => Answer | Promise<Answer>;

/** Routes that read their query under GET; no other takes one. */
const WITH_QUERY: ReadonlySet<string> = new Set(['/_lb/ready', '/_lb/traffic', '/_lb/access.log', '/_lb/calls']);

/** The whole interface. Under GET, nothing changes anything: a page may make a browser ask for any address. */
const ROUTES: ReadonlyMap<string, ReadonlyMap<string, Handler>> = new Map([
	['/_lb/live', new Map([['GET', context => jsonAnswer({live: true, pid: stateOf(context).pid})]])],
	['/_lb/ready', new Map([['GET', ready]])],
	['/_lb/state', new Map([['GET', context => jsonAnswer(stateOf(context))]])],
	[
		'/_lb/config',
		new Map<string, Handler>([
			['GET', async ({port}) => jsonAnswer(await port.config())],
			['PUT', restore],
		]),
	],
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
	[
		'/_lb/faults',
		new Map<string, Handler>([
			['GET', listFaults],
			['POST', addFault],
			['DELETE', removeFaults],
		]),
	],
	['/_lb/drain', new Map([['POST', drain]])],
	['/_lb/backend', new Map([['POST', switchBackend]])],
	['/_lb/clock', new Map([['POST', advanceClock]])],
	[
		'/_lb/traffic',
		new Map<string, Handler>([
			['GET', ({port}, {query = '', headers}) => readTraffic(port.traffic(), query, acceptsLines(headers))],
			['DELETE', clearTraffic],
		]),
	],
	['/_lb/events', new Map([['GET', ({events}, {headers}) => events().open(headers.get('last-event-id'))]])],
	['/_lb/access.log', new Map([['GET', ({port}, {query = ''}) => readAccessLog(port.traffic(), query)]])],
	['/_lb/metrics', new Map([['GET', metrics]])],
	['/_lb/ca.pem', new Map([['GET', certificate]])],
	['/_lb/connect', new Map([['GET', async ({port}) => jsonAnswer(await port.connection())]])],
	['/_lb/calls', new Map([['GET', readCalls]])],
] satisfies readonly (readonly [string, ReadonlyMap<string, Handler>])[]);

/** The page that shows all of this in a browser, and its files. */
const PAGE: ReadonlyMap<string, ReadonlyMap<string, Handler>> = new Map([
	['/_lb', new Map([['GET', async () => (await import('./page.ts')).redirectToPage()]])],
	['/_lb/', new Map([['GET', pageFile('index.html')]])],
	['/_lb/page/app.js', new Map([['GET', pageFile('app.js')]])],
	['/_lb/page/chunk.js', new Map([['GET', pageFile('chunk.js')]])],
	['/_lb/page/more.js', new Map([['GET', pageFile('more.js')]])],
	['/_lb/page/page.css', new Map([['GET', pageFile('page.css')]])],
	['/_lb/page/icon.svg', new Map([['GET', pageFile('icon.svg')]])],
] satisfies readonly (readonly [string, ReadonlyMap<string, Handler>])[]);

/** A file of the page, which is read when somebody opens it. */
function pageFile(name: string): Handler {
	return async (_, request) => (await import('./page.ts')).answerFile(name, request);
}

/** As messages show them. */
const PAGE_ROUTE = ['/_lb/', new Map([['GET', undefined]])] as const;
const EXCHANGE_ROUTE = ['/_lb/traffic/{load balancer}/{id}', new Map([['GET', undefined]])] as const;

/** Whether a path belongs to the emulator's own interface, and to no API of the cloud. */
export function isAdminPath(path: string): boolean {
	return path === '/_lb' || path.startsWith('/_lb/');
}

/** Answers a request to the emulator's own interface. Never rejects for what a client sent. */
export async function answerAdmin(
	request: ApiRequest,
	context: OwnContext,
): Promise<{readonly answer: Answer; readonly failure?: unknown}> {
	const {method, path, query} = request;
	try {
		const route = ROUTES.get(path) ?? PAGE.get(path) ?? exchangeRoute(path);
		if (route === undefined) throw noSuchRoute(path);
		// RFC 9110 section 9.3.2: HEAD is GET without the content, which the server leaves away.
		const handler = route.get(method === 'HEAD' ? 'GET' : method);
		if (handler === undefined) return {answer: wrongMethod(method, path, route)};
		if (query !== undefined && query !== '' && !(WITH_QUERY.has(path) && route.get('GET') === handler)) {
			throw wrongQuery(`${method} ${path} takes no parameters, and ${quote(`?${query}`)} was given`);
		}
		return {answer: await handler(context, request)};
	} catch (error) {
		return {answer: errorAnswer(error), failure: error};
	}
}

/** `/_lb/traffic/{load balancer}/{id}`: one exchange. */
function exchangeRoute(path: string): ReadonlyMap<string, Handler> | undefined {
	const [, encoded, id = ''] = /^\/_lb\/traffic\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
	if (encoded === undefined) return undefined;
	let name: string;
	try {
		name = decodeURIComponent(encoded);
	} catch {
		return undefined;
	}
	return new Map([['GET', ({port, endpoint}: OwnContext) => readExchange(port.traffic(), {lb: name, id, endpoint})]]);
}

/** Whether whole exchanges are accepted, one on each line. */
function acceptsLines(headers: ApiRequest['headers']): boolean {
	return /(^|[\s,])application\/x-ndjson\b/i.test(headers.get('accept') ?? '');
}

function noSuchRoute(path: string): EmulatorError<'NO_SUCH_ROUTE'> {
	const known = [PAGE_ROUTE, ...ROUTES, EXCHANGE_ROUTE].map(
		([route, methods]) => `${[...methods.keys()].join('|')} ${route}`,
	);
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

/**
 * The port is open, so everything is bound: 200, until a stop begins. With `?settled` also once each back-end has had its
 * first verdict, whatever it was. The process id tells it from another instance that has its port by now.
 */
function ready(context: OwnContext, {query = ''}: ApiRequest): ApiAnswer {
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

/** The latest calls of the cloud's APIs, oldest first; with `?after=12` those that came after number 12. */
function readCalls({calls}: OwnContext, {query = ''}: ApiRequest): ApiAnswer {
	const given = new Query(query, ['after']);
	const after = given.number('after') ?? 0;
	given.end();
	return jsonAnswer({total: calls.total, calls: calls.calls.filter(({number}) => number > after)});
}

/** Loaded with the first scrape: few are asked for it. */
async function metrics(context: OwnContext): Promise<ApiAnswer> {
	const {metricsAnswer} = await import('./metrics.ts');
	return metricsAnswer(stateOf(context), context.port.counted());
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
