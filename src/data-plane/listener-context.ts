import type {Clock} from '../base/clock.ts';
import type {Deadlines} from '../base/deadlines.ts';
import type {Endpoint} from '../codec/proxy-protocol.ts';
import type {ResolvedListener, Timeouts} from '../model/resolved.ts';
import type {Settings} from '../model/settings.ts';
import type {Advisor} from '../observability/advice/advisor.ts';
import type {ExchangeKind, Peer} from '../observability/exchange.ts';
import {ExchangeRecord} from '../observability/exchange-record.ts';
import type {Journal} from '../observability/journal.ts';
import type {BackendTlsOptions} from './backends/dial.ts';
import type {Router} from './balancing/balancer.ts';
import type {StickySessions} from './balancing/sticky-sessions.ts';
import type {ArmedFaults} from './faults/armed-faults.ts';
import type {DateField} from './http/date-field.ts';
import type {OpenConnections} from './open-connections.ts';
import type {ReadBuffers} from './sockets/read-buffers.ts';
import type {ReadTurns} from './sockets/read-turns.ts';

/** What everything that serves one listener's connections shares. What is not readonly may change under them. */
export interface ListenerContext {
	readonly loadBalancer: {readonly name: string; readonly dnsName: string};
	listener: ResolvedListener;
	readonly router: Router;
	/** Undefined where every request is balanced. */
	stickiness: StickySessions | undefined;
	/** Whether cookies get `Secure`. */
	securesCookies: boolean;
	readonly journal: Journal;
	readonly advisor: Advisor;
	readonly clock: Clock;
	readonly deadlines: Deadlines;
	readonly buffers: ReadBuffers;
	readonly readTurns: ReadTurns;
	readonly dateField: DateField;
	timeouts: Timeouts;
	settings: Settings;
	/** How TLS is spoken to the back-ends; undefined where it is not. */
	readonly backendTls: BackendTlsOptions | undefined;
	/** Whether each connection to a back-end begins with a PROXY line. It speaks for one client then. */
	readonly sendsProxyLine: boolean;
	/** How many bytes of each body a record keeps. */
	readonly keptBodyBytes: number;
	readonly connections: OpenConnections;
	/** What is armed for the load balancer; undefined while nothing is. */
	faults: ArmedFaults | undefined;
	/** Whether the listener is being stopped: nothing new, answers say `Connection: close`. */
	draining: boolean;
}

/** What the PROXY protocol says about a client. */
export interface ProxiedClient {
	readonly peer: Endpoint;
	/** The address it connected to. The port sent with it is the logical one. */
	readonly localAddress: string;
}

/** A fresh record of an exchange that begins now. */
export function newRecord(context: ListenerContext, kind: ExchangeKind, client: Peer): ExchangeRecord {
	const {loadBalancer, listener, clock} = context;
	return new ExchangeRecord({
		kind,
		loadBalancer: loadBalancer.name,
		listener: listener.port,
		client,
		startedAt: clock.wallMs(),
		startMs: clock.now(),
	});
}

/** Writes the end of an exchange into its record, once, and notifies the advisor and the journal. */
export function finishRecord(
	context: ListenerContext,
	record: ExchangeRecord,
	outcome: ExchangeRecord['outcome'],
	cause = '',
	nowMs = context.clock.now(),
): void {
	if (record.outcome !== 'open') return;
	const {advisor, journal} = context;
	const isFault = record.faultDecides?.(outcome) === true;
	record.outcome = isFault ? 'fault' : outcome;
	record.cause = cause;
	if (record.fired !== '') record.noteCause();
	record.totalMs = nowMs - record.startMs;
	// Who hears of its end finds the advice there, and the advice finds the exchange by its id.
	if (record.id === 0) journal.add(record);
	advisor.ended(record);
	journal.finish(record);
}
