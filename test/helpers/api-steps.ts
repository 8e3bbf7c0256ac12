import fc from 'fast-check';
import {idOf} from './backend-ids.ts';
import {
	anyName,
	anyPair,
	anyPattern,
	anyPriority,
	anyVm,
	changed,
	type Make,
	only,
	type StepsOptions,
} from './interleaved-step.ts';
import {portsOf, runningIn, type SimpleAccount, type SimpleListener, withLoadBalancer} from './simple-account.ts';
import {askedFor, withCertificate, withoutCertificate, withRenamed, withUpdated} from './simple-certificates.ts';
import {withDeleted} from './simple-changes.ts';
import {rulesAt, withCreated, withListed} from './simple-rules.ts';

const anyUpload = fc.constantFrom('up-1', 'up-2');

/** Steps through the OUTSCALE API. */
export function apiSteps(options: StepsOptions): Make[] {
	const {ports, pairs} = options;
	const [ofRules, ofCertificates] = [rules(ports), certificates(pairs)];
	return [
		...loadBalancers(ports),
		...listeners(ports),
		...backends(),
		...ofRules,
		...ofRules,
		...ofCertificates,
		...ofCertificates,
	];
}

/** Certificates that listeners are given, whoever brought them. */
function anyCertificate([, , https]: readonly number[]): fc.Arbitrary<string> {
	return fc.constantFrom('up-1', 'up-2', 'up-1', 'up-2', 'site', `a-${https}`);
}

function loadBalancers(ports: readonly number[]): Make[] {
	const at = fc.uniqueArray(fc.constantFrom(...ports), {minLength: 1, maxLength: 2});
	return [
		fc.tuple(anyName, at, anyCertificate(ports)).map(([name, given, certificate]) => ({
			label: `CreateLoadBalancer ${name} ${given} ${certificate}`,
			run: on =>
				on.api('CreateLoadBalancer', {
					LoadBalancerName: name,
					SubregionNames: ['eu-west-2a'],
					Listeners: given.map(port => listener(port, certificate, ports)),
				}),
			effects: before => {
				const made = madeListeners(before, given, certificate, ports);
				if (made === undefined || before.loadBalancers.has(name)) return [];
				const rest = {backends: [], rules: [], tags: [], isConfigured: false, isDeleting: false};
				return [withLoadBalancer(before, name, {listeners: made, ...rest})];
			},
		})),
		anyName.map(name => ({
			label: `DeleteLoadBalancer ${name}`,
			run: on => on.api('DeleteLoadBalancer', {LoadBalancerName: name}),
			effects: before => {
				const gone = runningIn(before, name);
				return gone === undefined ? [] : [withDeleted(before, name, gone)];
			},
		})),
		fc.tuple(anyName, fc.constantFrom('k-1', 'k-2')).map(([name, key]) => ({
			label: `CreateLoadBalancerTags ${name} ${key}`,
			run: on => on.api('CreateLoadBalancerTags', {LoadBalancerNames: [name], Tags: [{Key: key, Value: ''}]}),
			effects: before => changed(before, name, old => ({tags: [...new Set([...old.tags, key])]})),
		})),
	];
}

function listeners(ports: readonly number[]): Make[] {
	const anyPort = fc.constantFrom(...ports);
	const [, , https = 0] = ports;
	return [
		fc.tuple(anyName, anyPort, anyCertificate(ports)).map(([name, port, certificate]) => ({
			label: `CreateLoadBalancerListeners ${name} ${port} ${certificate}`,
			run: on =>
				on.api('CreateLoadBalancerListeners', {
					LoadBalancerName: name,
					Listeners: [listener(port, certificate, ports)],
				}),
			effects: before =>
				changed(before, name, old => {
					const made = madeListeners(before, [port], certificate, ports);
					if (made === undefined || portsOf(old).includes(port)) return undefined;
					return {listeners: [...old.listeners, ...made], rules: rulesAt(old, portsOf(old))};
				}),
		})),
		fc.tuple(anyName, anyPort).map(([name, port]) => ({
			label: `DeleteLoadBalancerListeners ${name} ${port}`,
			run: on => on.api('DeleteLoadBalancerListeners', {LoadBalancerName: name, LoadBalancerPorts: [port]}),
			effects: before =>
				changed(before, name, old => {
					if (!portsOf(old).includes(port)) return undefined;
					const rest = old.listeners.filter(each => each.port !== port);
					return {listeners: rest, rules: rulesAt(old, portsOf({listeners: rest}))};
				}),
		})),
		fc.tuple(anyName, anyCertificate(ports)).map(([name, certificate]) => ({
			label: `UpdateLoadBalancer ${name} ${certificate}`,
			run: on =>
				on.api('UpdateLoadBalancer', {
					LoadBalancerName: name,
					LoadBalancerPort: https,
					ServerCertificateId: orn(certificate),
				}),
			effects: before => only(withUpdated(before, {loadBalancer: name, port: https}, certificate)),
		})),
	];
}

