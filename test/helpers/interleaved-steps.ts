import {isDeepStrictEqual} from 'node:util';
import fc from 'fast-check';
import {EmulatorError} from '../../src/base/errors.ts';
import type {AdminState} from '../../src/control-plane/admin/state.ts';
import type {LoadBalancer} from '../../src/index.ts';
import {Refusal} from '../../src/model/refusal.ts';

/** An emulator, on real sockets or not, as the steps use it. */
export interface Surroundings {
	get(name: string): LoadBalancer;
	create(spec: object): Promise<LoadBalancer>;
	/** Reads this configuration in place of the one before. */
	reload(config: object): Promise<unknown>;
	reset(): Promise<void>;
	/** Calls the OUTSCALE API. @throws an `ApiRefusal` when it is refused */
	api(action: string, body: object): Promise<unknown>;
	setVm(vm: {readonly id: string; readonly address: string}): Promise<unknown>;
	/** @throws when nobody has said where it is. */
	removeVm(id: string): Promise<unknown>;
	/** Lets time pass that a load balancer takes to be created, changed and deleted. */
	pass(): Promise<void>;
}

/** What the API refused, in its own form. */
export class ApiRefusal extends Error {}

/** A load balancer as simply as it can be described. */
export interface SimpleLoadBalancer {
	readonly ports: readonly number[];
	readonly backends: readonly string[];
	readonly tags: readonly string[];
	readonly isConfigured: boolean;
}

/** What is described, as simply as it can be. */
export interface Simple {
	readonly loadBalancers: ReadonlyMap<string, SimpleLoadBalancer>;
	/** Addresses by VM id. */
	readonly vms: ReadonlyMap<string, string>;
	/** Names of uploaded certificates. */
	readonly uploads: ReadonlySet<string>;
	/** Which of {@link CONFIGS} was read last. */
	readonly config: number;
}

/** One thing that somebody does. */
export interface Step {
	readonly label: string;
	readonly run: (surroundings: Surroundings) => Promise<unknown>;
	/** What it may make of what is described when it succeeds; nothing when it cannot succeed there. */
	readonly effects: (before: Simple) => readonly Simple[];
}

const NAMES = ['a', 'b', 'c'] as const;
const PORTS = [8080, 8081, 8443] as const;
const VMS = ['i-00000001', 'i-00000002'] as const;

const HTTPS = 8443;
const listenerOn = (port: number) => (port === HTTPS ? `https:${port} -> http:80` : `http:${port} -> http:80`);
const named = (port: number) => (port === HTTPS ? {listen: listenerOn(port), certificate: 'site'} : listenerOn(port));

const PROGRAM = `require('http').createServer((_, answer) => answer.end('{}')).listen(process.env.PORT, '127.0.0.1')`;
const command = (name: string, port: number) => ({
	kind: 'command',
	name,
	run: `exec '${process.execPath}' -e "${PROGRAM}"`,
	port,
});

interface ConfiguredSimple {
	readonly ports: readonly number[];
	readonly backends: readonly string[];
}

const LOAD_BALANCERS: readonly Readonly<Record<string, ConfiguredSimple>>[] = [
	{a: {ports: [8080, HTTPS], backends: ['app']}, b: {ports: [8081], backends: ['app', 'moving']}},
	{a: {ports: [8080], backends: ['app', 'spare', 'moving']}, b: {ports: [8081], backends: ['app']}},
	{a: {ports: [8080, HTTPS], backends: ['other']}},
	{b: {ports: [8081, HTTPS], backends: ['spare']}},
];

/** Configurations, of which one after the other is read. @param commandPort where two of their commands listen. */
export function configs(commandPort: number): readonly object[] {
	const {name: _, ...moving} = command('moving', commandPort);
	return LOAD_BALANCERS.map((loadBalancers, index) => ({
		certificates: {site: {names: [`site-${index}.test`]}},
		backends: {app: {kind: 'echo'}, spare: {kind: 'echo'}, moving, other: {...moving, run: `${moving.run} `}},
		loadBalancers: Object.fromEntries(
			Object.entries(loadBalancers).map(([each, {ports: at, backends: behind}]) => [
				each,
				{listeners: at.map(named), backends: behind},
			]),
		),
	}));
}

