import {once} from 'node:events';
import {request} from 'node:http';
import {connect, type Socket} from 'node:net';
import type {Duration} from '../../../src/base/duration.ts';
import {EmulatorError} from '../../../src/base/errors.ts';
import type {Config} from '../../../src/configuration/spec.ts';
import type {AdminApi, Connection, PlacedFault, Readiness} from '../../../src/control-plane/admin/admin-api.ts';
import type {Counted} from '../../../src/control-plane/admin/metrics.ts';
import type {AdminState, LoadBalancerState, VmAddress} from '../../../src/control-plane/admin/state.ts';
import type {RecordedTraffic} from '../../../src/control-plane/admin/traffic.ts';
import type {ApiAnswer, ApiRequest, Dialect} from '../../../src/control-plane/dialect.ts';
import {type ControlPlane, type ControlPlaneOptions, startControlPlane} from '../../../src/control-plane/server.ts';
import {Live} from '../../../src/emulator/live.ts';
import type {ArmedFault, FaultRule} from '../../../src/index.ts';
import type {OperatorSetting} from '../../../src/model/health.ts';
import {Journal} from '../../../src/observability/journal.ts';
import type {Reloaded} from '../../../src/operations/configure.ts';
import {RawConnection} from '../../helpers/raw-connection.ts';

/** An API of one shape: says what it was asked, and keeps every request. */
export class EchoDialect implements Dialect {
	readonly requests: ApiRequest[] = [];

	claims(method: string, path: string): boolean {
		return method === 'POST' && path.startsWith('/api/');
	}

	async answer(request: ApiRequest) {
		this.requests.push(request);
		const action = request.path.split('/').at(-1) ?? '';
		const answer: ApiAnswer = {
			status: 200,
			headers: [['Content-Type', 'application/json']],
			body: JSON.stringify({action, bytes: request.body.length}),
		};
		return {answer, call: {action, api: 'oapi', status: 200, unread: []}} as const;
	}

	refuse({status, reason}: {readonly status: number; readonly reason: string}): ApiAnswer {
		return {status, headers: [['Content-Type', 'application/json']], body: JSON.stringify({Errors: [reason]})};
	}
}

const WEB: LoadBalancerState = {
	name: 'web',
	dnsName: 'web-123456789.eu-west-2.lbu.outscale.com',
	state: 'active',
	listeners: [
		{
			spec: 'https:443 -> http:80',
			port: 443,
			host: '127.0.0.1',
			boundPort: 10_443,
			certificate: {
				names: ['web.test'],
				notAfter: '2126-01-01T00:00:00.000Z',
				fingerprint256: 'AB:CD',
				warnings: [],
			},
		},
	],
	backends: [],
	warnings: [],
	advice: [],
};

/** What runs, kept in memory. */
export class FakeAdminApi implements AdminApi {
	readonly authorityPem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
	readonly vms: VmAddress[] = [];
	resets = 0;
	askToStop: (() => void) | undefined = undefined;
	operator: OperatorSetting = 'auto';
	ready: Readiness = {isStopping: false, undecided: []};
	written: Config = {loadBalancers: {web: {listeners: ['http:80']}}};

	async connection(): Promise<Connection> {
		const authority = {file: '/authority.pem', fingerprint256: 'AB:CD', notAfter: '2126-01-01T00:00:00.000Z'};
		return {env: {LB_LOCAL_ENDPOINT: 'http://127.0.0.1:8089'}, authority, trust: [], exports: [], listeners: []};
	}

	readiness(): Readiness {
		return this.ready;
	}

	state(): Omit<AdminState, 'endpoint' | 'revision'> {
		const isOut = this.operator === 'OutOfService';
		const backend = {
			name: 'app-1',
			kind: 'echo',
			address: '127.0.0.1:3000',
			state: isOut ? ('OutOfService' as const) : ('InService' as const),
			...(isOut ? {reason: 'Taken out of service by hand.'} : {}),
			operator: this.operator,
			inFlight: 0,
		};
		return {
			version: '1.2.3',
			pid: process.pid,
			region: 'eu-west-2',
			credentials: 'any',
			clock: {kind: 'real', now: '2026-08-01T12:00:00.000Z'},
			loadBalancers: [{...WEB, backends: [backend]}],
			vms: this.vms,
			notices: [],
			warnings: [],
		};
	}

	async config(): Promise<Config> {
		return this.written;
	}

	readonly armed: PlacedFault[] = [];

	faults(): readonly PlacedFault[] {
		return this.armed;
	}

	/** Arms whatever it is given. */
	inject(loadBalancer: string | undefined, rule: unknown): ArmedFault {
		const remove = () => void this.armed.splice(this.armed.indexOf(placed), 1);
		const id = this.armed.length + 1;
		const text = JSON.stringify(rule);
		const fault = {id, rule: rule as FaultRule, text, hits: 0, remove, [Symbol.dispose]: remove};
		const placed = {loadBalancer, fault};
		this.armed.push(placed);
		return fault;
	}