function backends(): Make[] {
	const link = fc.tuple(anyName, anyVm).map(([name, id]) => ({
		label: `LinkLoadBalancerBackendMachines ${name} ${id}`,
		run: on => on.api('LinkLoadBalancerBackendMachines', {LoadBalancerName: name, BackendVmIds: [id]}),
		effects: before => changed(before, name, old => ({backends: [...new Set([...old.backends, id])]})),
	})) satisfies Make;
	return [
		link,
		link,
		fc.tuple(anyName, anyVm).map(([name, id]) => ({
			label: `UnlinkLoadBalancerBackendMachines ${name} ${id}`,
			run: on => on.api('UnlinkLoadBalancerBackendMachines', {LoadBalancerName: name, BackendVmIds: [id]}),
			effects: before =>
				changed(before, name, old =>
					old.backends.includes(id) ? {backends: old.backends.filter(other => other !== id)} : undefined,
				),
		})),
	];
}

function rules(ports: readonly number[]): Make[] {
	const [first = 0, second = 0] = ports;
	// Those of the configurations come more often.
	const anyListener = fc.oneof(
		fc.constantFrom(['a', first] as const, ['a', first] as const, ['b', second] as const),
		fc.tuple(anyName, fc.constantFrom(...ports)),
	);
	const create = fc
		.tuple(anyListener, anyPriority, anyPattern, fc.oneof(fc.constantFrom('app', 'app', 'x'), anyVm))
		.map(([[name, port], priority, {host, path}, to]) => ({
			label: `CreateListenerRule ${name} ${port} ${priority} ${host}${path} ${to}`,
			run: on =>
				on.api('CreateListenerRule', {
					Listener: {LoadBalancerName: name, LoadBalancerPort: port},
					ListenerRule: {
						ListenerRuleName: `r-${name}-${priority}`,
						Priority: priority,
						...(host === undefined ? {} : {HostNamePattern: host}),
						...(path === undefined ? {} : {PathPattern: path}),
					},
					VmIds: [idOf(to)],
				}),
			effects: before =>
				changed(before, name, old =>
					withCreated(old, {name: `r-${name}-${priority}`, port, priority, host, path, to: [to]}),
				),
		})) satisfies Make;
	const anyRule = fc.oneof(
		fc.constantFrom('a-2', 'b-2'),
		fc.tuple(anyName, anyPriority).map(([name, priority]) => `r-${name}-${priority}`),
		fc
			.tuple(anyName, anyPriority, fc.constantFrom('', ...ports.map(port => `-${port}`)))
			.map(([name, priority, port]) => `${name}-${priority}${port}`),
	);
	return [
		create,
		create,
		fc.tuple(anyRule, anyPattern).map(([name, {host, path}]) => ({
			label: `UpdateListenerRule ${name} ${host}${path}`,
			run: on =>
				on.api('UpdateListenerRule', {
					ListenerRuleName: name,
					...(host === undefined ? {} : {HostPattern: host}),
					...(path === undefined ? {} : {PathPattern: path}),
				}),
			effects: before =>
				only(withListed(before, name, rule => [{...rule, host: host ?? rule.host, path: path ?? rule.path}])),
		})),
		anyRule.map(name => ({
			label: `DeleteListenerRule ${name}`,
			run: on => on.api('DeleteListenerRule', {ListenerRuleName: name}),
			effects: before => only(withListed(before, name, () => [])),
		})),
	];
}

function certificates(pairs: StepsOptions['pairs']): Make[] {
	const anyUsed = fc.constantFrom('up-1', 'up-2', 'up-1', 'up-2', 'site');
	return [
		fc.tuple(anyUpload, anyPair).map(([name, content]) => ({
			label: `CreateServerCertificate ${name} ${content}`,
			run: on =>
				on.api('CreateServerCertificate', {
					Name: name,
					Body: pairs[content].cert,
					PrivateKey: pairs[content].key,
				}),
			effects: before =>
				before.certificates.has(name)
					? []
					: [withCertificate(before, name, {content, isConfigured: false, broughtBy: undefined})],
		})),
		fc.tuple(anyUpload, anyUpload).map(([name, next]) => ({
			label: `UpdateServerCertificate ${name} ${next}`,
			run: on => on.api('UpdateServerCertificate', {Name: name, NewName: next}),
			effects: before => only(withRenamed(before, name, next)),
		})),
		anyUsed.map(name => ({
			label: `DeleteServerCertificate ${name}`,
			run: on => on.api('DeleteServerCertificate', {Name: name}),
			effects: before => only(withoutCertificate(before, name)),
		})),
	];
}

function orn(certificate: string): string {
	return `orn:ows:idauth::123456789012:server-certificate/${certificate}`;
}

function listener(port: number, certificate: string, ports: readonly number[]): object {
	if (ports.indexOf(port) !== 2) return {LoadBalancerPort: port, LoadBalancerProtocol: 'HTTP', BackendPort: 80};
	const https = {LoadBalancerProtocol: 'HTTPS', BackendPort: 80, BackendProtocol: 'HTTP'};
	return {LoadBalancerPort: port, ...https, ServerCertificateId: orn(certificate)};
}

/** Listeners as the API makes them; undefined when the certificate is not there. */
function madeListeners(
	{certificates: known}: SimpleAccount,
	at: readonly number[],
	certificate: string,
	ports: readonly number[],
): SimpleListener[] | undefined {
	const found = known.get(certificate);
	const made = at.map(port => {
		if (ports.indexOf(port) !== 2) return {port, certificate: undefined, asked: undefined};
		return {port, certificate, asked: found && askedFor(found)};
	});
	return found === undefined && made.some(each => each.certificate !== undefined) ? undefined : made;
}
