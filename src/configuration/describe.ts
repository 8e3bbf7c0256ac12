import {type Duration, millisecondsIn} from '../base/duration.ts';
import {show} from '../base/quote.ts';
import {violationsOfSharedPorts} from '../model/listener.ts';
import type {NormalisedBackend, NormalisedListener, NormalisedLoadBalancer} from '../model/normalised.ts';
import {DEFAULT_TIMEOUTS, type Timeouts} from '../model/resolved.ts';
import {withUsualSettings} from '../model/settings.ts';
import {describeAccessLog} from './describe-access-log.ts';
import {describeBackend, echoBackends, letterOf} from './describe-backend.ts';
import {describeFaults, faultTarget} from './describe-faults.ts';
import {describeHealthCheck} from './describe-health-check.ts';
import {describeListener} from './describe-listener.ts';
import {describeRules} from './describe-rules.ts';
import {type Findings, presentable} from './finding.ts';
import {isLoopback} from './host-names.ts';
import {find, type Place, within} from './place.ts';
import {type Partly, readShape} from './read-shape.ts';
import {loadBalancerSchema} from './schema.ts';
import {MAX_DURATION_MS} from './schema-values.ts';
import type {LoadBalancerSpec} from './spec.ts';
import type {BackendSpec} from './spec-backend.ts';

/** What the description of a load balancer may refer to by name. */
export interface DescriptionContext {
	/** What `certificate` may name. */
	readonly certificateNames: Iterable<string>;
	/** Back-ends that exist already: a text that is one of these names stands for them, and is not read as an address. */
	readonly backends?: ReadonlyMap<string, readonly NormalisedBackend[]>;
}

/**
 * Validates the description of one load balancer, as the library takes it, and fills in its defaults.
 *
 * Nothing is bound, started or read from disk. Every broken rule is reported, of shape and of sense alike.
 *
 * @param spec of unknown origin: JavaScript callers pass what they like.
 * @returns `partly`: what could be read beside what is wrong, good only to look for more that is wrong.
 */
export function describeLoadBalancer(
	spec: unknown,
	{certificateNames, backends = new Map()}: DescriptionContext,
): {described: NormalisedLoadBalancer} | {violations: Findings; partly: NormalisedLoadBalancer | undefined} {
	const {value: shape, findings} = readShape(loadBalancerSchema, spec);
	if (shape === undefined) return {violations: presentable(findings), partly: undefined};
	const place: Place = {path: [], findings};
	const name = shape.name ?? 'lb';
	validateLoadBalancerName(name, {path: ['name'], findings});
	const common = describeCommon(shape, place, new Set(certificateNames));
	const registered = describeBackends(shape.backends, {path: ['backends'], findings}, backends);
	const context = {
		listeners: allRead(shape.listeners, common.listeners),
		backends: registered,
		groups: backends,
		mayBeBroken: lostAmong(shape.backends),
	};
	const rules = describeRules(shape.rules, context, within(place, 'rules'));
	const faults = describeFaults(shape.faults, faultTarget(context), within(place, 'faults'));
	const described = {name, source: {...shape, name}, ...common, backends: registered, rules, faults};
	return findings.length > 0 ? {violations: presentable(findings), partly: described} : {described};
}

/**
 * Validates what a load balancer is called.
 *
 * @see OUTSCALE API 1.40, CreateLoadBalancerRequest.LoadBalancerName: up to 32 alphanumerics or hyphens, no hyphen at
 * either end.
 */
export function validateLoadBalancerName(name: string, place: Place, at?: 'key'): void {
	if (/^(?!-)[A-Za-z0-9-]{1,32}(?<!-)$/.test(name)) return;
	find(place, [], {
		message: `${show(name)} is not a load balancer's name; allowed are 1 to 32 of A-Z, a-z, 0-9 and "-", no "-" at either end`,
		at,
	});
}

/** What a load balancer of the library and one of a configuration have in common. */
export function describeCommon(
	shape: Partly<Omit<LoadBalancerSpec, 'name' | 'backends'>>,
	place: Place,
	certificateNames: ReadonlySet<string>,
): Omit<NormalisedLoadBalancer, 'name' | 'source' | 'backends' | 'rules' | 'faults'> {
	validateAddress(shape.address, place);
	const listeners = describeListeners(shape.listeners, within(place, 'listeners'), certificateNames);
	// Without a listener there is no back-end port, and nothing that runs.
	const backendPort = listeners[0]?.ports.backendPort ?? 80;
	return {
		address: shape.address,
		listeners,
		healthCheck: describeHealthCheck(shape.healthCheck, backendPort, within(place, 'healthCheck')),
		...withUsualSettings(shape),
		pendingBackends: new Set(),
		internal: false,
		drainingMs: describeDraining(shape.draining, within(place, 'draining')),
		accessLog: describeAccessLog(shape.accessLog, within(place, 'accessLog')),
		timeouts: describeTimeouts(shape, place),
	};
}