	async restore(): Promise<Reloaded> {
		const none = {added: [], changed: [], removed: []};
		return {loadBalancers: none, certificates: none, backends: none};
	}

	async reset(): Promise<void> {
		this.resets++;
		this.operator = 'auto';
		this.vms.length = 0;
	}

	setHealth(loadBalancer: string, backend: string, state: OperatorSetting): void {
		if (loadBalancer !== 'web') throw new EmulatorError('NO_SUCH_LOAD_BALANCER', `No load balancer ${loadBalancer}`);
		if (backend !== 'app-1') throw new EmulatorError('NO_SUCH_BACKEND', `No back-end ${backend}`);
		this.operator = state;
	}

	readonly live = new Live();
	readonly journal = new Journal(3, this.live.feed);
	readonly done: string[] = [];

	traffic(): RecordedTraffic[] {
		const {journal} = this;
		const {records, forgotten} = journal;
		const listeners = [{port: 80, host: '127.0.0.1', boundPort: 10_080}];
		const place = {loadBalancer: 'web', dnsName: 'web.lb.test', listeners};
		return [{...place, records, forgotten, find: id => journal.find(id), clear: () => journal.clear()}];
	}

	counted(): readonly Counted[] {
		const {tallies, forgottenInAll: forgotten} = this.journal;
		return [{loadBalancer: 'web', tallies, forgotten, connections: [{listener: 443, open: 2}]}];
	}

	async drain(loadBalancer: string, backend: string): Promise<number> {
		this.done.push(`drain ${loadBalancer}/${backend}`);
		return 2;
	}

	async switchBackend(loadBalancer: string, backend: string, action: string): Promise<void> {
		this.done.push(`${action} ${loadBalancer}/${backend}`);
	}

	async advanceClock(by: Duration): Promise<void> {
		this.done.push(`advance ${by}`);
	}

	setVm(vm: VmAddress): void {
		this.removeVm(vm.id);
		this.vms.push(vm);
	}

	removeVm(id: string): boolean {
		const index = this.vms.findIndex(vm => vm.id === id);
		if (index >= 0) this.vms.splice(index, 1);
		return index >= 0;
	}
}

/** A control port on any free port, with what stands behind it in a test's hands. */
export class OpenControlServer implements AsyncDisposable {
	readonly controlPlane: ControlPlane;
	readonly dialect: EchoDialect;
	readonly own: FakeAdminApi;
	/** Mistakes that it told of; none are expected. */
	readonly errors: unknown[];
	/** Connections in the test's hands. They allow a half-open end, so the end of the server does not end them. */
	readonly #sockets: Socket[] = [];

	constructor(parts: {controlPlane: ControlPlane; dialect: EchoDialect; own: FakeAdminApi; errors: unknown[]}) {
		this.controlPlane = parts.controlPlane;
		this.dialect = parts.dialect;
		this.own = parts.own;
		this.errors = parts.errors;
	}

	get port(): number {
		return this.controlPlane.port;
	}

	/** A connection in the test's hands. */
	async connect(): Promise<RawConnection> {
		const socket = connect({port: this.port, host: '127.0.0.1', allowHalfOpen: true});
		this.#sockets.push(socket);
		await once(socket, 'connect');
		return new RawConnection(socket);
	}

	/** A request as programs make it. */
	async ask(method: string, path: string, body?: string | object, headers: Record<string, string> = {}) {
		const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
		// Node's client would send the body of a DELETE without saying that there is one.
		const length = text === undefined ? {} : {'Content-Length': String(Buffer.byteLength(text))};
		const all = {...length, ...headers};
		const sent = request({port: this.port, host: '127.0.0.1', method, path, headers: all, agent: false});
		sent.end(text);
		// The events of requests are typed as unknown.
		const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
		let answered = '';
		for await (const chunk of response.setEncoding('utf8')) answered += chunk;
		return {status: response.statusCode ?? 0, headers: response.headers, text: answered};
	}

	/** As `ask`, with the JSON of the answer. */
	async json(method: string, path: string, body?: string | object, headers: Record<string, string> = {}) {
		const {status, text} = await this.ask(method, path, body, headers);
		return {status, json: JSON.parse(text)};
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.controlPlane.stop();
		for (const socket of this.#sockets) socket.destroy();
	}
}

export async function openControlServer(options: Partial<ControlPlaneOptions> = {}): Promise<OpenControlServer> {
	const dialect = new EchoDialect();
	const own = new FakeAdminApi();
	const errors: unknown[] = [];
	const controlPlane = await startControlPlane({
		host: '127.0.0.1',
		port: 0,
		fallback: false,
		dialects: [dialect],
		own,
		routeTunnel: ({host}) => ({status: 403, reason: `nothing is named ${host}`}),
		onError: error => errors.push(error),
		...options,
	});
	return new OpenControlServer({controlPlane, dialect, own, errors});
}
