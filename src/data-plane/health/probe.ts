import type {Buffer} from 'node:buffer';
import net from 'node:net';
import tls from 'node:tls';
import {type Clock, systemClock} from '../../base/clock.ts';
import {codeOf, formatAddress, messageOf} from '../../base/errors.ts';
import {HeadBuffer} from '../../codec/head-buffer.ts';
import {MAX_INTERIM_ANSWERS, mayBecomeAnswer, ResponseHead, readResponseHead} from '../../codec/response-head.ts';
import type {ProbeResult} from '../../model/health.ts';
import {formatTarget, type HealthCheck} from '../../model/health-check.ts';
import {isTlsCode, tlsCause} from '../failure.ts';
import type {ReadBuffers} from '../sockets/read-buffers.ts';
import {endedByReset, resetSocket} from '../sockets/reset.ts';
import type {ProbeSession, ProbeVersions} from './probe-session.ts';

export interface ProbeOptions {
	readonly host: string;
	/** Where this back-end listens; the check's own port is the logical one. */
	readonly port: number;
	/** What to ask for and how long; its interval and thresholds are not looked at. */
	readonly check: HealthCheck;
	readonly clock: Clock;
	readonly buffers: ReadBuffers;
	/** For SSL and HTTPS. Certificates are not verified (AWS Classic ELB, elb-healthchecks). */
	readonly secureContext: (versions: ProbeVersions) => tls.SecureContext;
	/** What probes of this back-end resume; a full handshake each time unless given. */
	readonly session?: ProbeSession | undefined;
}

/** A probe on its way. It owns its socket and its timer, and both are gone when `result` resolves. */
export interface RunningProbe {
	/** What came of it; undefined when it was cancelled before. Never rejected. */
	readonly result: Promise<ProbeResult | undefined>;
	/** Ends it without a result. Harmless when it is over. */
	cancel(): void;
}

/** How long a session is waited for after a handshake in TLS 1.3. A guess: servers send it at once, or never. */
const TICKET_MS = 100;

/** AWS Classic ELB, as seen in the logs of its back-ends. */
const USER_AGENT = 'ELB-HealthChecker/1.0';

/**
 * Probes a back-end once: TCP connects, SSL shakes hands as well, HTTP and HTTPS send a GET and pass on status 200 only.
 *
 * It judges the answer's head and does not wait for the body. What has not passed within the check's timeout fails.
 *
 * @see AWS Classic ELB guide, elb-healthchecks, and API_HealthCheck
 */
export function startProbe(options: ProbeOptions): RunningProbe {
	return new Probe(options);
}

class Probe implements RunningProbe {
	readonly result: Promise<ProbeResult | undefined>;
	readonly #options: ProbeOptions;
	readonly #atMs: number;
	readonly #startMs: number;
	readonly #head = new HeadBuffer();
	#resolve: (result: ProbeResult | undefined) => void = () => {};
	#stopTimer: () => void = () => {};
	#raw: net.Socket | undefined;
	#stream: net.Socket | undefined;
	#phase: 'connect' | 'handshake' | 'answer' = 'connect';
	#heard = false;
	#interims = 0;
	#leaving = false;
	/** Whether it has its result and waits for a session. */
	#lingers = false;
	#stopLingering: () => void = () => {};
	/** Whether its handshake offered TLS 1.2 and older alone. */
	#isLimited = false;
	/** Whether its handshake offered a session. */
	#offered = false;
	#outcome: ProbeResult | undefined;

	constructor(options: ProbeOptions) {
		this.#options = options;
		this.#atMs = options.clock.wallMs();
		this.#startMs = options.clock.now();
		this.result = new Promise(resolve => {
			this.#resolve = resolve;
		});
		try {
			this.#dial();
		} catch (error) {
			// Node throws at once on a host that can be none, such as one with a NUL.
			this.#decide(messageOf(error));
			this.#resolve(this.#outcome);
			return;
		}
		this.#stopTimer = options.clock.after(options.check.timeoutMs, () => this.#timeOut());
	}

	cancel(): void {
		this.#leave();
	}

