import {once} from 'node:events';
import {type IncomingMessage, request as requestHttp} from 'node:http';
import {request as requestHttps} from 'node:https';
import {text} from 'node:stream/consumers';
import {TLSSocket} from 'node:tls';
import type {LoadBalancer} from '../../src/index.ts';
import {same} from './interleaved-comparison.ts';
import {VMS} from './interleaved-step.ts';
import {within} from './patience.ts';
import type {SimpleAccount} from './simple-account.ts';
import {reachable, type SimpleRequest} from './simple-rules.ts';

/** Which rules match each of them differs. */
const REQUESTS: readonly SimpleRequest[] = [
	{host: 'www.test', path: '/'},
	{host: 'www.test', path: '/docs/1'},
	{host: 'www.test', path: '/api/1'},
	{host: 'a.shop.test', path: '/'},
	{host: 'a.shop.test', path: '/docs/1'},
];

/** What became of one request. */
export interface Served {
	readonly loadBalancer: string;
	readonly port: number;
	readonly request: SimpleRequest;
	readonly status: number;
	/** Who answered; undefined: the load balancer itself. */
	readonly backend: string | undefined;
	/** Back-ends that were in service and answer. */
	readonly answering: readonly string[];
}

/**
 * Sends each listener requests that rules tell apart.
 *
 * @throws when a client sees another certificate than the load balancer tells of.
 */
export async function servedBy(lb: LoadBalancer): Promise<readonly Served[]> {
	const requests = lb.listeners.flatMap(listener => REQUESTS.map(request => ({listener, request})));
	const each = requests.map(async ({listener: {port, boundPort, certificate}, request}): Promise<Served> => {
		const answering = lb.backends.filter(({name, state}) => state === 'InService' && !VMS.some(vm => vm === name));
		const {path, host} = request;
		const to = {host: '127.0.0.1', port: boundPort, path, headers: {host}, agent: false, rejectUnauthorized: false};
		const sent = certificate === undefined ? requestHttp(to) : requestHttps(to);
		sent.end();
		// Of a request this event has the answer alone.
		const [answer] = (await once(sent, 'response')) as [IncomingMessage];
		const {socket} = answer;
		const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.fingerprint256 : undefined;
		same(shown, certificate?.fingerprint256, `certificates seen and told of at ${lb.name}, port ${port},`);
		const body = await text(answer);
		// An echo back-end and the commands of these tests answer in JSON.
		const {backend} = answer.statusCode === 200 ? (JSON.parse(body) as {backend: string}) : {backend: undefined};
		return {
			loadBalancer: lb.name,
			port,
			request,
			status: answer.statusCode ?? 0,
			backend,
			answering: answering.map(({name}) => name),
		};
	});
	return within(`answers of ${lb.name}`, Promise.all(each));
}

/** Whether this is how it has to be served. */
export function isServedAs(account: SimpleAccount, {loadBalancer, port, request, backend, answering}: Served): boolean {
	const allowed = reachable(account, loadBalancer, port, request);
	return backend === undefined ? !allowed.some(each => answering.includes(each)) : allowed.includes(backend);
}
