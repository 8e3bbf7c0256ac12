import fc from 'fast-check';
import type {LoadBalancer} from '../../src/index.ts';
import {
	anyName,
	anyPattern,
	anyPriority,
	anyVm,
	changed,
	type Make,
	only,
	type StepsOptions,
} from './interleaved-step.ts';
import {type AskedCertificate, runningIn, type SimpleRule} from './simple-account.ts';
import {withSet} from './simple-certificates.ts';
import {withoutStopped, withParts, withUpdate} from './simple-changes.ts';
import {command, listenerText} from './simple-configurations.ts';
import {areKnown} from './simple-rules.ts';

/** What a load balancer of the library has behind it. */
const anyBackends = fc.uniqueArray(fc.constantFrom('x', 'x', 'y', 'fixed', 'fixed-2', 'broken'), {maxLength: 2});

const anyAsked = fc.oneof(
	fc.constantFrom<AskedCertificate>('site', 'default', 'pem one.test', 'pem two.test'),
	fc.nat(9).map(number => `names own-${number}.test`),
);

const anyTarget = fc.oneof(fc.constantFrom('app', 'app', 'app', 'x', 'x', 'y', 'moving'), anyVm);
const ruleShape = fc.record({
	priority: anyPriority,
	pattern: anyPattern,
	/** An index among the ports; undefined: all of them. */
	at: fc.option(fc.nat(2), {nil: undefined}),
	to: fc.oneof(
		anyTarget.map(each => [each]),
		fc.uniqueArray(anyTarget, {minLength: 1, maxLength: 2}),
	),
});
const anyRules = fc.uniqueArray(ruleShape, {selector: ({priority}) => priority, maxLength: 2});
type RuleShape = typeof ruleShape extends fc.Arbitrary<infer Shape> ? Shape : never;

/** Steps through the handles of the library. */
export function stepsOfLibrary(options: StepsOptions): Make[] {
	const [create, update, set] = [creations(options), updates(options), certificates(options)];
	return [...create, ...create, ...update, ...update, ...update, ...set, ...set, ...others()];
}

function creations(options: StepsOptions): Make[] {
	const {ports} = options;
	return [
		fc
			.tuple(fc.constantFrom('c', 'c', 'b', 'a'), anyPorts(ports), anyAsked, anyBackends, anyRules, fc.boolean())
			.map(([name, at, asked, backends, shapes, isLogged]) => {
				// Of rules that name nobody here only the refusal would be seen.
				const known = shapes.filter(({to}) => to.every(each => backends.some(one => one === each)));
				const rules = rulesOf(name, known, ports);
				const listeners = listenersOf(at, asked, ports);
				return {
					label: `create ${name} ${at} ${asked} ${backends} ${textOf(rules)}${isLogged ? ' logged' : ''}`,
					run: on =>
						on.create({
							name,
							listeners: writtenListeners(at, asked, options),
							backends: backendSpecs(backends, options),
							rules: writtenRules(rules),
							...accessLog(name, isLogged, options),
						}),
					effects: before =>
						runningIn(before, name) === undefined &&
						areKnown(rules, {listeners: listeners.map(each => ({...each, certificate: undefined})), backends})
							? [withParts(before, name, {listeners, backends, rules})]
							: [],
				};
			}),
	];
}

function updates(options: StepsOptions): Make[] {
	const {ports} = options;
	return [
		fc
			.tuple(
				anyName,
				fc.option(anyPorts(ports)),
				anyAsked,
				fc.option(anyBackends),
				fc.option(anyRules, {freq: 2}),
				fc.boolean(),
			)
			.map(([name, at, asked, backends, shapes, isLogged]) => {
				const rules = shapes === null ? undefined : rulesOf(name, shapes, ports);
				const parts = {
					...(at === null ? {} : {listeners: listenersOf(at, asked, ports)}),
					...(backends === null ? {} : {backends}),
					...(rules === undefined ? {} : {rules}),
				};
				const logged = isLogged ? ' logged' : '';
				return {
					label: `update ${name} ${at ?? '-'} ${asked} ${backends ?? '-'} ${rules ? textOf(rules) : '-'}${logged}`,
					run: on =>
						on.get(name).update({
							...(at === null ? {} : {listeners: writtenListeners(at, asked, options)}),
							...(backends === null ? {} : {backends: backendSpecs(backends, options)}),
							...(rules === undefined ? {} : {rules: writtenRules(rules)}),
							...accessLog(name, isLogged, options),
							// What is given is LoadBalancerSpec, with texts that are made here.
						} as Parameters<LoadBalancer['update']>[0]),
					effects: before => only(withUpdate(before, name, parts)),
				};
			}),
	];
}

