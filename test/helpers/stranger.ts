import {once} from 'node:events';
import {createServer, type Server} from 'node:net';

/** Another program, as far as an emulator can tell, that holds ports. */
export class Stranger implements AsyncDisposable {
	readonly #servers = new Map<number, Server>();

	/** The ports that it holds. */
	get ports(): ReadonlySet<number> {
		return new Set(this.#servers.keys());
	}

	/** Holds a port of 127.0.0.1. @throws when somebody else has it */
	async hold(port: number): Promise<void> {
		const server = createServer(socket => socket.destroy()).listen(port, '127.0.0.1');
		await once(server, 'listening');
		this.#servers.set(port, server);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.all([...this.#servers.values()].map(async server => once(server.close(), 'close')));
		this.#servers.clear();
	}
}
