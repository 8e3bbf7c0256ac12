import {isIPv4} from 'node:net';
import {millisecondsIn} from '../base/duration.ts';
import {readCertificateName, readHostName} from '../base/host-name.ts';
import {show} from '../base/quote.ts';
import {EMPTY_INVENTORY, type Inventory} from '../model/inventory.ts';
import type {NormalisedAccount, NormalisedBackend, NormalisedControl} from '../model/normalised.ts';
import {isLoopback, readAddress, unknownName} from './host-names.ts';
import {find, type Place} from './place.ts';
import type {Partly} from './read-shape.ts';
import type {AccountConfig, ControlConfig} from './spec-control.ts';
import {refuseVmId} from './vm-id.ts';

/** Longer would be no emulation of anything. *Guess*: the cloud takes minutes at most. */
const MAX_LIFECYCLE_MS = 3_600_000;

/** Validates the control port's section. */
export function describeControl(shape: Partly<ControlConfig>, place: Place): NormalisedControl {
	const {
		host,
		port,
		names,
		credentials,
		dialect,
		strict = false,
		lifecycle,
		faithfulHealth = false,
		accessLogs,
	} = shape;
	if (host !== undefined && !isLoopback(host)) {
		find(place, ['host'], {
			message: `${show(host)} is not an address of loopback; write 127.0.0.1 or ::1`,
			hint: 'the control port changes everything, so that nobody else may reach it',
		});
	}
	for (const [key, secret] of Object.entries(credentials ?? {})) {
		// What signatures carry in Credential=KEY/date/…: no blank, no slash, no comma.
		if (!/^[^\s/,=:]{1,128}$/.test(key)) {
			find(place, ['credentials', key], {message: `${show(key)} is not an access key`, at: 'key'});
		}
		if (secret === '') find(place, ['credentials', key], {message: 'the secret key is empty'});
	}
	const lifecycleMs = millisecondsIn(lifecycle) ?? 0;
	if (lifecycleMs > MAX_LIFECYCLE_MS) {
		find(place, ['lifecycle'], {message: `${show(lifecycle)} is too long; allowed are up to 60m`});
	}
	if (accessLogs?.trim() === '') {
		find(place, ['accessLogs'], {message: 'the path is empty; write the path of a folder'});
	}
	const known = Object.entries(credentials ?? {}).flatMap(([key, secret]) =>
		secret === undefined ? [] : [[key, secret] as const],
	);
	return {
		host: host ?? '127.0.0.1',
		port,
		names: hostNamesOf(names, place),
		credentials: credentials === undefined ? undefined : new Map(known),
		dialect,
		strict,
		lifecycleMs,
		faithfulHealth,
		accessLogs,
	};
}

/** Names under which the control port is reached, as the `Host` of a request has them. */
function hostNamesOf(names: readonly (string | undefined)[] = [], place: Place): string[] {
	return names.flatMap((name, index) => {
		if (name === undefined) return [];
		const host = readHostName(name);
		if (host !== undefined) return host;
		// A wildcard is a name in certificates, and so may stand in a hint on one.
		const refusal = name.includes('*') ? undefined : readCertificateName(name);
		const message = `${show(name)} is not a host name`;
		find(place, ['names', index], typeof refusal === 'object' ? refusal : {message});
		return [];
	});
}

const IDS = {
	nets: {form: /^vpc-[0-9a-f]{8}$/, what: 'a Net', example: 'vpc-12345678'},
	subnets: {form: /^subnet-[0-9a-f]{8}$/, what: 'a Subnet', example: 'subnet-12345678'},
	securityGroups: {form: /^sg-[0-9a-f]{8}$/, what: 'a security group', example: 'sg-12345678'},
} as const;