/** The listeners, when every one that was written could be read. */
export function allRead(
	shapes: Partly<LoadBalancerSpec['listeners']> | undefined,
	listeners: readonly NormalisedListener[],
): readonly NormalisedListener[] | undefined {
	return shapes?.length === listeners.length ? listeners : undefined;
}

/** Tells whether a name may be that of a back-end that could not be read. */
function lostAmong(shapes: Partly<LoadBalancerSpec['backends']>): (name: string) => boolean {
	const written = new Set<unknown>(typeof shapes === 'object' ? shapes.map(addressText) : []);
	return name => written.has(undefined) || written.has(name);
}

function describeDraining(draining: Duration | false | undefined, place: Place): number | undefined {
	const ms = millisecondsIn(draining);
	if (ms !== undefined && !(ms >= 1 && ms <= MAX_DURATION_MS)) {
		find(place, [], {
			message: `${show(draining)} is not a draining time; allowed are 1 ms to ${MAX_DURATION_MS} ms, or false`,
		});
	}
	return ms;
}

function describeListeners(
	shapes: Partly<LoadBalancerSpec['listeners']> | undefined,
	place: Place,
	certificateNames: ReadonlySet<string>,
): NormalisedListener[] {
	if (shapes === undefined) return [];
	// OUTSCALE API 1.40, CreateLoadBalancerRequest: Listeners is required.
	if (shapes.length === 0) find(place, [], {message: 'the list is empty; a load balancer needs at least one listener'});
	const listeners = shapes.map((shape, index) =>
		describeListener(shape, {path: [...place.path, index], findings: place.findings}, certificateNames),
	);
	for (const {path, message, hint} of violationsOfSharedPorts(listeners.map(listener => listener?.ports))) {
		find(place, path, {message, hint});
	}
	return listeners.filter(listener => listener !== undefined);
}

function describeTimeouts(shape: Partly<Omit<LoadBalancerSpec, 'backends'>>, place: Place): Timeouts {
	const read = (key: 'idleTimeout' | 'headTimeout' | 'connectTimeout'): number | undefined => {
		const ms = millisecondsIn(shape[key]);
		if (ms !== undefined && !(ms >= 1 && ms <= MAX_DURATION_MS)) {
			find(place, [key], {message: `${show(shape[key])} is not a timeout; allowed are 1 ms to ${MAX_DURATION_MS} ms`});
		}
		return ms;
	};
	return {
		idleMs: read('idleTimeout') ?? DEFAULT_TIMEOUTS.idleMs,
		headMs: read('headTimeout') ?? DEFAULT_TIMEOUTS.headMs,
		connectMs: read('connectTimeout') ?? DEFAULT_TIMEOUTS.connectMs,
		handshakeMs: DEFAULT_TIMEOUTS.handshakeMs,
	};
}

function validateAddress(address: string | undefined, place: Place): void {
	if (address === undefined || isLoopback(address)) return;
	find(place, ['address'], {
		message: `${show(address)} is not a loopback address; allowed are 127.0.0.1 to 127.255.255.255 and ::1`,
		hint:
			address === 'localhost'
				? 'did you mean "127.0.0.1"?'
				: 'to listen beyond loopback, set the host of the emulator (--host)',
	});
}

function describeBackends(
	shape: number | readonly (Partly<BackendSpec> | undefined)[] | undefined,
	place: Place,
	known: ReadonlyMap<string, readonly NormalisedBackend[]>,
): NormalisedBackend[] {
	if (shape === undefined) return [];
	if (typeof shape === 'number') return echoBackends(shape);
	const owners = new Map<string, number>();
	const backends: NormalisedBackend[] = [];
	for (const [index, item] of shape.entries()) {
		const here: Place = {path: [...place.path, index], findings: place.findings};
		const existing = typeof item === 'string' ? known.get(item) : undefined;
		const described = existing ?? [describeBackend(item, nameOf(item, index), here)];
		for (const backend of described) {
			if (backend === undefined) continue;
			const owner = owners.get(backend.name);
			if (owner === undefined) owners.set(backend.name, index);
			else {
				find(here, [], () => ({
					message: `two back-ends are named ${show(backend.name)}: backends[${owner}] has the name already`,
					hint:
						typeof addressText(item) === 'string'
							? 'write {kind: "address", name, host, port} to name it yourself'
							: 'give this one another name',
				}));
			}
			backends.push(backend);
		}
	}
	return backends;
}

/** An address is called by its text, anything else by the letter of its position. */
function nameOf(item: Partly<BackendSpec> | undefined, index: number): string | undefined {
	return typeof addressText(item) === 'string' ? undefined : letterOf(index);
}

/** A bare port is called by its digits. */
function addressText<Item>(item: Item | number): Item | string {
	return typeof item === 'number' ? String(item) : item;
}