/** What is described when the first configuration has been read. */
export const AT_FIRST: Simple = configured(
	{loadBalancers: new Map(), vms: new Map(), uploads: new Set(), config: -1},
	0,
);

function configured(before: Simple, config: number): Simple {
	const loadBalancers = new Map(before.loadBalancers);
	const [old, now] = [LOAD_BALANCERS[before.config] ?? {}, LOAD_BALANCERS[config] ?? {}];
	for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
		const [was, is, current] = [old[name], now[name], loadBalancers.get(name)];
		if (is === undefined) {
			if (current?.isConfigured === true) loadBalancers.delete(name);
		} else if (JSON.stringify(was) !== JSON.stringify(is)) {
			const base = current?.isConfigured === true ? current : {...is, tags: [], isConfigured: true};
			const isNew = (part: 'ports' | 'backends') => JSON.stringify(was?.[part]) !== JSON.stringify(is[part]);
			loadBalancers.set(name, {
				...base,
				ports: isNew('ports') ? is.ports : base.ports,
				backends: isNew('backends') ? is.backends : base.backends,
			});
		}
	}
	return {...before, loadBalancers, config};
}

/** Changes one load balancer that is there. */
function changed(
	before: Simple,
	name: string,
	change: (old: SimpleLoadBalancer) => Partial<SimpleLoadBalancer> | undefined,
): readonly Simple[] {
	const old = before.loadBalancers.get(name);
	const changes = old && change(old);
	if (old === undefined || changes === undefined) return [];
	return [{...before, loadBalancers: new Map(before.loadBalancers).set(name, {...old, ...changes})}];
}

function added(before: Simple, name: string, parts: Partial<SimpleLoadBalancer>): readonly Simple[] {
	if (before.loadBalancers.has(name)) return [];
	const fresh = {ports: [], backends: [], tags: [], isConfigured: false, ...parts};
	return [{...before, loadBalancers: new Map(before.loadBalancers).set(name, fresh)}];
}

function without(before: Simple, name: string): Simple {
	const loadBalancers = new Map(before.loadBalancers);
	loadBalancers.delete(name);
	return {...before, loadBalancers};
}

const name = fc.constantFrom(...NAMES);
const port = fc.constantFrom(...PORTS);
const ports = fc.uniqueArray(port, {minLength: 1, maxLength: 2});
const vm = fc.constantFrom(...VMS);
const upload = fc.constantFrom('up-1', 'up-2');
/** What a load balancer of the library has behind it. */
const backends = fc.uniqueArray(fc.constantFrom('x', 'y', 'fixed', 'fixed-2', 'broken'), {maxLength: 2});
const specsOf = (names: readonly string[], commandPort: number) =>
	names.map(each => {
		if (each === 'broken') return {kind: 'command', name: each, run: 'exit 1'};
		return each.startsWith('fixed') ? command(each, commandPort) : {kind: 'echo', name: each};
	});

type Make = fc.Arbitrary<Step>;

export interface StepsOptions {
	/** The folder of access logs. */
	readonly logs: string;
	/** A certificate to be uploaded or set, in PEM. */
	/** Where commands with a port of their own listen, one at a time. */
	readonly commandPort: number;
	readonly pair: {readonly cert: string; readonly key: string};
}

