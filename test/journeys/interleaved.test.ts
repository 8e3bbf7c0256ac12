// A process of its own: what is left open at the end is counted.
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {EmulatorError} from '../../src/base/errors.ts';
import {createAuthority, type Emulator, type PortMode, startEmulator} from '../../src/index.ts';
import {runs} from '../helpers/depth.ts';
import {
	assert,
	reached,
	type Surfaces,
	same,
	shownBy,
	textOf,
	validateFailure,
} from '../helpers/interleaved-comparison.ts';
import {ApiRefusal, type Step, type SteppedEmulator, type StepsOptions} from '../helpers/interleaved-step.ts';
import {anyStep, batches, failureOf, reloads} from '../helpers/interleaved-steps.ts';
import {ControlPortApi} from '../helpers/outscale-api.ts';
import {within} from '../helpers/patience.ts';
import {freePorts, refusalAt} from '../helpers/ports.ts';
import {isServedAs, servedBy} from '../helpers/served.ts';
import type {SimpleAccount} from '../helpers/simple-account.ts';
import {atFirst} from '../helpers/simple-changes.ts';
import {configurations} from '../helpers/simple-configurations.ts';
import {Stranger} from '../helpers/stranger.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const STEPS = 15;
const authority = createAuthority();
const pairs = {'one.test': authority.issue({names: ['one.test']}), 'two.test': authority.issue({names: ['two.test']})};

interface OnSockets extends Surfaces, Omit<SteppedEmulator, 'api'> {}

/** An emulator on real sockets, and what is done to it. */
function surfacesOf(emulator: Emulator, config: Record<string, unknown>): OnSockets {
	const own = async (method: string, route: string, body?: object) => {
		const json = body === undefined ? {} : {headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)};
		const response = await fetch(`${emulator.endpoint}/_lb/${route}`, {method, ...json});
		// The emulator's own answer, whose form docs/ describes.
		const answer = (await response.json()) as {error?: {message: string}} & Awaited<ReturnType<Surfaces['readState']>>;
		assert(response.status < 500, `${method} ${route} was answered ${response.status}`);
		if (!response.ok) throw new ApiRefusal(JSON.stringify(answer));
		return answer;
	};
	return {
		get loadBalancers() {
			return emulator.loadBalancers;
		},
		get: name => emulator.get(name),
		create: spec => emulator.create(spec as Parameters<Emulator['create']>[0]), // It is one, made of texts.
		reload(next) {
			for (const key of Object.keys(config)) delete config[key];
			Object.assign(config, next);
			return emulator.reload();
		},
		reset: () => emulator.reset(),
		async api(action, body) {
			const {status, body: text} = await new ControlPortApi(emulator).send(action, body);
			const answer = JSON.parse(text);
			assert(status < 500, `${action} was answered ${status}`);
			if (status !== 200) throw new ApiRefusal(JSON.stringify(answer.Errors));
			return answer;
		},
		setVm: vm => own('POST', 'vms', vm),
		removeVm: id => own('DELETE', 'vms', {id}),
		readState: () => own('GET', 'state'),
		pass: async () => {},
	};
}

async function started(ports: PortMode, {ports: at, commandPort}: StepsOptions) {
	const config: Record<string, unknown> = {...configurations(at, commandPort)[0]};
	const emulator = await startEmulator({config, authority, ports});
	return {emulator, surfaces: surfacesOf(emulator, config)};
}

/** Everything that a step which fails must not change, as it shows. */
async function everything(surfaces: OnSockets): Promise<unknown> {
	const api = await Promise.all(
		['ReadLoadBalancers', 'ReadServerCertificates', 'ReadListenerRules'].map(async action => {
			const answer = await surfaces.api(action, {});
			return {...answer, ResponseContext: undefined};
		}),
	);
	const own = surfaces.loadBalancers.map(({name, listeners, backends, warnings}) => ({
		name,
		listeners: listeners.map(({spec, boundPort, certificate}) => [spec, boundPort, certificate?.fingerprint256]),
		backends: backends.map(({name: backend, kind, address, operator}) => [backend, kind, address, operator]),
		warnings,
	}));
	return [api, own, (await surfaces.readState()).vms];
}

/** Whether what is served is what one of these accounts says. @returns those that say it. */
async function servedAs({loadBalancers}: OnSockets, accounts: readonly SimpleAccount[]): Promise<SimpleAccount[]> {
	const served = (await Promise.all(loadBalancers.map(servedBy))).flat();
	const fitting = accounts.filter(account => served.every(each => isServedAs(account, each)));
	const odd = served.filter(each => accounts[0] !== undefined && !isServedAs(accounts[0], each));
	assert(fitting.length > 0, `${JSON.stringify(odd)} is not how ${accounts.map(textOf)} is served`);
	return fitting;
}

/** Carries out steps at once, and compares. @returns what may be described by then. */
async function carryOut(
	surfaces: OnSockets,
	steps: readonly Step[],
	before: readonly SimpleAccount[],
): Promise<readonly SimpleAccount[]> {
	const labels = steps.map(({label}) => label).join(', ');
	const past = await everything(surfaces);
	const results = await within(labels, Promise.allSettled(steps.map(async ({run}) => run(surfaces))));
	for (const [index, result] of results.entries()) validateFailure(result, steps[index]?.label ?? '');
	const done = steps.filter((_, index) => results[index]?.status === 'fulfilled');
	const shown = await shownBy(surfaces);
	const after = reached(before, shown, done);
	const how = `${done.map(({label}) => label)} of ${labels}`;
	assert(after.length > 0, `${before.map(textOf)} became ${shown} by ${how}`);
	if (done.length === 0) same(await everything(surfaces), past, `what failures of ${labels} have changed`);
	return servedAs(surfaces, after);
}

