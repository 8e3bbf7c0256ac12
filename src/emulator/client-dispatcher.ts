import {Agent, type ClientRequest, request as httpRequest, type IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {EmulatorError, messageOf} from '../base/errors.ts';
import {type AnswerSink, type FetchHandler, sinkFor} from './fetch-handler.ts';

/** Where a connection leads, as the URL has it. */
export interface Origin {
	readonly secure: boolean;
	readonly hostname: string;
	readonly port: number;
}

/** What `fetch` asks of a dispatcher. @see undici, docs/api/Dispatcher.md, "DispatchOptions" */
interface Dispatched {
	readonly origin: string | URL;
	readonly path: string;
	readonly method: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: AsyncIterable<Uint8Array> | null | undefined;
}

/** How long a connection waits for its next request: as with undici, docs/api/Client.md, `keepAliveTimeout`. */
const KEEP_ALIVE_MS = 4000;

/**
 * What is below `fetch`: requests by `node:http`, over connections that somebody else opens. Node's own fetch with this
 * takes a third of the time to its first answer that it takes with the connections of undici, which load WebAssembly.
 */
export class ClientDispatcher {
	readonly #pool: ConnectionPool;

	/** @param open a connection, for TLS with the handshake done. */
	constructor(open: (origin: Origin) => Promise<Socket>) {
		this.#pool = new ConnectionPool(open);
	}

	/** Called by `fetch`. @returns whether it may send more at once: always. */
	dispatch(asked: Dispatched, handler: FetchHandler): boolean {
		let request: ClientRequest | undefined;
		let answer: IncomingMessage | undefined;
		let reason: Error | undefined;
		let isOver = false;
		const fail = (error: Error) => {
			if (isOver) return;
			isOver = true;
			sink.fail(reason ?? error);
		};
		const sink = sinkFor(handler, {
			abort: given => {
				reason ??= given ?? aborted();
				answer?.destroy(reason);
				request?.destroy(reason);
				if (request === undefined) fail(reason);
			},
			pause: () => answer?.pause(),
			resume: () => answer?.resume(),
		});
		sink.start();
		if (isOver) return true;
		request = this.#request(asked, fail);
		if (request === undefined) return true;
		request.once('response', received => {
			answer = received;
			receive(received, sink, fail, () => {
				if (isOver) return;
				isOver = true;
				sink.end();
			});
		});
		// An answer that was begun is delivered to its end, whatever becomes of the connection in between.
		request.once('close', () => {
			if (answer === undefined) fail(connectionClosed());
		});
		send(request, asked.body).catch((error: unknown) => {
			reason ??= asError(error);
			request?.destroy(reason);
		});
		return true;
	}

	/** The same connections, with this host header for requests to one origin. A redirect to another one has its own. */
	withHost({host, origin}: {readonly host: string; readonly origin: string}): Pick<ClientDispatcher, 'dispatch'> {
		return {
			dispatch: (asked, handler) => {
				const isMeant = new URL(asked.origin).origin === origin;
				return this.dispatch(isMeant ? {...asked, headers: {...asked.headers, host}} : asked, handler);
			},
		};
	}

	/** Ends the connections that wait for a request; those in use are for whoever opened them to end. */
	destroy(): void {
		this.#pool.destroy();
	}

	#request(asked: Dispatched, fail: (error: Error) => void): ClientRequest | undefined {
		const url = new URL(asked.origin);
		const secure = url.protocol === 'https:';
		try {
			const request = httpRequest({
				agent: this.#pool,
				// The connection is secure; Node would refuse the agent of another protocol.
				protocol: 'http:',
				host: url.hostname,
				port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
				path: asked.path,
				method: asked.method,
				headers: headersOf(asked, url.host),
				// Read by the pool alone.
				...{secure},
			});
			request.on('error', fail);
			return request;
		} catch (error) {
			fail(asError(error));
			return undefined;
		}
	}
}

/** Keeps connections open for the next request to the same origin. */
class ConnectionPool extends Agent {
	readonly #open: (origin: Origin) => Promise<Socket>;

	constructor(open: (origin: Origin) => Promise<Socket>) {
		super({keepAlive: true, timeout: KEEP_ALIVE_MS});
		this.#open = open;
	}

	override getName(options: object): string {
		const {secure, hostname, port} = originOf(options);
		return `${secure} ${hostname} ${port}`;
	}

	/** Called by Node for every new connection. */
	override createConnection(options: object, callback?: (error: Error | null, socket: Duplex) => void): undefined {
		// Where there is an error, Node does not look at the socket.
		const failed = callback as ((error: Error) => void) | undefined;
		this.#open(originOf(options)).then(
			socket => callback?.(null, socket),
			(error: unknown) => failed?.(asError(error)),
		);
	}
}

function originOf(options: object): Origin {
	const {secure, host, port} = options as {secure: boolean; host: string; port: number};
	return {secure, hostname: host.replace(/^\[(.*)\]$/, '$1'), port};
}

/** Names and values in turn: Node sends an array as it is. `fetch` gives the names as they were written. */
function headersOf({headers, body}: Dispatched, authority: string): string[] {
	const given = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [name, value]]));
	const first = [given.get('host') ?? ['host', authority], given.get('connection') ?? ['connection', 'keep-alive']];
	given.delete('host');
	given.delete('connection');
	const isFramed = !body || given.has('content-length') || given.has('transfer-encoding');
	return [...first, ...given.values(), ...(isFramed ? [] : [['transfer-encoding', 'chunked']])].flat();
}

async function send(request: ClientRequest, body: Dispatched['body']): Promise<void> {
	for await (const chunk of body ?? []) {
		if (request.destroyed) return;
		if (!request.write(chunk)) await writable(request);
	}
	request.end();
}

/** Resolves when more can be written, or nothing can any more. */
function writable(request: ClientRequest): Promise<void> {
	if (request.destroyed) return Promise.resolve();
	return new Promise(resolve => {
		const end = () => {
			request.off('drain', end).off('close', end);
			resolve();
		};
		request.on('drain', end).on('close', end);
	});
}

function receive(answer: IncomingMessage, sink: AnswerSink, fail: (error: Error) => void, end: () => void): void {
	answer.on('error', fail);
	answer.on('end', end);
	answer.on('data', chunk => sink.data(chunk));
	const headers = answer.rawHeaders.map(text => Buffer.from(text, 'latin1'));
	sink.head(answer.statusCode ?? 0, headers, answer.statusMessage ?? '');
}

function asError(error: unknown): Error {
	return error instanceof Error ? error : new EmulatorError('CONNECTION_CLOSED', messageOf(error), {cause: error});
}

function connectionClosed(): EmulatorError<'CONNECTION_CLOSED'> {
	return new EmulatorError('CONNECTION_CLOSED', 'The connection was closed before the request was answered');
}

function aborted(): EmulatorError<'CONNECTION_CLOSED'> {
	return new EmulatorError('CONNECTION_CLOSED', 'The request was aborted');
}
