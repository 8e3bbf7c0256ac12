import type {Socket} from 'node:net';
import type {SecureContext} from 'node:tls';
import type {Deadlines} from '../base/deadlines.ts';
import {isHttp, isSecure} from '../model/listener.ts';
import {type PemPair, type ResolvedListener, type ResolvedLoadBalancer, sendsProxyLine} from '../model/resolved.ts';
import type {Advisor} from '../observability/advice/advisor.ts';
import type {Journal} from '../observability/journal.ts';
import type {Backend} from './backends/backend.ts';
import type {BackendTlsOptions} from './backends/dial.ts';
import type {UpstreamPool} from './backends/upstream-pool.ts';
import {Router, type Standings} from './balancing/balancer.ts';
import {StickySessions} from './balancing/sticky-sessions.ts';
import {acceptUnderFaults} from './faults/accept.ts';
import type {ArmedFaults} from './faults/armed-faults.ts';
import {newPool, serverFor} from './front.ts';
import {DateField} from './http/date-field.ts';
import type {ListenerContext} from './listener-context.ts';
import {OpenConnections} from './open-connections.ts';
import type {Services} from './services.ts';
import type {BoundPort} from './sockets/listener.ts';
import type {LentContext} from './sockets/tls-settings.ts';

/** What the listeners of one load balancer share. */
export interface ListenerDependencies {
	readonly services: Services;
	readonly journal: Journal;
	readonly advisor: Advisor;
	readonly deadlines: Deadlines;
	readonly standings: Standings;
}

/** One listener at run time: a bound port, and everything that serves its connections. */
export class RunningListener {
	readonly bound: BoundPort;
	readonly connections: OpenConnections;
	readonly #context: ListenerContext;
	readonly #services: Services;
	readonly #pool: UpstreamPool;
	readonly #accept: (socket: Socket) => void;
	#shown: LentContext | undefined;
	#backends: readonly Backend[] = [];

	/** Serves `bound` from now on, in place of the listener that served it before. */
	constructor(
		listener: ResolvedListener,
		bound: BoundPort,
		loadBalancer: ResolvedLoadBalancer,
		{services, journal, advisor, deadlines, standings}: ListenerDependencies,
	) {
		this.bound = bound;
		this.connections = new OpenConnections(deadlines);
		this.#services = services;
		this.#context = {
			loadBalancer,
			listener,
			router: new Router(standings),
			stickiness: undefined,
			securesCookies: false,
			journal,
			advisor,
			clock: services.clock,
			deadlines,
			buffers: services.buffers,
			readTurns: services.readTurns,
			dateField: new DateField(services.clock),
			timeouts: loadBalancer.timeouts,
			settings: loadBalancer,
			backendTls: backendTlsOf(listener, services),
			sendsProxyLine: sendsProxyLine(listener),
			keptBodyBytes: services.record.bodyBytes,
			connections: this.connections,
			faults: undefined,
			draining: false,
		};
		this.#pool = newPool(this.#context);
		this.#show(listener);
		const serve = serverFor(this.#context, {pool: this.#pool, secureContext: () => this.#shown?.secureContext});
		this.#accept = socket => {
			services.readTurns.accepted();
			const {draining, faults} = this.#context;
			if (draining) socket.destroy();
			else if (faults === undefined) serve(socket);
			else acceptUnderFaults(this.#context, faults, socket, {serve, wrongContext: () => this.#wrongContext()});
		};
		bound.accept = this.#accept;
	}

	get description(): ResolvedListener {
		return this.#context.listener;
	}

	/** What is armed from now on; undefined: nothing. */
	set faults(faults: ArmedFaults | undefined) {
		this.#context.faults = faults;
	}

	/** Takes what may change while connections go on. */
	apply(listener: ResolvedListener, loadBalancer: ResolvedLoadBalancer, backends: readonly Backend[]): void {
		const context = this.#context;
		const before = context.listener;
		if (listener.certificate !== before.certificate || listener.negotiation !== before.negotiation)
			this.#show(listener);
		// The port that was chosen at the start stays.
		context.listener = {...listener, bind: before.bind};
		context.timeouts = loadBalancer.timeouts;
		context.settings = loadBalancer;
		context.securesCookies = loadBalancer.securedCookies && listener.protocol === 'https';
		const rules = loadBalancer.rules.filter(rule => rule.listener === undefined || rule.listener === listener.port);
		context.router.set(backends, isHttp(listener.protocol) ? rules : []);
		const staying = new Set(backends);
		for (const backend of this.#backends) if (!staying.has(backend)) this.#pool.drop(backend);
		this.#backends = backends;
		const {stickiness} = listener;
		const {name} = loadBalancer;
		context.stickiness =
			stickiness &&
			new StickySessions(stickiness, {
				clock: this.#services.clock,
				backends,
				scope: [this.#services.seed, name, listener.backendPort],
			});
	}

	/** Shows another certificate from the next handshake on; what is open goes on. */
	swapCertificate(pair: PemPair): void {
		this.#context.listener = {...this.#context.listener, certificate: pair};
		this.#show(this.#context.listener);
	}

	/** Frees its port at once, unless another listener serves it by now. Resolves when every accepted socket is gone too. */
	async closePort(): Promise<void> {
		if (this.bound.accept === this.#accept) await this.bound.close();
	}

	/** Takes nothing new; what is in flight finishes, what is idle ends. */
	drain(): void {
		this.retire();
		this.connections.drain('all');
	}

	/** As {@link drain}, and a connection whose first request may be on its way is still served that. */
	retire(): void {
		this.#close();
		this.connections.drain('not-fresh');
	}

	/** Ends what is in flight at a back-end. */
	cutFrom(backend: Backend): void {
		this.connections.cutFrom(backend);
	}

	/** Ends everything now. Its port is not its own to close. */
	async cut(): Promise<void> {
		this.#close();
		this.connections.cut();
		this.#pool.close();
		await this.connections.gone();
	}

	#show({certificate, tls, negotiation}: ResolvedListener): void {
		// Its certificate may still be swapped while what it served goes on.
		if (this.#context.draining) return;
		const before = this.#shown;
		this.#shown = certificate && this.#services.contexts.forClients(certificate, tls, negotiation);
		before?.giveBack();
	}

	/** That of a certificate which fits no name that a client asks for. It is made for one connection. */
	#wrongContext(): SecureContext | undefined {
		const {wrongCertificate, contexts} = this.#services;
		const pair = wrongCertificate?.();
		const {tls, negotiation} = this.#context.listener;
		const lent = pair && contexts.forClients(pair, tls, negotiation);
		lent?.giveBack();
		return lent?.secureContext;
	}

	/** Takes no more connections, so no handshake begins any more. */
	#close(): void {
		this.#context.draining = true;
		this.#shown?.giveBack();
		this.#shown = undefined;
	}
}

function backendTlsOf(
	{backendProtocol, verifyBackend, backendRules: {publicKeys}}: ResolvedListener,
	{contexts}: Services,
): BackendTlsOptions | undefined {
	if (!isSecure(backendProtocol)) return undefined;
	return {
		secureContext: contexts.forBackends(verifyBackend),
		verify: verifyBackend !== undefined,
		servername: verifyBackend?.servername,
		alpn: backendProtocol === 'https' ? ['http/1.1'] : undefined,
		publicKeys: publicKeys && new Set(publicKeys),
	};
}