/** Validates what exists in the account. */
export function describeAccount(shape: Partly<AccountConfig>, place: Place): NormalisedAccount {
	const {id, region, nets = [], subnets = [], securityGroups = []} = shape;
	if (id !== undefined && !/^[0-9]{12}$/.test(id)) {
		find(place, ['id'], {message: `${show(id)} is not an account; write 12 digits, in quotes`});
	}
	if (region !== undefined && !/^[a-z]+(?:-[a-z0-9]+)+$/.test(region)) {
		find(place, ['region'], {message: `${show(region)} is not a Region; write one such as "eu-west-2"`});
	}
	const publicIps = (shape.publicIps ?? []).flatMap(address => address ?? []);
	for (const [index, address] of publicIps.entries()) {
		if (!isIPv4(address)) find(place, ['publicIps', index], {message: `${show(address)} is not an IPv4 address`});
	}
	validateIds(IDS.nets, nets, [...place.path, 'nets'], place);
	validateIds(IDS.subnets, subnets, [...place.path, 'subnets'], place);
	validateIds(IDS.securityGroups, securityGroups, [...place.path, 'securityGroups'], place);
	const known = new Set(nets.map(net => net?.id));
	for (const [key, members] of Object.entries({subnets, securityGroups})) {
		for (const [index, member] of members.entries()) {
			if (member?.net === undefined || known.has(member.net)) continue;
			find(place, [key, index, 'net'], () =>
				unknownName(
					'Net',
					member.net ?? '',
					[...known].flatMap(net => net ?? []),
				),
			);
		}
	}
	const inventory: Inventory = {
		...EMPTY_INVENTORY,
		subregions: (shape.subregions ?? []).flatMap(subregion => subregion ?? []),
		nets: nets.flatMap(net => (net === undefined ? [] : [{...net, id: net.id ?? ''}])),
		subnets: subnets.flatMap(subnet =>
			subnet === undefined
				? []
				: [
						{
							id: subnet.id ?? '',
							netId: subnet.net ?? '',
							subregion: subnet.subregion ?? '',
							...(subnet.ipRange === undefined ? {} : {ipRange: subnet.ipRange}),
						},
					],
		),
		securityGroups: securityGroups.flatMap(group =>
			group === undefined ? [] : [{id: group.id ?? '', name: group.name ?? '', netId: group.net}],
		),
		publicIps: publicIps.map((address, index) => ({
			id: `eipalloc-${(index + 1).toString(16).padStart(8, '0')}`,
			address,
		})),
	};
	return {id, region, inventory};
}

function validateIds(
	{form, what, example}: (typeof IDS)[keyof typeof IDS],
	members: readonly ({readonly id?: string | undefined} | undefined)[],
	path: Place['path'],
	{findings}: Place,
): void {
	const seen = new Set<string>();
	for (const [index, member] of members.entries()) {
		const id = member?.id;
		if (id === undefined) continue;
		const place = {path, findings};
		if (!form.test(id)) find(place, [index, 'id'], {message: `${show(id)} is not the id of ${what}; write ${example}`});
		else if (seen.has(id)) find(place, [index, 'id'], {message: `${show(id)} stands here twice`});
		seen.add(id);
	}
}

/** Validates what VM ids mean: a back-end of the configuration, or an address. */
export function describeVms(
	shapes: Readonly<Record<string, string | number | undefined>>,
	backends: ReadonlyMap<string, readonly NormalisedBackend[]>,
	place: Place,
): Map<string, NormalisedBackend> {
	const vms = new Map<string, NormalisedBackend>();
	for (const [id, given] of Object.entries(shapes)) {
		const refusal = refuseVmId(id);
		if (refusal !== undefined) find(place, [id], {...refusal, at: 'key'});
		if (given === undefined) continue;
		const meaning = String(given);
		// A number is a port, whatever back-ends are called.
		const group = typeof given === 'number' ? undefined : backends.get(meaning);
		const [backend, second] = group ?? [];
		if (group !== undefined) {
			if (second !== undefined) {
				const message = `${show(meaning)} stands for ${group.length} back-ends, and a VM is one`;
				find(place, [id], {message, hint: `did you mean ${show(backend?.name)}?`});
			}
			// A back-end that could not be read is told where it stands.
			if (backend !== undefined) vms.set(id, backend);
			continue;
		}
		const address = readAddress(meaning);
		const isName = !('message' in address) && address.port === undefined && !/[.:]|^localhost$/.test(meaning);
		if (isName || 'message' in address) {
			find(place, [id], () => ({
				message: `${show(meaning)} is neither a name out of \`backends\` nor an address such as "127.0.0.1:3000"`,
				hint: unknownName('back-end', meaning, backends.keys()).hint,
			}));
		} else vms.set(id, {kind: 'address', name: id, ...address, ports: new Map()});
	}
	return vms;
}
