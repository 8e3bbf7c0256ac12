import {once} from 'node:events';
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import {codeOf, hasCode, portUnavailable} from '../../base/errors.ts';
import type {Binding} from '../../model/resolved.ts';

export interface ListenOptions extends Binding {
	/** Who needs the port, for the error: `listener https:443 of load balancer "web"`. */
	readonly purpose: string;
	/** Ports that are bound already and may be taken over, where one of them is the next to be tried. */
	readonly adoptable?: Iterable<BoundPort>;
}

/** One bound port. It accepts until it is closed; the sockets it has accepted are not its own. */
export class BoundPort {
	readonly host: string;
	readonly port: number;
	/**
	 * What is done with each connection; until it is set, they are closed. It listens for the socket's errors before it
	 * returns: a reset that nobody listens for would end the process.
	 */
	accept: (socket: Socket) => void = destroy;
	/** The system's word for why the first choice could not be had; undefined when this is it. */
	readonly refusal: string | undefined;
	readonly #server: Server;
	#closed: Promise<void> | undefined;

	constructor(server: Server, host: string, port: number, refusal?: string) {
		this.#server = server;
		this.host = host;
		this.port = port;
		this.refusal = refusal;
	}

	/** Stops accepting at once. Resolves when the port is free and every accepted socket is gone. Idempotent. */
	close(): Promise<void> {
		this.#closed ??= new Promise(resolve => {
			this.#server.close(() => resolve());
		});
		return this.#closed;
	}
}

/**
 * Binds a port.
 *
 * @throws EmulatorError `PORT_UNAVAILABLE` when neither it nor a fallback can be bound.
 */
export async function listen(options: ListenOptions): Promise<BoundPort> {
	const {host, port, fallbackPorts, fallsBackWhenTaken, purpose, adoptable = []} = options;
	let first: unknown;
	for (const candidate of [port, ...fallbackPorts]) {
		for (const bound of adoptable) if (bound.host === host && bound.port === candidate) return bound;
		// allowHalfOpen: a client may finish sending before it reads, as HTTP/1.0 clients and `nc -N` do.
		let bound: BoundPort | undefined;
		const server = createServer({allowHalfOpen: true, noDelay: true}, socket =>
			bound === undefined ? socket.destroy() : bound.accept(socket),
		);
		try {
			server.listen({host, port: candidate, backlog: 4096});
			await once(server, 'listening');
		} catch (error) {
			first ??= error;
			if (hasCode(error, 'EACCES')) continue;
			if (hasCode(error, 'EADDRINUSE') && (fallsBackWhenTaken || candidate !== port)) continue;
			break;
		}
		server.on('error', ignore);
		// A TCP server's address is an object.
		const {port: boundPort} = server.address() as AddressInfo;
		bound = new BoundPort(server, host, boundPort, codeOf(first));
		return bound;
	}
	throw await portUnavailable({host, port, purpose, cause: first});
}

function destroy(socket: Socket): void {
	socket.destroy();
}

function ignore(): void {
	// Accept errors of a server are transient.
}
