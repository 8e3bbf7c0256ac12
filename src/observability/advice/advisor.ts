import type {Clock} from '../../base/clock.ts';
import type {Diagnosis} from '../../model/advice.ts';
import {isPass, type ProbeResult} from '../../model/health.ts';
import {type ResolvedListener, type ResolvedLoadBalancer, sendsProxyLine} from '../../model/resolved.ts';
import type {ExchangeRecord} from '../exchange-record.ts';
import type {Advice} from './advice.ts';
import {diagnoseCookies, diagnoseExcess, diagnoseKeepAlive, diagnoseShortBody, diagnoseUpgrade} from './answers.ts';
import {
	diagnoseAttempt,
	diagnoseBadRequest,
	diagnoseClient,
	diagnoseDeregistered,
	diagnoseRestEnded,
	type FailedAttempt,
} from './connections.ts';
import {diagnoseForwardedFor, hasClientsForwardedFor} from './forwarded-for.ts';
import {diagnoseProbe, mayNeedHost, needsHost, pathOfTarget} from './probes.ts';
import {diagnoseRedirect} from './redirects.ts';
import {SaidAdvice} from './said-advice.ts';
import {type AdviceSources, NO_SOURCES} from './sources.ts';

export interface AdvisorOptions {
	readonly described: () => ResolvedLoadBalancer;
	readonly clock: Pick<Clock, 'wallMs'>;
	/** Finds an exchange that the evidence needs, if it is still kept. */
	readonly find: (id: number) => ExchangeRecord | 'forgotten' | undefined;
	/** Called with what is said for the first time. It must not throw. */
	readonly onSaid: (advice: Advice) => void;
}

/** How many back-ends are remembered that have understood a PROXY line. */
const MOST_UNDERSTANDING = 1000;

/**
 * Looks at what happens at one load balancer, after it has happened, for what will bite in production. What an ordinary
 * exchange costs is a few comparisons of numbers: texts are looked at where these give a reason.
 */
export class Advisor {
	/** Set by whoever describes the load balancer, before the first client comes. */
	sources: AdviceSources = NO_SOURCES;
	readonly #options: AdvisorOptions;
	readonly #said: SaidAdvice;
	/** Back-ends that ended a resting connection; they are to be seen alive before that counts. */
	readonly #restsEnded = new Map<string, {readonly restedMs: number; readonly exchange: number}>();
	/** Failed probes that a Host might have made pass, by back-end. */
	readonly #refusedProbes = new Map<string, ProbeResult>();
	/** Back-ends that have answered something else than 400 behind a PROXY line. */
	readonly #understanding = new Set<string>();
	/** The description that this was read from last, and whether any of its listeners sends PROXY lines. */
	#read: ResolvedLoadBalancer | undefined;
	#readSendsProxyLines = false;

	constructor(options: AdvisorOptions) {
		this.#options = options;
		this.#said = new SaidAdvice(options.described().name, options.onSaid);
	}

	/** In the order in which they were said. */
	get advice(): readonly Advice[] {
		return this.#said.all;
	}

	/** Forgets everything so far, so that it is said again. */
	clear(): void {
		this.#said.clear();
		this.#restsEnded.clear();
		this.#refusedProbes.clear();
		this.#understanding.clear();
	}

	/** An exchange has ended. What a fault was injected into says nothing of the back-end. */
	ended(record: ExchangeRecord): void {
		if (record.fired !== '') return;
		if (record.failedAttempts !== undefined) for (const each of record.failedAttempts) this.#triedInVain(each, record);
		if (record.outcome === 'ok') this.#ok(record);
		else this.#broken(record);
	}

	/** A probe of a back-end is over. */
	probed(backend: string, probe: ProbeResult): void {
		if (isPass(probe)) {
			this.#refusedProbes.delete(backend);
			return;
		}
		this.#restsEnded.delete(backend);
		const diagnosis = diagnoseProbe(backend, probe);
		if (diagnosis !== undefined) this.#said.note(diagnosis, {probe});
		else if (mayNeedHost(probe)) this.#refusedProbes.set(backend, probe);
	}