function ofLibrary({logs, pair, commandPort}: StepsOptions): Make[] {
	const accessLog = (each: string, isLogged: boolean) => (isLogged ? {accessLog: `${logs}/${each}.log`} : {});
	return [
		fc.tuple(name, ports, backends, fc.boolean()).map(([each, at, behind, isLogged]) => ({
			label: `create ${each} ${at} ${behind}${isLogged ? ' logged' : ''}`,
			run: on =>
				on.create({
					name: each,
					listeners: at.map(named),
					backends: specsOf(behind, commandPort),
					...accessLog(each, isLogged),
				}),
			effects: before => added(before, each, {ports: at, backends: behind}),
		})),
		fc.tuple(name, fc.option(ports), fc.option(backends), fc.boolean()).map(([each, at, behind, isLogged]) => ({
			label: `update ${each} ${at ?? '-'} ${behind ?? '-'}${isLogged ? ' logged' : ''}`,
			run: on =>
				on.get(each).update({
					...(at === null ? {} : {listeners: at.map(listenerOn)}),
					...(behind === null ? {} : {backends: specsOf(behind, commandPort)}),
					...accessLog(each, isLogged),
					// What is given is LoadBalancerSpec, with texts that are made here.
				} as Parameters<LoadBalancer['update']>[0]),
			effects: before => changed(before, each, old => ({ports: at ?? old.ports, backends: behind ?? old.backends})),
		})),
		fc
			.tuple(name, fc.constantFrom<string | object>('site', {names: ['own.test']}, pair))
			.map(([each, certificate]) => ({
				label: `setCertificate ${each} ${typeof certificate === 'string' ? certificate : Object.keys(certificate)}`,
				run: on => on.get(each).setCertificate(HTTPS, certificate as Parameters<LoadBalancer['setCertificate']>[1]),
				effects: before => changed(before, each, old => (old.ports.includes(HTTPS) ? {} : undefined)),
			})),
		fc.tuple(name, fc.nat(3)).map(([each, index]) => ({
			label: `drain ${each} #${index}`,
			run: async on => {
				const lb = on.get(each);
				await lb.drain(lb.backends[index]?.name ?? 'none');
			},
			effects: before =>
				(before.loadBalancers.get(each)?.backends ?? []).flatMap(gone =>
					changed(before, each, old => ({backends: old.backends.filter(other => other !== gone)})),
				),
		})),
		fc.tuple(name, fc.nat(3), fc.constantFrom('InService', 'OutOfService', 'auto')).map(([each, index, state]) => ({
			label: `setHealth ${each} #${index} ${state}`,
			run: async on => {
				const lb = on.get(each);
				const backend = lb.backends[index]?.name ?? 'none';
				lb.setHealth(backend, state as Parameters<LoadBalancer['setHealth']>[1]);
			},
			effects: before => [before],
		})),
		name.map(each => ({
			label: `stop ${each}`,
			run: on => on.get(each).stop(),
			// Its handle may be of one that has gone by then, and stopping it once more is nothing.
			effects: before => [without(before, each), before],
		})),
	];
}

