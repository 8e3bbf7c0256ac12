import {EmulatorError, type Violation} from '../base/errors.ts';
import {show} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import type {
	EchoBackend,
	HandlerBackend,
	HarBackend,
	ReplyBackend,
	SocketBackend,
	TcpBackend,
} from '../configuration/spec-backend.ts';
import type {FakeBehaviour} from '../model/normalised.ts';
import type {BehaviourContext} from './behaviour-context.ts';
import {echo} from './echo.ts';
import {echoUpgrade} from './echo-upgrade.ts';
import {guardRequestHandler, guardSocketHandler} from './handlers.ts';
import {createHttpServer, HTTP_ALPN, serveHttp} from './http-server.ts';
import {createReplyServer, violationsOfReply} from './reply.ts';
import type {Serve} from './serve.ts';
import {serveTcp} from './tcp.ts';

/** What a fake back-end does. The description's name, TLS and PROXY protocol are read in `fake-backend.ts`. */
export type Behaviour = EchoBackend | ReplyBackend | HarBackend | HandlerBackend | TcpBackend | SocketBackend;

/** The behaviour that the model keeps without looking into it. */
export function behaviourOf(kept: FakeBehaviour): Behaviour {
	// What `configuration/` has validated as a `Behaviour`, or a JavaScript caller's value, which is validated at the start.
	return kept as Behaviour;
}

/** A behaviour ready for connections. */
export interface PreparedBehaviour {
	readonly serve: Serve;
	/** What TLS offers in ALPN; nothing for kinds that are not HTTP. */
	readonly alpn: readonly string[] | undefined;
	/** Begins a script again; undefined where there is none. */
	readonly restart?: () => void;
}

const KINDS = ['echo', 'reply', 'har', 'handler', 'tcp', 'socket'] as const satisfies readonly Behaviour['kind'][];
const MODES = ['echo', 'sink', 'source', 'banner'] as const satisfies readonly TcpBackend['mode'][];

/** Every rule that a behaviour breaks. The types rule most of them out, but a caller in JavaScript has no compiler. */
export function violationsOfBehaviour(behaviour: Behaviour): Violation[] {
	switch (behaviour.kind) {
		case 'echo':
			return [];
		case 'reply':
			return violationsOfReply(behaviour);
		case 'har':
			return typeof behaviour.file === 'string' ? [] : [{path: ['file'], message: 'must be the path of a HAR file'}];
		case 'tcp':
			return [...violationsOfChoice('mode', behaviour.mode, MODES), ...violationsOfData(behaviour.data)];
		case 'handler':
		case 'socket':
			if (typeof behaviour.handler === 'function') return [];
			return [{path: ['handler'], message: `a "${behaviour.kind}" back-end needs a function`}];
		default:
			// The types say that no kind is left; a caller in JavaScript may still have written another one.
			return violationsOfChoice('kind', (behaviour as {kind: unknown}).kind, KINDS);
	}
}

/** Prepares a behaviour that has no violations for connections. */
export function prepareBehaviour(behaviour: Behaviour, context: BehaviourContext): PreparedBehaviour {
	switch (behaviour.kind) {
		case 'echo': {
			const listener = context.failing.requests(echo(context.name));
			const server = createHttpServer(listener);
			server.on('upgrade', echoUpgrade(context, listener));
			return {serve: serveHttp(server), alpn: HTTP_ALPN};
		}
		case 'reply':
			return prepareReply(behaviour, context);
		case 'har':
			return prepareRecorded(context);
		case 'handler':
			return {
				serve: serveHttp(createHttpServer(context.failing.requests(guardRequestHandler(behaviour.handler, context)))),
				alpn: HTTP_ALPN,
			};
		case 'tcp':
			return {serve: serveTcp(behaviour, context.name), alpn: undefined};
		case 'socket':
			return {serve: guardSocketHandler(behaviour.handler, context), alpn: undefined};
	}
}

function prepareRecorded({recorded, failing}: BehaviourContext): PreparedBehaviour {
	// They were read before the back-end was made.
	if (recorded === undefined) throw new EmulatorError('BUG', 'The recorded answers of a back-end have not been read');
	const server = createHttpServer(failing.requests(recorded.listener));
	return {serve: serveHttp(server), alpn: HTTP_ALPN, restart: () => recorded.restart()};
}

function prepareReply(reply: ReplyBackend, context: BehaviourContext): PreparedBehaviour {
	const {server, restart} = createReplyServer(reply, context);
	return {serve: serveHttp(server), alpn: HTTP_ALPN, restart};
}

/** A violation when `given` is not one of the allowed texts, with the text that was probably meant. */
export function violationsOfChoice(field: string, given: unknown, allowed: readonly string[]): Violation[] {
	if (typeof given === 'string' && allowed.includes(given)) return [];
	return [
		{
			path: [field],
			message: `${show(given)} is not allowed; use ${alternatives(allowed)}`,
			hint: typeof given === 'string' ? didYouMean(given, allowed) : undefined,
		},
	];
}

function violationsOfData(data: unknown): Violation[] {
	if (data === undefined || typeof data === 'string' || data instanceof Uint8Array) return [];
	return [{path: ['data'], message: 'must be text or bytes (Uint8Array)'}];
}