function certificates(options: StepsOptions): Make[] {
	const [, , port] = options.ports;
	return [
		fc
			.tuple(
				anyName,
				anyAsked.filter(asked => asked !== 'default'),
			)
			.map(([name, asked]) => ({
				label: `setCertificate ${name} ${asked}`,
				run: on =>
					// A name, names or a pair.
					on
						.get(name)
						.setCertificate(port, writtenCertificate(asked, options) as Parameters<LoadBalancer['setCertificate']>[1]),
				effects: before => only(withSet(before, {loadBalancer: name, port}, asked)),
			})),
	];
}

function others(): Make[] {
	return [
		fc.tuple(anyName, fc.nat(3)).map(([name, index]) => ({
			label: `drain ${name} #${index}`,
			run: async on => {
				const lb = on.get(name);
				await lb.drain(lb.backends[index]?.name ?? 'none');
			},
			effects: before =>
				(runningIn(before, name)?.backends ?? []).flatMap(gone =>
					changed(before, name, old => ({backends: old.backends.filter(other => other !== gone)})),
				),
		})),
		fc.tuple(anyName, fc.nat(3), fc.constantFrom('InService', 'OutOfService', 'auto')).map(([name, index, state]) => ({
			label: `setHealth ${name} #${index} ${state}`,
			run: async on => {
				const lb = on.get(name);
				const backend = lb.backends[index]?.name ?? 'none';
				lb.setHealth(backend, state as Parameters<LoadBalancer['setHealth']>[1]); // One of these three.
			},
			effects: before => [before],
		})),
		anyName.map(name => ({
			label: `stop ${name}`,
			run: on => on.get(name).stop(),
			// Its handle may be of one that has gone by then, and stopping it once more is nothing.
			effects: before => (runningIn(before, name) === undefined ? [before] : [withoutStopped(before, name), before]),
		})),
	];
}

function anyPorts(ports: readonly number[]): fc.Arbitrary<readonly number[]> {
	return fc.uniqueArray(fc.constantFrom(...ports), {minLength: 1, maxLength: 2});
}

function listenersOf(at: readonly number[], asked: AskedCertificate, ports: readonly number[]) {
	return at.map(port => ({port, asked: ports.indexOf(port) === 2 ? asked : undefined}));
}

function writtenListeners(at: readonly number[], asked: AskedCertificate, options: StepsOptions) {
	return at.map(port => {
		const listen = listenerText(port, options.ports);
		const certificate = writtenCertificate(asked, options);
		return listen.startsWith('https') && certificate !== undefined ? {listen, certificate} : listen;
	});
}

/** A certificate as it is written; undefined: one is issued for the load balancer's own names. */
function writtenCertificate(asked: AskedCertificate, {pairs}: StepsOptions) {
	if (asked === 'default') return undefined;
	const [kind, name = ''] = asked.split(' ');
	if (kind === 'names') return {names: [name]};
	return Object.entries(pairs).find(([each]) => each === name)?.[1] ?? 'site';
}

function rulesOf(name: string, shapes: readonly RuleShape[], ports: readonly number[]): SimpleRule[] {
	return shapes.map(({priority, pattern: {host, path}, at, to}) => ({
		name: `${name}-${priority}`,
		port: at === undefined ? undefined : ports[at],
		priority,
		host,
		path,
		to,
	}));
}

function writtenRules(rules: readonly SimpleRule[]): object[] {
	return rules.map(({name: _, port: listener, ...rule}) =>
		Object.fromEntries(Object.entries({...rule, listener}).filter(([, value]) => value !== undefined)),
	);
}

function textOf(rules: readonly SimpleRule[]): string {
	const each = rules.map(({priority, port, host, path, to}) => `${priority}:${port ?? '*'}:${host}${path}:${to}`);
	return `[${each.join(' ')}]`;
}

function backendSpecs(names: readonly string[], {commandPort}: StepsOptions): object[] {
	return names.map(name => {
		if (name === 'broken') return {kind: 'command', name, run: 'exit 1'};
		return name.startsWith('fixed') ? command(name, commandPort) : {kind: 'echo', name};
	});
}

function accessLog(name: string, isLogged: boolean, {logs}: StepsOptions): object {
	return isLogged ? {accessLog: `${logs}/${name}.log`} : {};
}