	/**
	 * A back-end has ended a connection in order that rested in a pool.
	 *
	 * @param exchange the id of the last exchange on it.
	 */
	restEnded(backend: string, restedMs: number, exchange: number): void {
		if (this.#said.recurs('keep-alive-shorter-than-idle-timeout', backend)) return;
		this.#restsEnded.set(backend, {restedMs, exchange});
	}

	/** A back-end has sent bytes on a connection that rested: they belong to no answer. */
	sentUnasked(backend: string, exchange: number): void {
		this.#said.note(diagnoseExcess({backendName: backend}), this.#evidence(exchange));
	}

	/** A back-end was stopped or started by hand: connections that end now say nothing of its settings. */
	switched(backend: string): void {
		this.#restsEnded.delete(backend);
	}

	/** A client's handshake is done. @param asked the server name it sent. */
	shakenHands(port: number, asked: string | undefined): void {
		this.#ofCertificate(port, {asked, isRefused: false});
	}

	/** A back-end has shown its certificate to a client whose TLS passes unread. @param sent see {@link AdviceSources}. */
	shownByBackend(record: ExchangeRecord, sent: readonly Buffer[] | 'hidden'): void {
		const {backendName, listener: port, clientHello, fired} = record;
		if (fired !== '') return;
		const about = {port, sent, asked: clientHello?.sni, wallMs: this.#options.clock.wallMs()};
		for (const {diagnosis, certificate} of this.sources.ofBackendCertificate(backendName, about)) {
			this.#said.note(diagnosis, {seen: record, certificate});
		}
	}

	#ok(record: ExchangeRecord): void {
		const {kind, responseStatus: status, backendName: backend, keepAliveMs} = record;
		if (this.#restsEnded.size > 0) this.#seenAlive(backend);
		if (kind !== 'http') {
			this.#stream(record);
			return;
		}
		if (keepAliveMs >= 0) this.#announced(record);
		if (status >= 300 && status < 400 && status !== 304)
			this.#note(record, listener => diagnoseRedirect(record, listener));
		if (status === 400) this.#note(record, listener => this.#badRequest(record, listener));
		else if (this.#sendsProxyLines) this.#understands(backend);
		if (record.hasExcess) this.#said.note(diagnoseExcess(record), {seen: record});
		if (record.client.tls !== undefined) this.#note(record, listener => diagnoseCookies(record, listener));
		if (hasClientsForwardedFor(record)) this.#said.note(diagnoseForwardedFor(record), {seen: record});
		if (status === 200 && this.#refusedProbes.size > 0) this.#seenHealthy(record);
	}

	#stream(record: ExchangeRecord): void {
		const {kind, backendName: backend} = record;
		if (kind === 'websocket') this.#note(record, listener => diagnoseUpgrade(record, listener));
		else if (record.bytesUp > 0 && record.bytesDown === 0) {
			// An end in order passes for an ordinary one; a back-end that is known to need something else has refused.
			if (!this.sources.requiresProxyLine(backend) && !this.#wantsTls(record, backend)) return;
			this.#failed({backend, reused: false, end: 'backend-reset', cause: ''}, record, false);
		}
	}

	#broken(record: ExchangeRecord): void {
		const {outcome, cause, backendName: backend, backendReused: reused, firstByteMs, listener: port} = record;
		if (outcome === 'drained') {
			const {drainingMs = 0} = this.#options.described();
			if (drainingMs > 0 || !cause.startsWith('the back-end was deregistered')) return;
			this.#said.note(diagnoseDeregistered(record), {seen: record});
		} else if (backend === '') {
			this.#note(record, listener => diagnoseClient(record, listener));
			if (record.handshakeOnly && cause.startsWith('the client does not trust')) {
				this.#ofCertificate(port, {asked: undefined, isRefused: true});
			}
		} else {
			const answered = firstByteMs >= 0;
			this.#failed({backend, reused, end: outcome, cause}, record, answered);
			if (answered && outcome === 'backend-reset' && isCutShort(record)) {
				this.#said.note(diagnoseShortBody(record), {seen: record});
			}
		}
	}

	/** Another attempt followed. Where that was lost as well, it was not the kept-alive connection that was to blame. */
	#triedInVain(attempt: FailedAttempt, record: ExchangeRecord): void {
		if (!attempt.reused || record.outcome === 'ok') this.#failed(attempt, record, false);
	}

	#failed(attempt: FailedAttempt, record: ExchangeRecord, answered: boolean): void {
		if (attempt.end === 'connect-refused' || attempt.end === 'connect-timeout') {
			this.#restsEnded.delete(attempt.backend);
		}
		const {timeouts} = this.#options.described();
		this.#note(record, listener =>
			diagnoseAttempt(attempt, answered, {
				listener,
				idleMs: timeouts.idleMs,
				sendsProxyLine: sendsProxyLine(listener) && !this.#understanding.has(attempt.backend),
				requiresTls: backend => this.#wantsTls(record, backend),
				requiresProxyLine: backend => !sendsProxyLine(listener) && this.sources.requiresProxyLine(backend),
			}),
		);
	}

