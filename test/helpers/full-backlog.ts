// A server whose queue of connections is full for good: whoever dials it next waits. Tells its port, and hangs.
import {type AddressInfo, createServer} from 'node:net';

const server = createServer();
server.listen({port: 0, host: '127.0.0.1', backlog: 1}, () => {
	// A TCP server's address is an object.
	const {port} = server.address() as AddressInfo;
	process.send?.(port, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});
