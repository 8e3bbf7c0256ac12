import {once} from 'node:events';
import type {Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {hasCode, invalidDescription, portUnavailable} from '../base/errors.ts';
import {show} from '../base/quote.ts';
import {isLoopback} from '../configuration/host-names.ts';

export interface BindOptions {
	/** An address of loopback. */
	readonly host: string;
	/** 0 = any free one. */
	readonly port: number;
	/** Takes the next free port when somebody holds this one. */
	readonly fallback: boolean;
}

/** How many ports after the one that is held are tried before any free one is taken. */
const NEIGHBOURS = 100;
const MAX_PORT = 65_535;

/**
 * Binds the control port.
 *
 * @returns the port that was bound.
 * @throws EmulatorError `PORT_UNAVAILABLE` with who holds it, `INVALID_DESCRIPTION` for an address beyond loopback, which
 * would let strangers in.
 */
export async function bind(server: Server, options: BindOptions): Promise<number> {
	validate(options);
	const {host, port, fallback} = options;
	const others = fallback && port > 0 ? Array.from({length: NEIGHBOURS}, (_, index) => port + 1 + index) : [];
	const candidates = [port, ...others.filter(candidate => candidate <= MAX_PORT), ...(others.length > 0 ? [0] : [])];
	let first: unknown;
	for (const candidate of candidates) {
		try {
			server.listen({host, port: candidate});
			await once(server, 'listening');
			// A TCP server's address is an object.
			return (server.address() as AddressInfo).port;
		} catch (error) {
			first ??= error;
			if (!hasCode(error, 'EADDRINUSE')) break;
		}
	}
	throw await portUnavailable({host, port, purpose: 'the control port', cause: first});
}

function validate({host, port}: BindOptions): void {
	const violations = [];
	if (!isLoopback(host)) {
		const message = `${show(host)} is not an address of loopback, and the control port is for this machine alone`;
		violations.push({path: ['control', 'host'], message, hint: 'write 127.0.0.1 or ::1'});
	}
	if (!(Number.isInteger(port) && port >= 0 && port <= MAX_PORT)) {
		const message = `${show(port)} is not a port; allowed are 1 to 65535, or 0 for a free one`;
		violations.push({path: ['control', 'port'], message});
	}
	if (violations.length > 0) throw invalidDescription('The control port', violations);
}
