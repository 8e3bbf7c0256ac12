import type {Clock} from '../../src/base/clock.ts';
import {Deadlines} from '../../src/base/deadlines.ts';
import {Revision} from '../../src/base/revision.ts';
import {Router} from '../../src/data-plane/balancing/balancer.ts';
import {bindListeners} from '../../src/data-plane/bind-listeners.ts';
import {DateField} from '../../src/data-plane/http/date-field.ts';
import type {ListenerContext} from '../../src/data-plane/listener-context.ts';
import {OpenConnections} from '../../src/data-plane/open-connections.ts';
import {RunningListener} from '../../src/data-plane/running-listener.ts';
import type {HealthChange, Services} from '../../src/data-plane/services.ts';
import {ReadBuffers} from '../../src/data-plane/sockets/read-buffers.ts';
import {ReadTurns} from '../../src/data-plane/sockets/read-turns.ts';
import {SecureContexts} from '../../src/data-plane/sockets/tls-settings.ts';
import {NO_BACKEND_RULES} from '../../src/model/policy.ts';
import {
	DEFAULT_TIMEOUTS,
	type ResolvedBackend,
	type ResolvedListener,
	type ResolvedLoadBalancer,
} from '../../src/model/resolved.ts';
import {Advisor} from '../../src/observability/advice/advisor.ts';
import {Journal} from '../../src/observability/journal.ts';
import {TrafficFeed} from '../../src/observability/traffic-feed.ts';
import {checkOf} from './probing.ts';

/** No back-end is draining. */
const standings = () => ({revision: new Revision(), draining: () => []});

/** What all load balancers of one emulator share. */
export function servicesOf(clock: Clock, onHealthChange: (change: HealthChange) => void = () => {}): Services {
	return {
		clock,
		buffers: new ReadBuffers(),
		readTurns: new ReadTurns(),
		contexts: new SecureContexts(),
		seed: 1,
		onHealthChange,
		onAdvice: () => {},
		feed: new TrafficFeed(),
		record: {exchanges: 10, bodyBytes: 0},
	};
}

/** A back-end on this machine. */
export function resolvedBackend(name: string, port: number, more: Partial<ResolvedBackend> = {}): ResolvedBackend {
	return {name, host: '127.0.0.1', port, ports: new Map(), ...more};
}

/** A load balancer without listeners and back-ends unless they are given. Its check is of TCP. */
export function resolvedLoadBalancer(more: Partial<ResolvedLoadBalancer> = {}): ResolvedLoadBalancer {
	return {
		name: 'lb',
		dnsName: 'lb.test',
		listeners: [],
		backends: [],
		rules: [],
		healthCheck: checkOf('TCP:80'),
		faithfulHealth: false,
		drainingMs: undefined,
		securedCookies: false,
		timeouts: DEFAULT_TIMEOUTS,
		retry: 'idempotent',
		upgrade: 'tunnel',
		...more,
	};
}

/** An HTTP listener on a free port. */
export const HTTP_LISTENER: ResolvedListener = {
	protocol: 'http',
	port: 80,
	backendProtocol: 'http',
	backendPort: 80,
	bind: {host: '127.0.0.1', port: 0, fallbackPorts: [], fallsBackWhenTaken: false},
	certificate: undefined,
	tls: {minVersion: 'TLSv1.2', ciphers: undefined},
	proxyProtocol: false,
	verifyBackend: undefined,
	stickiness: undefined,
	negotiation: undefined,
	backendRules: NO_BACKEND_RULES,
};

/** What looks at the traffic of the load balancer that `resolvedLoadBalancer()` describes. */
export function advisorOf({clock, onAdvice}: Services, journal: Journal = new Journal(1)): Advisor {
	const described = resolvedLoadBalancer();
	return new Advisor({described: () => described, clock, find: id => journal.find(id), onSaid: onAdvice});
}

/** An HTTP listener that runs by itself, and the record of what came through it. */
export async function startListener(services: Services): Promise<{listener: RunningListener; journal: Journal}> {
	const journal = new Journal(services.record.exchanges);
	const deadlines = new Deadlines(services.clock, 500);
	const [bound] = (await bindListeners([HTTP_LISTENER], 'lb', [])).values();
	if (bound === undefined) throw new Error('nothing was bound');
	const listener = new RunningListener(HTTP_LISTENER, bound, resolvedLoadBalancer(), {
		services,
		journal,
		advisor: advisorOf(services, journal),
		deadlines,
		standings: standings(),
	});
	return {listener, journal};
}

/** What serves the connections of such a listener shares; no back-end is registered with it. */
export function contextOf(services: Services): ListenerContext {
	const deadlines = new Deadlines(services.clock, 500);
	const journal = new Journal(services.record.exchanges);
	return {
		loadBalancer: resolvedLoadBalancer(),
		listener: HTTP_LISTENER,
		router: new Router(standings()),
		stickiness: undefined,
		securesCookies: false,
		journal,
		advisor: advisorOf(services, journal),
		clock: services.clock,
		deadlines,
		buffers: services.buffers,
		readTurns: services.readTurns,
		dateField: new DateField(services.clock),
		faults: undefined,
		timeouts: DEFAULT_TIMEOUTS,
		settings: resolvedLoadBalancer(),
		sendsProxyLine: false,
		backendTls: undefined,
		keptBodyBytes: 1000,
		connections: new OpenConnections(deadlines),
		draining: false,
	};
}
