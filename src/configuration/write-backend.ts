import {isPrivateKey} from '../base/quote.ts';
import type {NormalisedAddress, NormalisedBackend, NormalisedFake} from '../model/normalised.ts';
import type {BackendConfig} from './spec.ts';
import type {
	BackendTls,
	CommandBackend,
	EchoBackend,
	FakeBackendCommon,
	HandlerBackend,
	HarBackend,
	ReplyBackend,
	SocketBackend,
	TcpBackend,
} from './spec-backend.ts';
import {writeReply} from './write-reply.ts';
import {below, tell, unless, type WritePlace, withoutKey, writeAddress, written} from './write-values.ts';

/** What `describe-backend.ts` makes of a fake back-end, beside what every one has. */
type Behaviour = EchoBackend | ReplyBackend | HarBackend | HandlerBackend | TcpBackend | SocketBackend;
/** What every fake has, without the name: in a configuration that is the key above. */
type Common = Omit<FakeBackendCommon, 'name'>;
type Own<Fake> = Fake extends unknown ? Omit<Fake, keyof FakeBackendCommon> : never;

const ECHO: Own<EchoBackend> = {kind: 'echo'};

/** A back-end as the configuration has it below its name: the inverse of `describe-backend.ts`. */
export function writeBackend(backend: NormalisedBackend, place: WritePlace): BackendConfig | undefined {
	switch (backend.kind) {
		case 'address':
			return writeServer(backend);
		case 'command':
			return writeCommand(backend, place);
		case 'fake':
			return {...writeBehaviour(backend, place), ...writeCommon(backend, place)};
		case 'undeclared':
			tell(place, 'nobody has said where this VM is');
			return undefined;
	}
}

function writeServer({host, port, ports}: NormalisedAddress): BackendConfig {
	if (ports.size === 0) return writeAddress(host, port);
	return written<Extract<BackendConfig, {readonly host: string}>>({host, port, ports: Object.fromEntries(ports)});
}

function writeCommand({run, port}: Extract<NormalisedBackend, {kind: 'command'}>, place: WritePlace): BackendConfig {
	if (isPrivateKey(run)) {
		tell(place, 'a private key stands in its command: an echo back-end takes its place');
		return ECHO;
	}
	return written<Omit<CommandBackend, 'name'>>({kind: 'command', run, port});
}

function writeBehaviour(
	{behaviour}: NormalisedFake,
	place: WritePlace,
): Own<EchoBackend | ReplyBackend | HarBackend | TcpBackend> {
	// The model keeps it without looking into it; it is what `describe-backend.ts` has validated.
	const given = behaviour as Behaviour;
	switch (given.kind) {
		case 'echo':
			return ECHO;
		case 'reply':
			return writeReply(given, place);
		case 'har':
			return written<Own<HarBackend>>({kind: 'har', file: given.file, timings: given.timings});
		case 'tcp':
			return written<Own<TcpBackend>>({
				kind: 'tcp',
				mode: given.mode,
				data: writeData(given.data, below(place, 'data')),
			});
		case 'handler':
			tell(place, 'a handler is code, which cannot be written: an echo back-end takes its place');
			return ECHO;
		case 'socket':
			tell(place, 'a handler is code, which cannot be written: a TCP echo takes its place');
			return {kind: 'tcp', mode: 'echo'};
	}
}

/** A configuration has text alone, and bytes that are no UTF-8 would come back as others. */
function writeData(data: TcpBackend['data'], place: WritePlace): string | undefined {
	if (data === undefined || typeof data === 'string') return withoutKey(data, place);
	try {
		// `ignoreBOM`: the mark stays part of the text.
		return withoutKey(new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(data), place);
	} catch {
		tell(place, 'these bytes are not UTF-8, and a configuration has text alone: they are left out');
		return undefined;
	}
}

function writeCommon({tls, proxyProtocol}: NormalisedFake, place: WritePlace): Common {
	return written<Common>({tls: writeTls(tls, place), proxyProtocol: unless(proxyProtocol, 'off')});
}

function writeTls(tls: NormalisedFake['tls'], place: WritePlace): FakeBackendCommon['tls'] {
	if (tls === undefined || tls === 'detect') return tls;
	const own = written<BackendTls>({
		names: tls.names,
		clientAuth: unless(tls.clientAuth, false),
		clientCa: withoutKey(tls.clientCa, below(place, 'tls', 'clientCa')),
		defect: tls.defect,
	});
	return Object.keys(own).length === 0 ? true : own;
}
