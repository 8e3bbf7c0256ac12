import {isDeepStrictEqual} from 'node:util';
import {EmulatorError} from '../../src/base/errors.ts';
import type {AdminState, LoadBalancerState} from '../../src/control-plane/admin/state.ts';
import type {LoadBalancer} from '../../src/index.ts';
import {Refusal} from '../../src/model/refusal.ts';
import {backendNamed} from './backend-ids.ts';
import {ApiRefusal, type Step} from './interleaved-step.ts';
import {canRun, type SimpleAccount, type SimpleCertificate, type SimpleLoadBalancer} from './simple-account.ts';
import {listedRules} from './simple-rules.ts';

/** What the surfaces of an emulator tell. */
export interface Surfaces {
	readonly loadBalancers: readonly LoadBalancer[];
	// biome-ignore lint/suspicious/noExplicitAny: what the API answers is JSON of many shapes.
	api(action: string, body: object): Promise<any>;
	/** What `/_lb/state` answers. */
	readState(): Promise<Pick<AdminState, 'loadBalancers' | 'vms'>>;
}

/** A load balancer as it shows. What one that is being deleted has behind it and shows is told by nobody. */
interface ShownLoadBalancer {
	readonly isDeleting: boolean;
	/** Of each its port, and the name and the content of its certificate. */
	readonly listeners: readonly (readonly [number, string | undefined, string | undefined])[];
	readonly backends: readonly string[];
	/** Of each its name, priority, patterns and back-ends. */
	readonly rules: readonly (readonly [string, number, string | undefined, string | undefined, readonly string[]])[];
	readonly tags: readonly string[];
}

/** What is described, as it shows. */
interface Shown {
	readonly loadBalancers: Readonly<Record<string, ShownLoadBalancer>>;
	readonly certificates: readonly string[];
	readonly vms: readonly (readonly [string, string])[];
}

/** What may be described after these steps, in some order, where one of `before` was and `shown` is to be seen. */
export function reached(
	before: readonly SimpleAccount[],
	shown: string,
	steps: readonly Step[],
): readonly SimpleAccount[] {
	const found = new Map<string, SimpleAccount>();
	const seen = new Set<string>();
	const go = (from: SimpleAccount, left: readonly Step[]) => {
		const key = wholeOf(from);
		const at = `${key} ${left.map(({label}) => label).toSorted()}`;
		if (seen.has(at)) return;
		seen.add(at);
		if (left.length === 0 && textOf(from) === shown) found.set(key, from);
		// By place: two of them may be the very same step.
		for (const [index, step] of left.entries()) {
			const others = left.filter((_, other) => other !== index);
			for (const next of step.effects(from)) if (canRun(next)) go(next, others);
		}
	};
	for (const each of before) go(each, steps);
	return [...found.values()];
}

/** The same text for what looks the same. */
export function textOf({loadBalancers, certificates, vms}: SimpleAccount): string {
	return shownText({
		loadBalancers: Object.fromEntries(
			[...loadBalancers].map(([name, each]) => [name, shownOf(each, certificates)] as const),
		),
		certificates: [...certificates.keys()],
		vms: [...vms],
	});
}

/** The same text for what is the same, what does not show included. */
function wholeOf({loadBalancers, certificates, vms, strangers, ...rest}: SimpleAccount): string {
	const sorted = [...loadBalancers].toSorted(([one], [other]) => (one < other ? -1 : 1));
	return JSON.stringify([sorted, [...certificates], [...vms].toSorted(), [...strangers].toSorted(), rest]);
}

