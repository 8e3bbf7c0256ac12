import {once} from 'node:events';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {codeOf, formatAddress} from '../base/errors.ts';
import type {AdminApi} from './admin/admin-api.ts';
import {EventStreams} from './admin/event-streams.ts';
import {answerAdmin, isAdminPath} from './admin/routes.ts';
import {bind} from './bind.ts';
import type {CallLog} from './call-log.ts';
import {CloudApis, type CloudApisOptions} from './cloud-apis.ts';
import type {ApiAnswer, Dialect, RequestRefusal, StreamAnswer} from './dialect.ts';
import {errorAnswer, refusalAnswer} from './error-answer.ts';
import {type Asked, guard} from './guard.ts';
import {headOf, type IncomingHead, isHopeless, readBody, saysTooLarge, targetOf, tooLarge} from './incoming.ts';
import {hangUp, refusalOf, refuseWith, send, sendAny} from './outgoing.ts';
import {type RouteTunnel, Tunnels} from './tunnels.ts';

/** How long and how large a request may be. */
export interface ControlServerLimits {
	readonly bodyBytes: number;
	/** From the connection, or the end of the request before, to the end of the head. */
	readonly headMs: number;
	/** To the end of the body. */
	readonly requestMs: number;
	/** Between two requests of one connection. */
	readonly idleMs: number;
}

/** Guesses but for the size, which holds a chain of certificates at its largest (2 MiB: IAM API, CertificateChain). */
const LIMITS: ControlServerLimits = {bodyBytes: 4 * 1024 * 1024, headMs: 10_000, requestMs: 60_000, idleMs: 60_000};

export interface ControlPlaneOptions extends CloudApisOptions {
	/** An address of loopback. */
	readonly host: string;
	/** 0 = any free one. */
	readonly port: number;
	/** Takes the next free port when somebody holds this one, as the command line does for a port nobody asked for. */
	readonly fallback: boolean;
	/** What runs, for the interface under `/_lb/`. */
	readonly own: AdminApi;
	/** Where a CONNECT leads. */
	readonly routeTunnel: RouteTunnel;
	/** Names under which it may be reached beside localhost, 127.0.0.1 and [::1]. */
	readonly names?: readonly string[];
	readonly limits?: Partial<ControlServerLimits>;
}

/** The control port, while it listens. */
export interface ControlPlane extends AsyncDisposable {
	/** `http://127.0.0.1:8089` */
	readonly endpoint: string;
	readonly port: number;
	readonly calls: CallLog;
	/** Cuts every connection. Resolves when the port is free. Stopping twice is stopping once. */
	stop(): Promise<void>;
	/** Ends the streams of events, which would go on to the end. */
	endStreams(): void;
}