function ofApi({pair}: StepsOptions): Make[] {
	const https = {LoadBalancerPort: HTTPS, LoadBalancerProtocol: 'HTTPS', BackendPort: 80, BackendProtocol: 'HTTP'};
	const http = (at: number) => ({LoadBalancerPort: at, LoadBalancerProtocol: 'HTTP', BackendPort: 80});
	const orn = (certificate: string) => `orn:ows:idauth::123456789012:server-certificate/${certificate}`;
	const listener = (at: number, certificate: string) =>
		at === HTTPS ? {...https, ServerCertificateId: orn(certificate)} : http(at);
	const certificates = fc.constantFrom('up-1', 'up-2', 'site');
	return [
		fc.tuple(name, ports, certificates).map(([each, at, certificate]) => ({
			label: `CreateLoadBalancer ${each} ${at} ${certificate}`,
			run: on =>
				on.api('CreateLoadBalancer', {
					LoadBalancerName: each,
					SubregionNames: ['eu-west-2a'],
					Listeners: at.map(one => listener(one, certificate)),
				}),
			effects: before => added(before, each, {ports: at}),
		})),
		name.map(each => ({
			label: `DeleteLoadBalancer ${each}`,
			run: on => on.api('DeleteLoadBalancer', {LoadBalancerName: each}),
			effects: before => (before.loadBalancers.has(each) ? [without(before, each)] : []),
		})),
		fc.tuple(name, port, certificates).map(([each, at, certificate]) => ({
			label: `CreateLoadBalancerListeners ${each} ${at} ${certificate}`,
			run: on =>
				on.api('CreateLoadBalancerListeners', {LoadBalancerName: each, Listeners: [listener(at, certificate)]}),
			effects: before =>
				changed(before, each, old => (old.ports.includes(at) ? undefined : {ports: [...old.ports, at]})),
		})),
		fc.tuple(name, port).map(([each, at]) => ({
			label: `DeleteLoadBalancerListeners ${each} ${at}`,
			run: on => on.api('DeleteLoadBalancerListeners', {LoadBalancerName: each, LoadBalancerPorts: [at]}),
			effects: before =>
				changed(before, each, old =>
					old.ports.includes(at) ? {ports: old.ports.filter(other => other !== at)} : undefined,
				),
		})),
		fc.tuple(name, certificates).map(([each, certificate]) => ({
			label: `UpdateLoadBalancer ${each} ${certificate}`,
			run: on =>
				on.api('UpdateLoadBalancer', {
					LoadBalancerName: each,
					LoadBalancerPort: HTTPS,
					ServerCertificateId: orn(certificate),
				}),
			effects: before => changed(before, each, old => (old.ports.includes(HTTPS) ? {} : undefined)),
		})),
		fc.tuple(name, vm).map(([each, id]) => ({
			label: `LinkLoadBalancerBackendMachines ${each} ${id}`,
			run: on => on.api('LinkLoadBalancerBackendMachines', {LoadBalancerName: each, BackendVmIds: [id]}),
			effects: before => changed(before, each, old => ({backends: [...new Set([...old.backends, id])]})),
		})),
		fc.tuple(name, vm).map(([each, id]) => ({
			label: `UnlinkLoadBalancerBackendMachines ${each} ${id}`,
			run: on => on.api('UnlinkLoadBalancerBackendMachines', {LoadBalancerName: each, BackendVmIds: [id]}),
			effects: before =>
				changed(before, each, old =>
					old.backends.includes(id) ? {backends: old.backends.filter(other => other !== id)} : undefined,
				),
		})),
		fc.tuple(name, port, fc.integer({min: 1, max: 3}), vm).map(([each, at, priority, id]) => ({
			label: `CreateListenerRule ${each} ${at} ${priority} ${id}`,
			run: on =>
				on.api('CreateListenerRule', {
					Listener: {LoadBalancerName: each, LoadBalancerPort: at},
					ListenerRule: {ListenerRuleName: `r-${each}-${priority}`, Priority: priority, PathPattern: '/docs/*'},
					VmIds: [id],
				}),
			effects: before =>
				changed(before, each, old => (old.ports.includes(at) && old.backends.includes(id) ? {} : undefined)),
		})),
		fc.tuple(name, fc.integer({min: 1, max: 3})).map(([each, priority]) => ({
			label: `DeleteListenerRule ${each} ${priority}`,
			run: on => on.api('DeleteListenerRule', {ListenerRuleName: `r-${each}-${priority}`}),
			effects: before => [before],
		})),
		fc.tuple(name, fc.constantFrom('k-1', 'k-2')).map(([each, key]) => ({
			label: `CreateLoadBalancerTags ${each} ${key}`,
			run: on => on.api('CreateLoadBalancerTags', {LoadBalancerNames: [each], Tags: [{Key: key, Value: ''}]}),
			effects: before => changed(before, each, old => ({tags: [...new Set([...old.tags, key])]})),
		})),
		upload.map(each => ({
			label: `CreateServerCertificate ${each}`,
			run: on => on.api('CreateServerCertificate', {Name: each, Body: pair.cert, PrivateKey: pair.key}),
			effects: before => (before.uploads.has(each) ? [] : [{...before, uploads: new Set([...before.uploads, each])}]),
		})),
		fc.tuple(upload, upload).map(([each, next]) => ({
			label: `UpdateServerCertificate ${each} ${next}`,
			run: on => on.api('UpdateServerCertificate', {Name: each, NewName: next}),
			effects: before => {
				if (!before.uploads.has(each) || (each !== next && before.uploads.has(next))) return [];
				return [{...before, uploads: new Set([...before.uploads].filter(other => other !== each).concat(next))}];
			},
		})),
		upload.map(each => ({
			label: `DeleteServerCertificate ${each}`,
			run: on => on.api('DeleteServerCertificate', {Name: each}),
			effects: before =>
				before.uploads.has(each)
					? [{...before, uploads: new Set([...before.uploads].filter(other => other !== each))}]
					: [],
		})),
	];
}

