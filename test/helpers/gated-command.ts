import {once} from 'node:events';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import type {ExecutionContext} from 'ava';

/** A command back-end that is on its way for as long as a test wants. */
export interface GatedCommand {
	/** For `{kind: 'command', run}`. */
	readonly run: string;
	/** Resolves when the command runs and waits. */
	readonly reached: Promise<void>;
	/** Lets it listen. */
	readonly open: () => Promise<void>;
	/** Resolves when the command has ended. */
	readonly gone: Promise<void>;
}

/** A program that connects to the test, and listens on its port once the test says so. */
export async function gatedCommand(t: ExecutionContext): Promise<GatedCommand> {
	const server = createServer().listen(0, '127.0.0.1');
	t.teardown(() => server.close());
	await once(server, 'listening');
	const arrived = once(server, 'connection').then(([socket]) => socket as Socket); // It is what a server tells.
	const {port} = server.address() as AddressInfo; // A TCP server's address is an object.
	const listen = `require('http').createServer((_, answer) => answer.end()).listen(process.env.PORT, '127.0.0.1')`;
	const code = `require('net').connect(${port}, '127.0.0.1').on('error', () => {}).once('data', () => ${listen})`;
	return {
		run: `"${process.execPath}" -e "${code}"`,
		reached: arrived.then(() => {}),
		gone: arrived.then(socket => (socket.destroyed ? undefined : once(socket.resume(), 'close'))).then(() => {}),
		open: async () => {
			const socket = await arrived;
			socket.on('error', () => {});
			socket.end('go');
		},
	};
}
