import {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import type {SecureContext} from 'node:tls';
import {ClientHelloReader} from '../../codec/client-hello.ts';
import {isHttp, isSecure} from '../../model/listener.ts';
import type {ListenerContext} from '../listener-context.ts';
import type {OpenConnection} from '../open-connections.ts';
import type {ArmedFaults} from './armed-faults.ts';
import {Fired} from './fired.ts';
import {faultySocket} from './lingering-socket.ts';
import {asSocket} from './socket-stand-in.ts';

/** Serves an accepted socket, with another certificate than the listener's where one is given. */
export type ServeAccepted = (socket: Socket, secureContext?: SecureContext) => void;

export interface AcceptOptions {
	readonly serve: ServeAccepted;
	/** Of a certificate that fits no name. */
	readonly wrongContext: () => SecureContext | undefined;
}

/** Lets the faults of a listener loose on a socket that it has accepted, and has it served. */
export function acceptUnderFaults(
	context: ListenerContext,
	faults: ArmedFaults,
	socket: Socket,
	options: AcceptOptions,
): void {
	const {protocol, port} = context.listener;
	const hit = (sni: string | undefined) => {
		const subject = {requestHead: '', sni, isReuse: false};
		const rules = [
			...(isSecure(protocol) ? (faults.atHandshake(port, subject)?.rules ?? []) : []),
			// Of HTTP listeners, requests are hit.
			...(isHttp(protocol) ? [] : (faults.atListener(port, subject)?.rules ?? [])),
		];
		if (rules.length === 0) {
			options.serve(socket);
			return;
		}
		const fired = new Fired(rules);
		const {fault} = fired;
		const isWrong = fault?.kind === 'tls' && fault.how === 'wrong-certificate';
		options.serve(
			asSocket(faultySocket(context, socket, fired, {end: 'client'})),
			isWrong ? options.wrongContext() : undefined,
		);
	};
	if (protocol !== 'http' && faults.asksForName(port)) new NamePeek(context, socket, hit);
	else hit(undefined);
}

/** Waits for the server name that a client asks for, and puts back what it has read. */
class NamePeek implements OpenConnection {
	deadlineMs: number;
	readonly isFresh = true;
	readonly #context: ListenerContext;
	readonly #socket: Socket;
	readonly #then: (sni: string | undefined) => void;
	readonly #reader = new ClientHelloReader();
	readonly #read: Buffer[] = [];

	constructor(context: ListenerContext, socket: Socket, then: (sni: string | undefined) => void) {
		this.#context = context;
		this.#socket = socket;
		this.#then = then;
		this.deadlineMs = context.clock.now() + context.timeouts.handshakeMs;
		context.connections.enter(this);
		socket.on('data', this.#onData);
		socket.on('end', this.#onEnd);
		socket.on('error', this.#onEnd);
	}

	drain(): void {
		this.cut();
	}

	cut(): void {
		this.#leave();
		this.#socket.destroy();
	}

	cutFrom(): void {
		// No back-end is known yet.
	}

	/** A client that says nothing is served as ever. */
	onDeadline(): void {
		this.#goOn(undefined);
	}

	readonly #onData = (chunk: Buffer): void => {
		this.#read.push(chunk);
		const hello = this.#reader.read(chunk);
		if (hello !== 'incomplete') this.#goOn(hello === 'not-tls' ? undefined : hello.sni);
	};

	readonly #onEnd = (): void => {
		this.cut();
	};

	#goOn(sni: string | undefined): void {
		this.#leave();
		this.#socket.pause();
		if (this.#read.length > 0) this.#socket.unshift(Buffer.concat(this.#read));
		this.#then(sni);
	}

	#leave(): void {
		this.#context.connections.leave(this);
		this.#socket.off('data', this.#onData);
		this.#socket.off('end', this.#onEnd);
		// It listens for errors until somebody else does.
	}
}
