import type {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import type {SecureContext} from 'node:tls';
import {type Clock, systemClock} from '../../base/clock.ts';
import {formatAddress, messageOf} from '../../base/errors.ts';
import {endedByReset, resetSocket} from '../../base/reset.ts';
import type {ProbeResult} from '../../model/health.ts';
import {formatTarget, type HealthCheck} from '../../model/health-check.ts';
import {dialTcp} from '../backends/dial.ts';
import {type ProbePhase, probeClosed, probeFailure, probeReset, probeTimeout} from '../failure.ts';
import type {ReadBuffers} from '../sockets/read-buffers.ts';
import type {ProbeVersions} from '../sockets/tls-settings.ts';
import {ProbeAnswer} from './probe-answer.ts';
import {ProbeHandshake} from './probe-handshake.ts';
import type {ProbeSession} from './probe-session.ts';

export interface ProbeOptions {
	readonly host: string;
	/** Where this back-end listens; the check's own port is the logical one. */
	readonly port: number;
	/** What to ask for and how long; its interval and thresholds are not looked at. */
	readonly check: HealthCheck;
	readonly clock: Clock;
	readonly buffers: ReadBuffers;
	/** For SSL and HTTPS. */
	readonly secureContext: (versions: ProbeVersions) => SecureContext;
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
 * What has not passed within the check's timeout fails.
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
	readonly #answer = new ProbeAnswer();
	#resolve: (result: ProbeResult | undefined) => void = () => {};
	#stopTimer: () => void = () => {};
	#raw: Socket | undefined;
	#stream: Socket | undefined;
	#handshake: ProbeHandshake | undefined;
	#phase: ProbePhase = 'connect';
	/** Whether its connection is being ended. */
	#leaving = false;
	/** Whether it has its result and waits for a session. */
	#awaitsSession = false;
	#stopWaiting: () => void = () => {};
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
			// Node throws at once on a host that can be none.
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
		const raw = dialTcp({
			host,
			port,
			onread:
				check.protocol === 'http'
					? {buffer: buffers.shared, callback: (bytes, buffer) => this.#read(buffer, bytes)}
					: undefined,
		});
		this.#raw = raw;
		this.#stream = raw;
		// Events of a connection that was given up for another no longer count.
		raw.on('error', error => {
			if (raw === this.#raw) this.#fail(error);
		});
		raw.once('close', () => {
			if (raw === this.#raw) this.#closed();
		});
		if (secure) this.#shakeHands(raw);
		else if (check.protocol === 'tcp') raw.pause();
		raw.once('connect', () => this.#connected(secure));
		const stream = this.#stream;
		stream.once('end', () => {
			if (stream === this.#stream) this.#ended();
		});
	}

	#shakeHands(raw: Socket): void {
		const {secureContext, session} = this.#options;
		const handshake = new ProbeHandshake(raw, session, secureContext);
		const {stream} = handshake;
		this.#handshake = handshake;
		this.#stream = stream;
		stream.on('error', error => {
			if (stream === this.#stream) this.#fail(error);
		});
		stream.on('data', (chunk: Buffer) => this.#read(chunk, chunk.length));
		stream.once('secureConnect', () => this.#shaken(handshake));
		stream.once('session', () => this.#stopAwaiting());
	}

	#shaken(handshake: ProbeHandshake): void {
		handshake.passed();
		// A probe that asks for nothing waits for a session, once; by the machine's time, because the network is waited for.
		if (!this.#leaving && this.#options.check.path === '' && handshake.awaitsSession) {
			this.#awaitsSession = true;
			this.#stopWaiting = systemClock.after(TICKET_MS, () => {
				handshake.giveUpSession();
				this.#stopAwaiting();
			});
		}
		this.#ready();
	}

	/** Ends the connection, if it was kept open for a session. */
	#stopAwaiting(): void {
		this.#stopWaiting();
		if (!this.#awaitsSession) return;
		this.#awaitsSession = false;
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
		// Node hands Buffers here, its own or the shared one.
		const verdict = this.#answer.read(bytes.subarray(0, length) as Buffer);
		if (verdict === undefined) return true;
		this.#decide(verdict);
		return false;
	}

	#timeOut(): void {
		const {clock, check} = this.#options;
		// Once more, for an end that the back-end does not let out.
		this.#stopTimer = clock.after(check.timeoutMs, () => this.#reset());
		this.#decide(probeTimeout(this.#phase, check.timeoutMs));
	}

	#fail(error: Error): void {
		if (this.#dialsAgain()) return;
		// A TLS stream that failed leaves the socket below it open.
		this.#reset();
		this.#decide(probeFailure(error, this.#phase));
	}

	/** Tries a handshake that failed once more, where it may be what was offered that failed. */
	#dialsAgain(): boolean {
		if (this.#phase !== 'handshake' || this.#leaving || this.#handshake?.triesAgain() !== true) return false;
		this.#reset();
		this.#phase = 'connect';
		this.#dial();
		return true;
	}

	#ended(): void {
		const raw = this.#raw;
		const stream = this.#stream;
		if (this.#leaving || raw === undefined || stream === undefined || this.#dialsAgain()) return;
		if (endedByReset(raw, stream)) this.#decide(probeReset(this.#phase));
		else this.#decide(probeClosed(this.#phase, this.#answer.receivedAny));
	}

	#decide(result: string): void {
		if (this.#leaving) return;
		if (this.#outcome !== undefined) {
			this.#stopAwaiting();
			return;
		}
		const {host, port, check, clock} = this.#options;
		if (this.#phase === 'handshake') this.#handshake?.failed();
		this.#outcome = {
			target: formatTarget(check),
			address: formatAddress(host, port),
			result,
			ms: clock.now() - this.#startMs,
			atMs: this.#atMs,
		};
		if (!this.#awaitsSession) this.#leave();
	}

	/**
	 * Ends the connection in order, then resets it. The back-end reads an ordinary end, which every server takes, where a
	 * reset alone would crash one without an `error` listener. And hardly a connection is left in TIME_WAIT: only where the
	 * back-end's own end comes between the two.
	 */
	#leave(): void {
		if (this.#leaving) return;
		this.#leaving = true;
		const raw = this.#raw;
		const stream = this.#stream;
		if (raw === undefined || stream === undefined) return;
		if (this.#phase === 'answer' && stream.writable) stream.end(() => resetSocket(raw, stream));
		else this.#reset();
	}

	#reset(): void {
		if (this.#raw !== undefined && this.#stream !== undefined) resetSocket(this.#raw, this.#stream);
	}

	#closed(): void {
		if (this.#dialsAgain()) return;
		this.#stopTimer();
		this.#stopWaiting();
		this.#decide(probeReset(this.#phase));
		// A TLS stream that never came to its handshake would wait for it for ever.
		this.#stream?.destroy();
		this.#resolve(this.#outcome);
	}
}