/**
 * Opens the control port: the cloud's APIs and the emulator's own interface.
 *
 * @throws EmulatorError `PORT_UNAVAILABLE`, `INVALID_DESCRIPTION`
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
	const server = new ControlServer(options);
	await server.open();
	return server;
}

class ControlServer implements ControlPlane {
	port = 0;
	readonly #options: ControlPlaneOptions;
	readonly #limits: ControlServerLimits;
	readonly #apis: CloudApis;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	readonly #tunnels: Tunnels;
	/** What is being answered on a connection, in the order it came. */
	readonly #answering = new WeakMap<Socket, Set<ServerResponse>>();
	#guard: (asked: Asked) => RequestRefusal | undefined = () => undefined;
	#events: EventStreams | undefined;
	#isEndingStreams = false;
	#stopped: Promise<void> | undefined;

	constructor(options: ControlPlaneOptions) {
		this.#options = options;
		this.#limits = {...LIMITS, ...options.limits};
		this.#apis = new CloudApis(options);
		this.#tunnels = new Tunnels(options.routeTunnel);
		const {headMs, requestMs, idleMs} = this.#limits;
		this.#server = createServer({
			headersTimeout: Math.min(headMs, requestMs),
			requestTimeout: requestMs,
			keepAliveTimeout: idleMs,
			// How often Node looks for those that are late.
			connectionsCheckingInterval: Math.max(10, Math.min(headMs, requestMs, 20_000) / 4),
			noDelay: true,
		});
		// Heads are bounded by their bytes (16 KiB); a bound of their number would hide fields from the guard.
		this.#server.maxHeadersCount = 0;
	}

	get calls(): CallLog {
		return this.#apis.calls;
	}

	get endpoint(): string {
		return `http://${formatAddress(this.#options.host, this.port)}`;
	}

	async open(): Promise<void> {
		const {host, names = []} = this.#options;
		this.port = await bind(this.#server, this.#options);
		const address = host.includes(':') ? `[${host}]` : host;
		this.#guard = guard({port: this.port, address, names});
		this.#server
			.on('connection', socket => this.#watch(socket))
			.on('request', (request, response) => void this.#serve(request, response))
			.on('checkContinue', (request, response) => void this.#serve(request, response))
			.on('connect', (request, socket, first) => void this.#lead(request, socket as Socket, first)) // Its sockets are TCP.
			.on('clientError', (error, socket) => this.#refuseBytes(error, socket as Socket)) // Its sockets are TCP.
			.on('error', () => {
				// Errors of accepting are transient.
			});
	}

	endStreams(): void {
		this.#isEndingStreams = true;
		this.#events?.close();
	}

	stop(): Promise<void> {
		this.endStreams();
		this.#stopped ??= this.#stop();
		return this.#stopped;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}

	async #stop(): Promise<void> {
		const closed = new Promise(resolve => {
			this.#server.close(resolve);
		});
		for (const socket of this.#sockets) socket.destroy();
		await Promise.all([closed, this.#tunnels.stop()]);
	}

	#watch(socket: Socket): void {
		this.#sockets.add(socket);
		socket.on('close', () => this.#sockets.delete(socket));
		// After a CONNECT nobody else listens, and a reset that nobody listens for would end the process.
		socket.on('error', () => {});
	}

	/** One request, from its head to its answer. Never rejects. */
	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const answering = this.#answering.get(request.socket) ?? new Set();
		this.#answering.set(request.socket, answering.add(response));
		response.on('close', () => answering.delete(response));
		try {
			const answer = await this.#answer(request, response);
			if (answer !== undefined) await sendAny(response, answer);
		} catch (error) {
			this.#options.onError?.(error);
			if (response.headersSent) request.socket.destroy();
			else send(response, BUG);
		}
	}

	async #answer(request: IncomingMessage, response: ServerResponse): Promise<ApiAnswer | StreamAnswer | undefined> {
		const head = headOf(request);
		const refusal = this.#guard(head);
		const dialect = this.#apis.dialectOf(head);
		if (refusal !== undefined) return refuseWith(dialect, refusal);
		const limit = this.#limits.bodyBytes;
		const refuseSize = () => {
			response.setHeader('Connection', 'close');
			return refuseWith(dialect, tooLarge(limit));
		};
		const waits = request.headers.expect !== undefined;
		if (isHopeless(head, limit) || (waits && saysTooLarge(head, limit))) return refuseSize();
		if (waits) response.writeContinue();
		const body = await readBody(request, limit);
		if (body === 'aborted') return undefined;
		if (body === 'too-large') return refuseSize();
		if (isAdminPath(head.path)) return this.#answerAdmin(head, body);
		return dialect === undefined ? this.#apis.answerNobody(head) : this.#apis.answer(dialect, head, body);
	}

	async #answerAdmin(head: IncomingHead, body: Uint8Array): Promise<ApiAnswer | StreamAnswer> {
		const context = {
			port: this.#options.own,
			calls: this.calls,
			endpoint: this.endpoint,
			events: () => this.#eventStreams(),
		};
		const {answer, failure} = await answerAdmin({...head, body}, context);
		if (answer.status === 500) this.#options.onError?.(failure);
		return answer;
	}

	#eventStreams(): EventStreams {
		this.#events ??= new EventStreams(this.#options.own.live);
		if (this.#isEndingStreams) this.#events.close();
		return this.#events;
	}

	/** One CONNECT, after what came before it on the connection has been answered. Never rejects. */
	async #lead(request: IncomingMessage, socket: Socket, first: Uint8Array): Promise<void> {
		await Promise.all([...(this.#answering.get(socket) ?? [])].map(response => once(response, 'close')));
		const refusal = this.#guard(headOf(request)) ?? (await this.#tunnels.open(socket, request.url ?? '', first));
		// Python and Java show nothing of a refused CONNECT but its first line.
		if (refusal !== undefined) hangUp(socket, refusalAnswer(refusal), refusal.reason);
	}

	/** Bytes that are no request, or that came too late. What came before them on the connection is answered first. */
	#refuseBytes(error: Error, socket: Socket): void {
		const answering = [...(this.#answering.get(socket) ?? [])];
		const before = answering.filter(({req}) => req.complete);
		if (before.length > 0) {
			// Their answers go out in order, and nothing after them.
			let left = before.length;
			const oneLess = () => {
				if (--left === 0) socket.destroy();
			};
			for (const response of before) response.on('close', oneLess);
			return;
		}
		const isSilent = codeOf(error) === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0;
		if (!socket.writable || isSilent || answering.some(({headersSent}) => headersSent)) socket.destroy();
		else hangUp(socket, refuseWith(this.#dialectOfBytes(error), refusalOf(error)));
	}

	/** Of bytes that are no request, as far as they say what they ask for. */
	#dialectOfBytes(error: Error): Dialect | undefined {
		const target = targetOf('rawPacket' in error ? error.rawPacket : undefined);
		return target === undefined ? undefined : this.#apis.dialectOf(target);
	}
}

/** Nothing of an error that is not for the client gets into its answer. */
const BUG = errorAnswer(undefined);