	#dial(): void {
		const {host, port, check, buffers} = this.#options;
		const secure = check.protocol === 'ssl' || check.protocol === 'https';
		const raw = net.connect({
			host,
			port,
			allowHalfOpen: true,
			// Reading into the shared buffer spares the 64 KiB that Node allocates for each read.
			...(check.protocol === 'http'
				? {onread: {buffer: buffers.shared, callback: (bytes, buffer) => this.#read(buffer, bytes)}}
				: {}),
		});
		this.#raw = raw;
		this.#stream = raw;
		// Of a connection that was given up for another, nothing counts any more.
		raw.on('error', error => {
			if (raw === this.#raw) this.#fail(error);
		});
		raw.once('close', () => {
			if (raw === this.#raw) this.#closed();
		});
		if (secure) this.#handshake(raw);
		else if (check.protocol === 'tcp') raw.pause();
		raw.once('connect', () => this.#connected(secure));
		const stream = this.#stream;
		stream.once('end', () => {
			if (stream === this.#stream) this.#ended();
		});
	}

	#handshake(raw: net.Socket): void {
		const {secureContext, session} = this.#options;
		const versions = session?.versions ?? 'all';
		this.#isLimited = versions !== 'all';
		const stream = this.#connectTls(raw, secureContext(versions), session?.offer);
		this.#stream = stream;
		stream.on('error', error => {
			if (stream === this.#stream) this.#fail(error);
		});
		stream.on('data', (chunk: Buffer) => this.#read(chunk, chunk.length));
		stream.once('secureConnect', () => this.#shaken(stream));
		stream.once('session', fresh => {
			session?.keep(fresh);
			this.#depart();
		});
	}

	#connectTls(raw: net.Socket, secureContext: tls.SecureContext, offer: Buffer | undefined): tls.TLSSocket {
		const options = {socket: raw, secureContext, rejectUnauthorized: false};
		if (offer === undefined) return tls.connect(options);
		this.#offered = true;
		try {
			return tls.connect({...options, session: offer});
		} catch {
			// OpenSSL does not take its own session back: then without.
			this.#options.session?.refuse();
			return tls.connect(options);
		}
	}

	#shaken(stream: tls.TLSSocket): void {
		const {session, check} = this.#options;
		session?.passed(stream.isSessionReused());
		// In TLS 1.3 a session follows the handshake (RFC 8446 section 4.6.1). Who asks for nothing waits for it, once; by
		// the machine's time, because it is the network that is waited for.
		if (!this.#leaving && session?.isWanted === true && check.path === '' && stream.getProtocol() === 'TLSv1.3') {
			this.#lingers = true;
			this.#stopLingering = systemClock.after(TICKET_MS, () => {
				session.refuse();
				this.#depart();
			});
		}
		this.#ready();
	}

	/** Says the goodbye that was put off, if one was. */
	#depart(): void {
		this.#stopLingering();
		if (!this.#lingers) return;
		this.#lingers = false;
		this.#leave();
	}

	#connected(secure: boolean): void {
		if (this.#leaving) return;
		if (secure) this.#phase = 'handshake';
		else this.#ready();
	}

	#ready(): void {
		if (this.#leaving) return;
		const {host, port, check} = this.#options;
		this.#phase = 'answer';
		if (check.path === '') {
			this.#decide('pass');
			return;
		}
		// The zone of an IPv6 address means nothing to the other side (RFC 6874 section 1).
		const authority = formatAddress(host.split('%', 1)[0] ?? host, port);
		this.#stream?.write(
			`GET ${check.path} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: ${USER_AGENT}\r\nConnection: close\r\n\r\n`,
			'latin1',
		);
	}

	/** @returns whether to read on. */
	#read(bytes: Uint8Array, length: number): boolean {
		if (this.#leaving || this.#phase !== 'answer') return false;
		this.#heard = true;
		// Node hands Buffers here, its own or the shared one.
		const chunk = bytes.subarray(0, length) as Buffer;
		for (let pos = 0; pos < length; ) {
			pos = this.#head.add(chunk, pos);
			const verdict = pos === -1 ? this.#verdictOfPart() : this.#verdictOfHead();
			if (verdict !== undefined) {
				this.#decide(verdict);
				return false;
			}
			if (pos === -1) return true;
		}
		return true;
	}

	#verdictOfPart(): string | undefined {
		const {refusal, beginning} = this.#head;
		if (refusal !== undefined) return `answer refused: ${refusal.reason}`;
		return mayBecomeAnswer(beginning) ? undefined : 'answer with a malformed status line';
	}

	#verdictOfHead(): string | undefined {
		const head = readResponseHead(this.#head.text, false);
		if (!(head instanceof ResponseHead)) return head.reason;
		if (head.status === 200) return 'pass';
		if (head.status >= 200 || head.status === 101) return `HTTP ${head.status}`;
		this.#interims++;
		return this.#interims > MAX_INTERIM_ANSWERS ? `more than ${MAX_INTERIM_ANSWERS} interim answers` : undefined;
	}

	#timeOut(): void {
		const what = {connect: 'connection', handshake: 'TLS handshake', answer: 'answer'}[this.#phase];
		const {clock, check} = this.#options;
		// Once more, for a goodbye that finds no way out.
		this.#stopTimer = clock.after(check.timeoutMs, () => this.#abandon());
		this.#decide(`no ${what} within ${check.timeoutMs} ms`);
	}

	#fail(error: Error): void {
		if (this.#dialsAnew()) return;
		// A TLS stream that failed leaves the socket below it open.
		this.#abandon();
		this.#decide(causeOf(error, this.#phase));
	}

	/**
	 * A handshake that failed with a session is tried once more without, for the session may be all that is wrong, and one
	 * in TLS 1.2 once more in whatever there is.
	 */
	#dialsAnew(): boolean {
		if (this.#phase !== 'handshake' || this.#leaving) return false;
		const {session} = this.#options;
		if (this.#offered) session?.failed();
		else if (this.#isLimited) session?.askForAll();
		else return false;
		this.#offered = false;
		this.#abandon();
		this.#phase = 'connect';
		this.#dial();
		return true;
	}

	#ended(): void {
		const {raw, stream} = this.#sockets();
		if (this.#leaving || raw === undefined || stream === undefined || this.#dialsAnew()) return;
		if (endedByReset(raw, stream)) this.#decide(RESET[this.#phase]);
		else if (this.#phase === 'handshake') this.#decide('closed during the TLS handshake');
		else this.#decide(this.#heard ? 'closed in the midst of its answer' : 'closed without an answer');
	}

	#decide(result: string): void {
		if (this.#leaving) return;
		if (this.#outcome !== undefined) {
			this.#depart();
			return;
		}
		const {host, port, check, clock, session} = this.#options;
		if (this.#phase === 'handshake') session?.failed();
		this.#outcome = {
			target: formatTarget(check),
			address: formatAddress(host, port),
			result,
			ms: clock.now() - this.#startMs,
			atMs: this.#atMs,
		};
		if (!this.#lingers) this.#leave();
	}

	/**
	 * Says goodbye, then resets: the back-end reads an ordinary end, which no server takes amiss, where a reset alone would
	 * crash one without an `error` listener. And hardly a connection is left in TIME_WAIT: only where the back-end's own
	 * end comes between the two.
	 */
	#leave(): void {
		if (this.#leaving) return;
		this.#leaving = true;
		const {raw, stream} = this.#sockets();
		if (raw === undefined || stream === undefined) return;
		if (this.#phase === 'answer' && stream.writable) stream.end(() => resetSocket(raw, stream));
		else this.#abandon();
	}

	#abandon(): void {
		const {raw, stream} = this.#sockets();
		if (raw !== undefined && stream !== undefined) resetSocket(raw, stream);
	}

	#closed(): void {
		if (this.#dialsAnew()) return;
		this.#stopTimer();
		this.#stopLingering();
		this.#decide(RESET[this.#phase]);
		// One that never came to its handshake would wait for it for ever.
		this.#stream?.destroy();
		this.#resolve(this.#outcome);
	}

	#sockets(): {raw: net.Socket | undefined; stream: net.Socket | undefined} {
		return {raw: this.#raw, stream: this.#stream};
	}
}

const RESET = {
	connect: 'connection reset',
	handshake: 'connection reset during the TLS handshake',
	answer: 'connection reset before the end of its answer',
} as const;

function causeOf(error: Error, phase: keyof typeof RESET): string {
	const code = codeOf(error);
	switch (code) {
		case 'ECONNREFUSED':
			return 'connection refused';
		case 'ECONNRESET':
		case 'EPIPE':
			return RESET[phase];
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return 'unknown host';
		case 'EHOSTUNREACH':
		case 'ENETUNREACH':
			return 'host unreachable';
		case 'ETIMEDOUT':
			return 'no connection: the system gave up';
		case 'ERR_SSL_WRONG_VERSION_NUMBER':
		case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
			return 'not TLS';
		default:
			return isTlsCode(code) ? `no TLS: ${tlsCause(error)}` : messageOf(error);
	}
}