function ofOperator(): Make[] {
	return [
		fc.tuple(vm, fc.constantFrom('127.0.0.1:9', '127.0.0.1:10')).map(([id, address]) => ({
			label: `set vm ${id} ${address}`,
			run: on => on.setVm({id, address}),
			effects: before => [{...before, vms: new Map(before.vms).set(id, address)}],
		})),
		vm.map(id => ({
			label: `remove vm ${id}`,
			run: on => on.removeVm(id),
			effects: before => [{...before, vms: new Map([...before.vms].filter(([other]) => other !== id))}],
		})),
		fc.constant({
			label: 'reset',
			run: on => on.reset(),
			effects: before => [
				configured({loadBalancers: new Map(), vms: new Map(), uploads: new Set(), config: -1}, before.config),
			],
		}),
		fc.constant({label: 'time passes', run: on => on.pass(), effects: before => [before]}),
	];
}

/** Steps that are under way at once, a batch after the other, `count` of them in all. */
export function batches(count: number, options: StepsOptions): fc.Arbitrary<readonly (readonly Step[])[]> {
	const step = fc.oneof(...ofLibrary(options), ...ofLibrary(options), ...ofApi(options), ...ofOperator());
	const all = configs(options.commandPort);
	const reload: Make = fc.nat(all.length - 1).map(config => ({
		label: `reload ${config}`,
		run: surroundings => surroundings.reload(all[config] ?? {}),
		effects: before => [configured(before, config)],
	}));
	// A reload takes what stands there when it is its turn, so there is one at a time.
	const batch = fc
		.tuple(fc.array(step, {minLength: 2, maxLength: 5}), fc.option(reload, {freq: 3}), fc.nat(4))
		.map(([steps, one, at]) => (one === null ? steps : [...steps.slice(0, at), one, ...steps.slice(at + 1)]));
	const few = Math.ceil(count / 3.5);
	return fc.array(batch, {minLength: few, maxLength: few, size: 'max'});
}

/** What became of a property, with what repeats it; undefined when it holds. */
export async function failureOf(property: fc.IAsyncProperty<unknown[]>, numRuns: number): Promise<string | undefined> {
	// A run takes long, so what fails is made smaller for a while only.
	const {failed, seed, counterexamplePath, errorInstance} = await fc.check(property, {
		numRuns,
		interruptAfterTimeLimit: 3_600_000,
		...REPLAY,
	});
	if (!failed) return undefined;
	const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
	return `seed ${seed}, path ${counterexamplePath}: ${error}`;
}

/** `FC_SEED` and `FC_PATH` of a failure repeat it. */
const {FC_SEED, FC_PATH} = process.env;
const REPLAY: fc.Parameters<unknown[]> = {
	endOnFailure: true,
	...(FC_SEED === undefined ? {} : {seed: Number(FC_SEED)}),
	...(FC_PATH === undefined ? {} : {path: FC_PATH}),
};

/** What may be described after these steps, in some order, where one of `before` was and `after` is. */
export function reached(before: readonly Simple[], after: Simple, steps: readonly Step[]): readonly Simple[] {
	const found = new Map<string, Simple>();
	const go = (from: Simple, left: readonly Step[]) => {
		if (left.length === 0 && keyOf(from) === keyOf(after)) found.set(`${keyOf(from)} ${hiddenOf(from)}`, from);
		// By place: two of them may be the very same step.
		for (const [index, step] of left.entries()) {
			const others = left.filter((_, other) => other !== index);
			for (const next of step.effects(from)) go(next, others);
		}
	};
	for (const each of before) go(each, steps);
	return [...found.values()];
}