	/** Whether a back-end speaks TLS alone, and got none of it from the client either. */
	#wantsTls({kind}: ExchangeRecord, backend: string): boolean {
		return kind !== 'tls-passthrough' && this.sources.requiresTls(backend);
	}

	#announced(record: ExchangeRecord): void {
		const {idleMs} = this.#options.described().timeouts;
		if (record.keepAliveMs > idleMs) return;
		if (this.#said.recurs('keep-alive-shorter-than-idle-timeout', record.backendName)) return;
		this.#said.note(diagnoseKeepAlive(record, idleMs), {seen: record});
	}

	#seenAlive(backend: string): void {
		const ended = this.#restsEnded.get(backend);
		if (ended === undefined) return;
		this.#restsEnded.delete(backend);
		const {idleMs} = this.#options.described().timeouts;
		this.#said.note(diagnoseRestEnded(backend, ended.restedMs, idleMs), this.#evidence(ended.exchange));
	}

	#seenHealthy(record: ExchangeRecord): void {
		const {backendName: backend, summary} = record;
		const probe = this.#refusedProbes.get(backend);
		if (probe === undefined || pathOfTarget(probe.target) !== summary.target) return;
		this.#said.note(needsHost(backend, probe, 'likely'), {probe, seen: record});
	}

	#badRequest(record: ExchangeRecord, listener: ResolvedListener): Diagnosis | undefined {
		const isProxied = sendsProxyLine(listener) && !this.#understanding.has(record.backendName);
		return diagnoseBadRequest(record, listener, isProxied);
	}

	get #sendsProxyLines(): boolean {
		const described = this.#options.described();
		if (described !== this.#read) {
			this.#read = described;
			this.#readSendsProxyLines = described.listeners.some(sendsProxyLine);
		}
		return this.#readSendsProxyLines;
	}

	#understands(backend: string): void {
		if (this.#understanding.size >= MOST_UNDERSTANDING) this.#understanding.clear();
		this.#understanding.add(backend);
	}

	#ofCertificate(port: number, about: {readonly asked: string | undefined; readonly isRefused: boolean}): void {
		const found = this.sources.ofCertificate(port, {...about, wallMs: this.#options.clock.wallMs()});
		for (const {diagnosis, certificate} of found) this.#said.note(diagnosis, {certificate});
	}

	/** Diagnoses what depends on the listener; it may be gone by now. */
	#note(record: ExchangeRecord, diagnose: (listener: ResolvedListener) => Diagnosis | undefined): void {
		const listener = this.#options.described().listeners.find(({port}) => port === record.listener);
		const diagnosis = listener && diagnose(listener);
		if (diagnosis !== undefined) this.#said.note(diagnosis, {seen: record});
	}

	#evidence(exchange: number): {readonly seen?: ExchangeRecord} {
		const found = this.#options.find(exchange);
		return typeof found === 'object' ? {seen: found} : {};
	}
}

/** Whether an answer with a Content-Length was ended in order before that many bytes had come. */
function isCutShort({cause, responseText, responseHeadLength}: ExchangeRecord): boolean {
	if (!/(?:ended|closed the connection) in the midst of its answer$/.test(cause)) return false;
	return /\r\ncontent-length:/i.test(responseText.slice(0, responseHeadLength));
}
