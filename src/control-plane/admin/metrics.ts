/// <reference path="./prom-client-registry.d.ts" />
import Registry from 'prom-client/lib/registry.js';
import {wallMs} from '../../base/timers.ts';
import type {Tally} from '../../observability/tallies.ts';
import type {ApiAnswer} from '../dialect.ts';
import type {AdminState, LoadBalancerState} from './state.ts';

/** What was counted at one load balancer, and is not in its state. */
export interface Counted {
	readonly loadBalancer: string;
	readonly tallies: readonly Tally[];
	/** How many exchanges were recorded and are no longer kept. */
	readonly forgotten: number;
	/** How many connections of clients are open, by the logical port of their listener. */
	readonly connections: readonly {readonly listener: number; readonly open: number}[];
}

type Labels = Readonly<Record<string, string>>;
type Value = readonly [labels: Labels, value: number];

/**
 * What `GET /_lb/metrics` answers: the text format 0.0.4 of Prometheus. Values of labels are names of what is described,
 * never what a client wrote, so that there are only so many of them.
 */
export async function metricsAnswer(state: AdminState, counted: readonly Counted[]): Promise<ApiAnswer> {
	const registry = new Registry();
	const add = (type: 'counter' | 'gauge', name: string, help: string, values: readonly Value[]) => {
		const metric = {name, help, type, values: summed(values)};
		registry.registerMetric({name, get: async () => metric});
	};
	const {loadBalancers, version, region} = state;
	const tallies = counted.flatMap(({loadBalancer: lb, tallies: all}) => all.map(tally => ({lb, ...tally})));
	const ofEach = (values: (balancer: LoadBalancerState) => readonly Value[]) => loadBalancers.flatMap(values);
	add('gauge', 'lb_local_info', 'The version and the region of this emulator.', [[{version, region}, 1]]);
	add(
		'counter',
		'lb_requests_total',
		'HTTP requests that ended, by the first digit of their status and by their outcome.',
		tallies
			.filter(each => !each.handshakeOnly && isHttp(each))
			.map(each => [{...placeOf(each), ...endOf(each)}, each.count]),
	);
	add(
		'counter',
		'lb_connections_total',
		'TCP connections, and TLS that was passed through, that ended, by their outcome.',
		tallies
			.filter(each => !each.handshakeOnly && !isHttp(each))
			.map(each => [{...placeOf(each), outcome: each.outcome}, each.count]),
	);
	add(
		'counter',
		'lb_tls_handshake_errors_total',
		'TLS handshakes with clients that failed.',
		tallies
			.filter(({handshakeOnly}) => handshakeOnly)
			.map(({lb, listener, count}) => [{lb, listener: `${listener}`}, count]),
	);
	add(
		'gauge',
		'lb_connections_active',
		'Connections of clients that are open.',
		counted.flatMap(({loadBalancer: lb, connections}) =>
			connections.map(({listener, open}): Value => [{lb, listener: `${listener}`}, open]),
		),
	);
	add(
		'gauge',
		'lb_backend_up',
		'Whether a back-end is in service.',
		ofEach(({name: lb, backends}) =>
			backends.map(({name: backend, state: health}) => [{lb, backend}, health === 'InService' ? 1 : 0]),
		),
	);
	add(
		'gauge',
		'lb_backend_in_flight',
		'Exchanges in flight at a back-end.',
		ofEach(({name: lb, backends}) => backends.map(({name: backend, inFlight}) => [{lb, backend}, inFlight])),
	);
	add(
		'gauge',
		'lb_draining',
		'Back-ends that were deregistered and still have something in flight.',
		ofEach(({name: lb, draining = []}) => [[{lb}, draining.length]]),
	);
	add(
		'gauge',
		'lb_certificate_expiry_seconds',
		"Seconds until the certificate of a listener ends, by the emulator's clock; negative once it has ended.",
		ofEach(({name: lb, listeners}) => listeners.flatMap(each => expiryOf(lb, each, Date.parse(state.clock.now)))),
	);
	add(
		'counter',
		'lb_journal_dropped_total',
		'Exchanges that were recorded and are no longer kept.',
		counted.map(({loadBalancer: lb, forgotten}) => [{lb}, forgotten]),
	);
	addProcess(add);
	return {
		status: 200,
		headers: [
			['Content-Type', registry.contentType],
			['Cache-Control', 'no-store'],
			['X-Content-Type-Options', 'nosniff'],
			['Server', 'lb-local'],
		],
		body: await registry.metrics(),
	};
}

/** The names that Prometheus asks of every program ("Process metrics" in "Writing client libraries"). */
function addProcess(
	add: (type: 'counter' | 'gauge', name: string, help: string, values: readonly Value[]) => void,
): void {
	const {user, system} = process.cpuUsage();
	add('counter', 'process_cpu_seconds_total', 'Seconds of processor time of this process.', [
		[{}, (user + system) / 1e6],
	]);
	add('gauge', 'process_resident_memory_bytes', 'Resident memory of this process.', [[{}, process.memoryUsage.rss()]]);
	add('gauge', 'process_start_time_seconds', 'When this process began, seconds since 1970.', [
		[{}, wallMs() / 1000 - process.uptime()],
	]);
}

function isHttp({kind}: Tally): boolean {
	return kind === 'http' || kind === 'websocket';
}

function placeOf({lb, listener, backend}: Tally & {readonly lb: string}): Labels {
	return {lb, listener: `${listener}`, backend};
}

function endOf({statusClass, outcome}: Tally): Labels {
	return {code_class: statusClass === 0 ? 'none' : `${statusClass}xx`, outcome};
}

function expiryOf(lb: string, {port, certificate}: LoadBalancerState['listeners'][number], nowMs: number): Value[] {
	if (certificate === undefined) return [];
	const labels = {lb, listener: `${port}`, name: certificate.names[0] ?? ''};
	return [[labels, Math.floor((Date.parse(certificate.notAfter) - nowMs) / 1000)]];
}

/** Series that have the same labels are one: what differs in more than is told, and names that are there twice. */
function summed(values: readonly Value[]): {readonly labels: Labels; readonly value: number}[] {
	const sums = new Map<string, {readonly labels: Labels; value: number}>();
	for (const [labels, value] of values) {
		const key = JSON.stringify(labels);
		const sum = sums.get(key);
		if (sum === undefined) sums.set(key, {labels, value});
		else sum.value += value;
	}
	return [...sums.values()];
}