/** The same text for what looks the same. */
export function keyOf({loadBalancers, vms, uploads}: Simple): string {
	const each = [...loadBalancers].map(([key, {ports: at, backends: behind, tags}]) => [
		key,
		{ports: at.toSorted(), backends: behind.toSorted(), tags: tags.toSorted()},
	]);
	return JSON.stringify([each.toSorted(), [...vms].toSorted(), [...uploads].toSorted()]);
}

/** What does not show. */
function hiddenOf({loadBalancers, config}: Simple): string {
	return JSON.stringify([[...loadBalancers].map(([key, {isConfigured}]) => [key, isConfigured]).toSorted(), config]);
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

/** What the surfaces of an emulator tell. */
export interface Surfaces {
	readonly loadBalancers: readonly LoadBalancer[];
	// biome-ignore lint/suspicious/noExplicitAny: what the API answers is JSON of many shapes.
	api(action: string, body: object): Promise<any>;
	/** What `/_lb/state` answers. */
	readState(): Promise<Pick<AdminState, 'loadBalancers' | 'vms'>>;
}

/** What is described, as the surfaces tell it. @throws when they do not agree. */
export async function shownBy(emulator: Surfaces): Promise<Simple> {
	const {LoadBalancers: read} = await emulator.api('ReadLoadBalancers', {});
	const {ServerCertificates: certificates} = await emulator.api('ReadServerCertificates', {});
	const {loadBalancers: states, vms} = await emulator.readState();
	const byName = new Map<string, Read>(
		read.filter(({State}: Read) => State !== 'deleting').map((each: Read) => [each.LoadBalancerName, each]),
	);
	const names = emulator.loadBalancers.map(each => each.name).toSorted();
	same(names, [...byName.keys()].toSorted(), 'names');
	same(names, states.map(each => each.name).toSorted(), 'names in the state');
	const loadBalancers = new Map<string, SimpleLoadBalancer>();
	for (const lb of emulator.loadBalancers) {
		const [ofApi, state] = [byName.get(lb.name), states.find(each => each.name === lb.name)];
		if (ofApi === undefined) continue;
		const at = lb.listeners.map(listener => listener.port);
		same(at.toSorted(), ofApi.Listeners.map(each => each.LoadBalancerPort).toSorted(), `listeners of ${lb.name}`);
		same(
			state?.listeners.map(each => each.boundPort),
			lb.listeners.map(each => each.boundPort),
			'bound ports',
		);
		const behind = lb.backends.map(backend => backend.name);
		same(
			state?.backends.map(backend => backend.name),
			behind,
			`back-ends of ${lb.name} in the state`,
		);
		const ids = [...ofApi.BackendVmIds, ...ofApi.BackendIps];
		same(ids.length, behind.length, `back-ends of ${lb.name}`);
		for (const id of VMS) same(ids.includes(id), behind.includes(id), `${id} at ${lb.name}`);
		loadBalancers.set(lb.name, {
			ports: at,
			backends: behind,
			tags: ofApi.Tags.map(({Key}) => Key),
			isConfigured: false,
		});
	}
	const uploads = certificates.map(({Name}: {Name: string}) => Name).filter((each: string) => each.startsWith('up-'));
	const declared = vms.filter(({id}) => id.startsWith('i-0000000')).map(({id, address}) => [id, address] as const);
	return {loadBalancers, vms: new Map(declared), uploads: new Set(uploads), config: 0};
}

interface Read {
	readonly LoadBalancerName: string;
	readonly State: string;
	readonly Listeners: readonly {readonly LoadBalancerPort: number}[];
	readonly BackendVmIds: readonly string[];
	readonly BackendIps: readonly string[];
	readonly Tags: readonly {readonly Key: string}[];
}

export function assert(fact: boolean, message: string): asserts fact {
	if (!fact) throw new Error(message);
}

export function same(one: unknown, other: unknown, what: string): void {
	assert(isDeepStrictEqual(one, other), `${what} differ: ${JSON.stringify(one)} and ${JSON.stringify(other)}`);
}
