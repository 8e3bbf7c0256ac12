import path from 'node:path';
import type {Inventory} from '../model/inventory.ts';
import type {
	NormalisedAccount,
	NormalisedBackend,
	NormalisedCertificate,
	NormalisedConfig,
	NormalisedControl,
} from '../model/normalised.ts';
import type {BackendConfig, CertificateConfig, Config} from './spec.ts';
import type {AccountConfig, ControlConfig} from './spec-control.ts';
import {writeBackend} from './write-backend.ts';
import {writeLoadBalancer} from './write-load-balancer.ts';
import {
	below,
	NOT_WRITTEN,
	tell,
	unless,
	unlessEmpty,
	type WritePlace,
	writeAddress,
	writeDuration,
	written,
} from './write-values.ts';

export interface WriteOptions {
	/** What relative paths are relative to: they are written absolute. */
	readonly directory: string;
	/** What is known already not to be written. */
	readonly notWritten?: readonly string[];
}

/**
 * Writes a configuration down as a user would: the inverse of `describe-config.ts`. Defaults are left out, paths are
 * absolute, and there is no private key and no secret key in it. What cannot be written is told under
 * {@link NOT_WRITTEN}, one sentence each.
 */
export function writeConfig(config: NormalisedConfig, options: WriteOptions): Config {
	const {directory} = options;
	const {control, account, vms, certificates, backends, loadBalancers} = config;
	const notWritten = [...(options.notWritten ?? [])];
	const at = (...keys: readonly string[]): WritePlace => ({path: keys, notWritten});
	const groups = groupsOf(backends);
	const context = {directory, namesOf: (names: readonly string[]) => withGroups(names, groups)};
	const sections = written<Config>({
		control: unlessEmpty(writeControl(control, directory, at('control'))),
		account: unlessEmpty(writeAccount(account)),
		certificates: section(certificates, certificate => writeCertificate(certificate, directory)),
		backends: unlessEmpty(writeBackends(backends, groups, at('backends'))),
		vms: section(vms, backend => writeVm(backend, backends)),
		loadBalancers: section(loadBalancers, (loadBalancer, name) =>
			writeLoadBalancer(loadBalancer, context, at('loadBalancers', name)),
		),
	});
	return notWritten.length === 0 ? sections : {...sections, [NOT_WRITTEN]: notWritten};
}

/** A name with a count, and the names of the back-ends that it stands for. */
interface Group {
	readonly name: string;
	readonly members: readonly string[];
}

/** By the name of their first back-end. */
type Groups = ReadonlyMap<string, Group>;

function section<Value, Written>(
	values: ReadonlyMap<string, Value>,
	write: (value: Value, name: string) => Written,
): Readonly<Record<string, Written>> | undefined {
	return unlessEmpty(Object.fromEntries([...values].map(([name, value]) => [name, write(value, name)] as const)));
}

function writeControl(control: NormalisedControl, directory: string, place: WritePlace): ControlConfig {
	const {host, port, names, credentials, dialect, strict, lifecycleMs, faithfulHealth, accessLogs} = control;
	if (credentials !== undefined) {
		tell(place, 'secret keys are not written: whoever starts from this takes any signature, until they are added');
	}
	return written<ControlConfig>({
		host: unless(host, '127.0.0.1'),
		port,
		names: unlessEmpty(names),
		credentials: undefined,
		dialect,
		strict: unless(strict, false),
		lifecycle: lifecycleMs === 0 ? undefined : writeDuration(lifecycleMs),
		faithfulHealth: unless(faithfulHealth, false),
		accessLogs: accessLogs === undefined ? undefined : path.resolve(directory, accessLogs),
	});
}

function writeAccount({id, region, inventory}: NormalisedAccount): AccountConfig {
	// Nothing in a configuration describes VMs here: `vms` says what their ids mean.
	const {nets, subnets, securityGroups, publicIps, subregions}: Omit<Inventory, 'vms'> = inventory;
	return written<AccountConfig>({
		id,
		region,
		subregions: unlessEmpty(subregions),
		nets: unlessEmpty(
			nets.map(({id, ipRange, internetService}) =>
				written<NonNullable<AccountConfig['nets']>[number]>({id, ipRange, internetService}),
			),
		),
		subnets: unlessEmpty(
			subnets.map(({id, netId, subregion, ipRange}) =>
				written<NonNullable<AccountConfig['subnets']>[number]>({id, net: netId, subregion, ipRange}),
			),
		),
		securityGroups: unlessEmpty(
			securityGroups.map(({id, name, netId}) =>
				written<NonNullable<AccountConfig['securityGroups']>[number]>({id, name, net: netId}),
			),
		),
		publicIps: unlessEmpty(publicIps.map(({address}) => address)),
	});
}

function writeCertificate(certificate: NormalisedCertificate, directory: string): CertificateConfig {
	if (certificate.kind === 'issue') {
		const {names, key} = certificate;
		return written<Extract<CertificateConfig, {readonly names: unknown}>>({names, key: unless(key, 'ec')});
	}
	const {cert, key, chain} = certificate;
	return written<Extract<CertificateConfig, {readonly cert: unknown}>>({
		cert: path.resolve(directory, cert),
		key: path.resolve(directory, key),
		chain: chain === undefined ? undefined : path.resolve(directory, chain),
	});
}

/** A name whose back-ends have other names is one with a count. */
function groupsOf(backends: NormalisedConfig['backends']): Groups {
	return new Map(
		[...backends].flatMap(([name, group]) => {
			const members = group.map(member => member.name);
			const [first] = members;
			return first === undefined || first === name ? [] : [[first, {name, members}] as const];
		}),
	);
}

/** A group in place of its back-ends, where all of them stand in a row. */
function withGroups(names: readonly string[], groups: Groups): string[] {
	const found: string[] = [];
	for (let index = 0; index < names.length; ) {
		const name = names[index] ?? '';
		const group = groups.get(name);
		const isWhole = group?.members.every((member, at) => names[index + at] === member) === true;
		found.push(isWhole ? group.name : name);
		index += isWhole ? group.members.length : 1;
	}
	return found;
}

function writeBackends(
	backends: NormalisedConfig['backends'],
	groups: Groups,
	place: WritePlace,
): Record<string, BackendConfig> {
	const inGroups = new Set([...groups.values()].flatMap(({members}) => members));
	const named = new Set([...groups.values()].map(group => group.name));
	const entries: [string, BackendConfig][] = [];
	for (const [name, [backend, ...others]] of backends) {
		if (backend === undefined || inGroups.has(name)) continue;
		const described = writeBackend(backend, below(place, name));
		if (described === undefined) continue;
		// Fakes alone have a count, and they are written as objects.
		const counted = () => ({...Object(described), count: others.length + 1}) as BackendConfig;
		entries.push([name, named.has(name) ? counted() : described]);
	}
	return Object.fromEntries(entries);
}

/** The name of a back-end, or an address of its own. */
function writeVm(backend: NormalisedBackend, backends: NormalisedConfig['backends']): string {
	if (backend.kind !== 'address' || backends.get(backend.name)?.includes(backend) === true) return backend.name;
	return writeAddress(backend.host, backend.port);
}