/** Carries out one step while a stranger holds every port that no listener has. */
async function carryOutBesideStranger(
	surfaces: OnSockets,
	step: Step,
	before: readonly SimpleAccount[],
): Promise<readonly SimpleAccount[]> {
	await using stranger = new Stranger();
	const bound = surfaces.loadBalancers.flatMap(({listeners}) => listeners.map(({boundPort}) => boundPort));
	for (const port of before[0]?.options.ports ?? []) if (!bound.includes(port)) await stranger.hold(port);
	const beside = before.map(account => ({...account, strangers: stranger.ports}));
	return (await carryOut(surfaces, [step], beside)).map(account => ({...account, strangers: new Set()}));
}

/** What this process holds open that it did not before. */
function heldOpen(): readonly string[] {
	return process.getActiveResourcesInfo().filter(each => /^(?:TCPServer|Process)/.test(each));
}

async function stepsOptions(logs: string): Promise<StepsOptions> {
	const [first = 0, second = 0, https = 0, commandPort = 0] = await freePorts(4);
	return {logs, pairs, commandPort, ports: [first, second, https]};
}

test.serial(
	'whatever is under way at once on real sockets, what is described, served and shown is the same',
	async t => {
		const folder = await temporaryFolder(t);
		// Where one of the access logs is to be, no file can be.
		await mkdir(path.join(folder, 'c.log'));
		const options = await stepsOptions(folder);
		const before = heldOpen();
		const anyBeside = fc.array(fc.oneof(anyStep(options), reloads(options)), {minLength: 2, maxLength: 2});
		const property = fc.asyncProperty(
			batches(STEPS, options),
			anyBeside,
			fc.constantFrom<PortMode>('free', 'exact'),
			async (all, beside, ports) => {
				const {emulator, surfaces} = await started(ports, options);
				const bound = new Set<number>();
				try {
					const portsAreExact = ports === 'exact';
					let models: readonly SimpleAccount[] = [atFirst({ports: options.ports, deletionLasts: false, portsAreExact})];
					for (const [index, batch] of all.entries()) {
						models = await carryOut(surfaces, batch, models);
						const step = beside[index];
						if (portsAreExact && step !== undefined) models = await carryOutBesideStranger(surfaces, step, models);
						for (const {listeners} of emulator.loadBalancers) for (const {boundPort} of listeners) bound.add(boundPort);
					}
				} finally {
					await emulator.stop();
				}
				for (const port of bound) same(await refusalAt(port), 'ECONNREFUSED', `port ${port}`);
				same(heldOpen(), before, 'what is left open');
			},
		);
		t.is(await failureOf(property, runs(20, 2)), undefined);
	},
);

/** Steps that are to bind the second port, while load balancer a runs, and b is stopped. */
const REFUSED: readonly (readonly [string, (on: OnSockets, options: StepsOptions) => Promise<unknown>])[] = [
	['create', (on, {ports: [, port]}) => on.create({name: 'c', listeners: [`http:${port} -> http:80`], backends: []})],
	[
		'update',
		(on, {ports: [first, second, https]}) =>
			on.get('a').update({
				listeners: [
					`http:${first} -> http:80`,
					{listen: `https:${https} -> http:80`, certificate: {names: ['new.test']}},
					`http:${second} -> http:80`,
				],
				backends: [{kind: 'echo', name: 'x'}],
				rules: [{priority: 1, path: '/docs/*', to: ['x']}],
			}),
	],
	['reload', (on, {ports, commandPort}) => on.reload(configurations(ports, commandPort)[3] ?? {})],
	['reset', on => on.reset()],
	[
		'CreateLoadBalancer',
		(on, {ports: [, port]}) =>
			on.api('CreateLoadBalancer', {
				LoadBalancerName: 'c',
				SubregionNames: ['eu-west-2a'],
				Listeners: [{LoadBalancerPort: port, LoadBalancerProtocol: 'HTTP', BackendPort: 80}],
			}),
	],
	[
		'CreateLoadBalancerListeners',
		(on, {ports: [, port]}) =>
			on.api('CreateLoadBalancerListeners', {
				LoadBalancerName: 'a',
				Listeners: [{LoadBalancerPort: port, LoadBalancerProtocol: 'HTTP', BackendPort: 80}],
			}),
	],
];

for (const [step, run] of REFUSED) {
	test.serial(`${step} fails where a stranger holds the port, and changes nothing`, async t => {
		const options = await stepsOptions('');
		const {emulator, surfaces} = await started('exact', options);
		t.teardown(() => emulator.stop());
		const [, port] = options.ports;
		// `reload` and `reset` bind its port again.
		await emulator.get('b').stop();
		const before = await everything(surfaces);
		const served = await Promise.all(emulator.loadBalancers.map(servedBy));

		const error = await (async () => {
			await using stranger = new Stranger();
			await stranger.hold(port);
			return await t.throwsAsync(run(surfaces, options));
		})();

		const expected = `Cannot listen on 127.0.0.1:${port}`;
		t.true(error?.message.includes(expected), String(error));
		if (error instanceof EmulatorError) t.is(error.code, 'PORT_UNAVAILABLE');
		else t.true(error instanceof ApiRefusal && error.message.includes('"Code":"9016"'), String(error));
		t.deepEqual(await everything(surfaces), before);
		t.deepEqual(await Promise.all(emulator.loadBalancers.map(servedBy)), served);
		// The stranger was the reason.
		await t.notThrowsAsync(run(surfaces, options));
		t.true(emulator.loadBalancers.some(({listeners}) => listeners.some(({boundPort}) => boundPort === port)));
	});
}