function shownOf(
	{listeners, backends, tags, isDeleting, ...rest}: SimpleLoadBalancer,
	certificates: ReadonlyMap<string, SimpleCertificate>,
): ShownLoadBalancer {
	return {
		isDeleting,
		listeners: listeners.map(({port, certificate = ''}) => {
			const content = certificates.get(certificate)?.content.replace(/ #\d+$/, '');
			return [port, certificate === '' ? undefined : certificate, isDeleting ? undefined : content] as const;
		}),
		backends: isDeleting ? [] : backends,
		rules: listedRules({listeners, backends, tags, isDeleting, ...rest}).map(
			({name, priority, host, path, to}) => [name, priority, host, path, to] as const,
		),
		tags,
	};
}

function shownText({loadBalancers, certificates, vms}: Shown): string {
	const sorted = Object.entries(loadBalancers).map(([name, {listeners, backends, rules, tags, isDeleting}]) => [
		name,
		{
			listeners: sortedByText(listeners),
			backends: backends.toSorted(),
			rules: sortedByText(
				rules.map(([name_, priority, host, path, to]) => [name_, priority, host, path, to.toSorted()]),
			),
			tags: tags.toSorted(),
			isDeleting,
		},
	]);
	return JSON.stringify([sortedByText(sorted), certificates.toSorted(), sortedByText(vms)]);
}

function sortedByText<Value>(values: readonly Value[]): Value[] {
	return values.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}

/** What is described, as the surfaces tell it. @throws when they do not agree. */
export async function shownBy(emulator: Surfaces): Promise<string> {
	const {LoadBalancers: read}: {LoadBalancers: Read[]} = await emulator.api('ReadLoadBalancers', {});
	const {ServerCertificates: certificates}: {ServerCertificates: ReadCertificate[]} = await emulator.api(
		'ReadServerCertificates',
		{},
	);
	const {ListenerRules: rules}: {ListenerRules: ReadRule[]} = await emulator.api('ReadListenerRules', {});
	const {loadBalancers: states, vms} = await emulator.readState();
	const names = emulator.loadBalancers.map(each => each.name).toSorted();
	same(names, namesOf(read.filter(({State}) => State !== 'deleting')), 'names');
	same(names, states.map(each => each.name).toSorted(), 'names in the state');
	const loadBalancers: Record<string, ShownLoadBalancer> = {};
	for (const ofApi of read) {
		const {LoadBalancerName: name} = ofApi;
		const [lb, state] = [emulator.loadBalancers, states].map(all => all.find(each => each.name === name));
		const own = rules.filter(rule => ownerOf(rule) === name);
		loadBalancers[name] = shownAt(ofApi, own, certificates, [
			// Found by the same name in either list.
			lb as LoadBalancer | undefined,
			state as LoadBalancerState | undefined,
		]);
	}
	const declared = vms.filter(({id}) => id.startsWith('i-0000000')).map(({id, address}) => [id, address] as const);
	return shownText({loadBalancers, certificates: certificates.map(({Name}) => Name), vms: declared});
}

/** One load balancer as the API, its handle and the state tell of it. @throws when they do not agree. */
function shownAt(
	ofApi: Read,
	rules: readonly ReadRule[],
	certificates: readonly ReadCertificate[],
	[lb, state]: readonly [LoadBalancer | undefined, LoadBalancerState | undefined],
): ShownLoadBalancer {
	const {LoadBalancerName: name, BackendVmIds, BackendIps, Tags} = ofApi;
	const isDeleting = ofApi.State === 'deleting';
	if (lb !== undefined && state !== undefined) validateViews(name, lb, state);
	const backends = isDeleting ? [] : (lb?.backends.map(backend => backend.name) ?? []);
	if (!isDeleting) {
		const ofIds = [...BackendVmIds.map(backendNamed), ...BackendIps];
		same(ofIds.toSorted(), backends.toSorted(), `back-ends of ${name}`);
		const ports = lb?.listeners.map(each => each.port).toSorted();
		same(ports, ofApi.Listeners.map(each => each.LoadBalancerPort).toSorted(), `listeners of ${name}`);
	}
	return {
		isDeleting,
		listeners: ofApi.Listeners.map(({LoadBalancerPort: port, ServerCertificateId: orn}) => {
			const shown = isDeleting ? undefined : lb?.listeners.find(each => each.port === port)?.certificate;
			const called = orn === undefined ? undefined : certificates.find(({Orn}) => Orn === orn)?.Name;
			assert(isDeleting || (orn === undefined) === (shown === undefined), `certificate of ${name}, port ${port}`);
			return [port, called, shown && contentOf(shown.names)] as const;
		}),
		backends,
		rules: rules.map(
			({ListenerRuleName, Priority, HostNamePattern, PathPattern, VmIds}) =>
				[ListenerRuleName, Priority, HostNamePattern, PathPattern, VmIds.map(backendNamed)] as const,
		),
		tags: Tags.map(({Key}) => Key),
	};
}

/** Whether the handle of a load balancer and the state tell the same. */
function validateViews(name: string, lb: LoadBalancer, state: LoadBalancerState): void {
	for (const [what, view] of [
		['bound ports', (each: LoadBalancer | LoadBalancerState) => each.listeners.map(({boundPort}) => boundPort)],
		['back-ends', (each: LoadBalancer | LoadBalancerState) => each.backends.map(backend => backend.name)],
		[
			'certificates',
			(each: LoadBalancer | LoadBalancerState) => each.listeners.map(({certificate}) => certificate?.fingerprint256),
		],
	] as const) {
		same(view(state), view(lb), `${what} of ${name} in the state`);
	}
}

/** What a certificate was issued for; a load balancer's own names are `default` and its name. */
function contentOf(names: readonly string[]): string {
	const [first = ''] = names;
	return names.includes('localhost') ? `default ${first.split('-')[0]}` : first;
}

/** Rules are named after their load balancers. */
function ownerOf({ListenerRuleName}: ReadRule): string | undefined {
	return /^(?:r-)?([a-z])-/.exec(ListenerRuleName)?.[1];
}

function namesOf(read: readonly Read[]): string[] {
	return read.map(each => each.LoadBalancerName).toSorted();
}

interface Read {
	readonly LoadBalancerName: string;
	readonly State: string;
	readonly Listeners: readonly {readonly LoadBalancerPort: number; readonly ServerCertificateId?: string}[];
	readonly BackendVmIds: readonly string[];
	readonly BackendIps: readonly string[];
	readonly Tags: readonly {readonly Key: string}[];
}

interface ReadCertificate {
	readonly Name: string;
	readonly Orn: string;
}

interface ReadRule {
	readonly ListenerRuleName: string;
	readonly Priority: number;
	readonly HostNamePattern?: string;
	readonly PathPattern?: string;
	readonly VmIds: readonly string[];
}

/** The error of a step has to be in the form of its surface. @throws when it is not. */
export function validateFailure(result: PromiseSettledResult<unknown>, label: string): void {
	if (result.status === 'fulfilled' || result.reason instanceof ApiRefusal) return;
	const {reason} = result;
	const codes =
		/^(?:NAME_TAKEN|NO_SUCH_LISTENER|NO_SUCH_BACKEND|STOPPED|PORT_UNAVAILABLE|COMMAND_FAILED|ACCESS_LOG_UNW|INVALID_DESC)/;
	const isOurs = reason instanceof EmulatorError && !(reason instanceof Refusal);
	// Nobody had it when the step began.
	const isMissing =
		isOurs && reason.code === 'NO_SUCH_LOAD_BALANCER' && /^No load balancer is named/.test(reason.message);
	if (!isMissing && !(isOurs && codes.test(reason.code))) throw new Error(`${label}: ${reason?.stack}`);
}

export function assert(fact: boolean, message: string): asserts fact {
	if (!fact) throw new Error(message);
}

export function same(one: unknown, other: unknown, what: string): void {
	assert(isDeepStrictEqual(one, other), `${what} differ: ${JSON.stringify(one)} and ${JSON.stringify(other)}`);
}
