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
import {lifetimeOf, ownCookieOf, type StickinessPolicy} from '../model/stickiness-policy.ts';
import type {ExchangeRecord} from '../observability/exchange-record.ts';
import {isFailed} from '../observability/traffic-filter.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';

/** Shares are of so many exchanges: what happened long ago says little. */
const SHARED = 1000;

/** The state of a load balancer with what the data plane knows beside it. */
export function withDetails(
	state: LoadBalancerState,
	{running, certificates}: Pick<ManagedLoadBalancer, 'running' | 'certificates'>,
): LoadBalancerState {
	const {records} = running.journal;
	const shares = sharesIn(records);
	const {healthCheck, listeners} = running.description;
	const known = new Map(running.backends.map(backend => [backend.name, backend] as const));
	const policies = new Map(listeners.map(({port, stickiness}) => [port, stickiness] as const));
	return {
		...state,
		...loadBalancerDetails(running, records),
		listeners: state.listeners.map(listener => ({
			...listener,
			...originOf(certificates.get(listener.port)),
			...listenerDetails(policies.get(listener.port)),
		})),
		backends: state.backends.map(backend => ({
			...backend,
			...(shares === undefined ? {} : {share: shares.get(backend.name) ?? 0}),
			...consecutive(known.get(backend.name), healthCheck),
		})),
	};
}

/** @param records all that are kept. */
function loadBalancerDetails(
	{description, draining, journal}: RunningLoadBalancer,
	records: readonly ExchangeRecord[],
): LoadBalancerDetails {
	const rules = [...description.rules].sort((one, other) => other.priority - one.priority);
	const {forgotten} = journal;
	const failed = records.filter(({outcome, responseStatus: status}) =>
		isFailed({open: outcome === 'open', outcome, status}),
	);
	return {
		...(rules.length === 0
			? {}
			: {
					rules: rules.map(({listener, priority, name, host = '', path = '', to}) => ({
						...(listener === undefined ? {} : {listener}),
						priority,
						...(name === undefined ? {} : {name}),
						...(host === '' ? {} : {host}),
						...(path === '' ? {} : {path}),
						to,
					})),
				}),
		...(description.drainingMs === undefined ? {} : {drainingMs: description.drainingMs}),
		...(draining.length === 0
			? {}
			: {
					draining: draining.map(({backend: {name, inFlight}, untilMs}) => {
						const until = new Date(untilMs).toISOString();
						return {name, inFlight, until};
					}),
				}),
		counters: {exchanges: records.length + forgotten, failed: failed.length, forgotten},
	};
}

/** By back-end; undefined when none got anything. */
function sharesIn(records: readonly ExchangeRecord[]): ReadonlyMap<string, number> | undefined {
	const served = records.slice(-SHARED).filter(({backendName}) => backendName !== '');
	if (served.length === 0) return undefined;
	const shares = new Map<string, number>();
	for (const {backendName} of served) shares.set(backendName, (shares.get(backendName) ?? 0) + 1 / served.length);
	return new Map([...shares].map(([name, share]) => [name, Math.round(share * 10_000) / 10_000]));
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

function listenerDetails(policy: StickinessPolicy | undefined): ListenerDetails {
	if (policy === undefined) return {};
	const cookie = ownCookieOf(policy);
	if (policy.kind === 'application') return {stickiness: {cookie, application: policy.cookie}};
	const seconds = lifetimeOf(policy);
	return {stickiness: {cookie, ...(seconds === undefined ? {} : {seconds})}};
}
