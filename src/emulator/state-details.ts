import type {LoadBalancerState} from '../control-plane/admin/state.ts';
import type {
	BackendDetails,
	CertificateOrigin,
	ListenerDetails,
	LoadBalancerDetails,
} from '../control-plane/admin/state-details.ts';
import type {Backend} from '../data-plane/backends/backend.ts';
import type {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import type {ServerCertificate} from '../model/account.ts';
import type {HealthCheck} from '../model/health-check.ts';
import {type ResolvedListener, sendsProxyLine} from '../model/resolved.ts';
import {lifetimeOf, ownCookieOf, type StickinessPolicy} from '../model/stickiness-policy.ts';
import type {ExchangeRecord} from '../observability/exchange-record.ts';
import {isFailed} from '../observability/traffic-filter.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';

/** Shares are of so many exchanges: what happened long ago says little. */
const SHARED = 1000;

/** What every load balancer's state has. */
type Usual = Required<Omit<LoadBalancerState, 'rules' | 'draining' | 'drainingMs'>>;

/** The state of a load balancer with what the data plane knows beside it. Hundreds of them are asked for at once. */
export function withDetails(
	state: LoadBalancerState,
	managed: Pick<ManagedLoadBalancer, 'running' | 'certificates' | 'currentBackends'>,
): LoadBalancerState {
	const {running} = managed;
	const {records, forgotten} = running.journal;
	const counters = countersOf(records, forgotten);
	const listeners = listenersOf(state, managed);
	const backends = state.backends.length === 0 ? state.backends : backendsOf(state, managed, records);
	const {name, dnsName, state: life, warnings, advice} = state;
	// Key by key: V8 makes and writes what was spread several times as slowly. A key that is new does not compile here.
	const usual: Usual = {name, dnsName, state: life, listeners, backends, warnings, advice, counters};
	const {rules, drainingMs} = running.description;
	if (rules.length + running.draining.length === 0 && drainingMs === undefined) return usual;
	return {...usual, ...rulesOf(running), ...(drainingMs === undefined ? {} : {drainingMs}), ...drainingOf(running)};
}

function rulesOf({description: {rules}}: RunningLoadBalancer): Pick<LoadBalancerDetails, 'rules'> {
	if (rules.length === 0) return {};
	const ordered = [...rules].sort((one, other) => other.priority - one.priority);
	return {
		rules: ordered.map(({listener, priority, name, host = '', path = '', to}) => ({
			...(listener === undefined ? {} : {listener}),
			priority,
			...(name === undefined ? {} : {name}),
			...(host === '' ? {} : {host}),
			...(path === '' ? {} : {path}),
			to,
		})),
	};
}

function drainingOf({draining}: RunningLoadBalancer): Pick<LoadBalancerDetails, 'draining'> {
	if (draining.length === 0) return {};
	return {
		draining: draining.map(({backend: {name, inFlight}, untilMs}) => {
			const until = new Date(untilMs).toISOString();
			return {name, inFlight, until};
		}),
	};
}

function countersOf(
	records: readonly ExchangeRecord[],
	forgotten: number,
): NonNullable<LoadBalancerDetails['counters']> {
	let failed = 0;
	for (const {outcome, responseStatus: status} of records) {
		if (isFailed({open: outcome === 'open', outcome, status})) failed++;
	}
	return {exchanges: records.length + forgotten, failed, forgotten};
}

function listenersOf(
	{listeners}: LoadBalancerState,
	managed: Pick<ManagedLoadBalancer, 'running' | 'certificates'>,
): LoadBalancerState['listeners'] {
	const described = new Map(managed.running.description.listeners.map(each => [each.port, each] as const));
	const areSecure = listeners.some(({certificate}) => certificate !== undefined);
	const arePlain = [...described.values()].every(each => each.stickiness === undefined && !sendsProxyLine(each));
	if (arePlain && !areSecure) return listeners;
	// They are put together anew whenever they are asked for.
	const certificates = areSecure ? managed.certificates : undefined;
	return listeners.map(listener => ({
		...listener,
		...originOf(certificates?.get(listener.port)),
		...proxyProtocolOf(described.get(listener.port)),
		...stickinessOf(described.get(listener.port)?.stickiness),
	}));
}

function backendsOf(
	{backends}: LoadBalancerState,
	{running, currentBackends}: Pick<ManagedLoadBalancer, 'running' | 'currentBackends'>,
	records: readonly ExchangeRecord[],
): LoadBalancerState['backends'] {
	const shares = sharesIn(records);
	const {healthCheck} = running.description;
	const known = new Map(running.backends.map(backend => [backend.name, backend] as const));
	// Of two with one name the one that is registered counts: it comes first.
	const run = new Map(currentBackends.map(each => [each.name, each.isRunning()] as const).reverse());
	return backends.map(backend => ({
		...backend,
		...runningOf(run.get(backend.name)),
		...(shares === undefined ? {} : {share: shares.get(backend.name) ?? 0}),
		...consecutive(known.get(backend.name), healthCheck),
	}));
}

function runningOf(running: boolean | undefined): Pick<BackendDetails, 'running'> {
	return running === undefined ? {} : {running};
}

/** By back-end; undefined when none got anything. */
function sharesIn(records: readonly ExchangeRecord[]): ReadonlyMap<string, number> | undefined {
	const served = records.slice(-SHARED).filter(({backendName}) => backendName !== '');
	if (served.length === 0) return undefined;
	const counts = new Map<string, number>();
	for (const {backendName} of served) counts.set(backendName, (counts.get(backendName) ?? 0) + 1);
	return new Map([...counts].map(([name, count]) => [name, Math.round((count / served.length) * 10_000) / 10_000]));
}

function consecutive(backend: Backend | undefined, check: HealthCheck): Pick<BackendDetails, 'consecutive'> {
	if (backend === undefined || backend.health.lastProbe === undefined) return {};
	const {passes, failures, state} = backend.health;
	return {
		consecutive: {passes, failures, needed: state === 'InService' ? check.unhealthyThreshold : check.healthyThreshold},
	};
}

function originOf(certificate: ServerCertificate | undefined): Pick<ListenerDetails, 'certificateOrigin'> {
	if (certificate === undefined) return {};
	const {issued, configuredAs, broughtBy} = certificate;
	const given: CertificateOrigin = configuredAs !== undefined ? 'file' : broughtBy !== undefined ? 'text' : 'account';
	return {certificateOrigin: issued ? 'issued' : given};
}

function proxyProtocolOf(listener: ResolvedListener | undefined): Pick<ListenerDetails, 'proxyProtocol'> {
	return listener !== undefined && sendsProxyLine(listener) ? {proxyProtocol: true} : {};
}

function stickinessOf(policy: StickinessPolicy | undefined): Pick<ListenerDetails, 'stickiness'> {
	if (policy === undefined) return {};
	const cookie = ownCookieOf(policy);
	if (policy.kind === 'application') return {stickiness: {cookie, application: policy.cookie}};
	const seconds = lifetimeOf(policy);
	return {stickiness: {cookie, ...(seconds === undefined ? {} : {seconds})}};
}
