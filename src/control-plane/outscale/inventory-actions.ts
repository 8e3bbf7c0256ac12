import type {Inventory} from '../../model/inventory.ts';
import type {CloudStore} from '../../operations/context.ts';
import {query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {Json, OutscaleAction} from './encode.ts';
import {nonEmpty} from './load-balancer-actions.ts';

/** What clients ask before they create a load balancer: what the emulator was told exists, and nothing else. */
export const INVENTORY_ACTIONS: readonly (readonly [string, OutscaleAction])[] = [
	list('ReadSubregions', 'Subregions', 'SubregionNames', ({subregions}, {identifiers: {region}}) =>
		subregions.map(name => [
			name,
			{LocationCode: 'lb-local', RegionName: region, State: 'available', SubregionName: name},
		]),
	),
	list('ReadNets', 'Nets', 'NetIds', ({nets}) =>
		nets.map(({id, ipRange}) => [
			id,
			{IpRange: ipRange ?? '10.0.0.0/16', NetId: id, State: 'available', Tags: [], Tenancy: 'default'},
		]),
	),
	list('ReadSubnets', 'Subnets', 'SubnetIds', ({subnets}) =>
		subnets.map(({id, netId, subregion, ipRange}) => [
			id,
			{
				IpRange: ipRange ?? '10.0.0.0/24',
				MapPublicIpOnLaunch: false,
				NetId: netId,
				State: 'available',
				SubnetId: id,
				SubregionName: subregion,
				Tags: [],
			},
		]),
	),
	list('ReadSecurityGroups', 'SecurityGroups', 'SecurityGroupIds', ({securityGroups}, {identifiers: {accountId}}) =>
		securityGroups.map(({id, name, netId}) => [
			id,
			{
				AccountId: accountId,
				Description: '',
				InboundRules: [],
				NetId: netId,
				OutboundRules: [],
				SecurityGroupId: id,
				SecurityGroupName: name,
				Tags: [],
			},
		]),
	),
	list('ReadVms', 'Vms', 'VmIds', (inventory, store) => vmsOf(inventory, store)),
	list('ReadPublicIps', 'PublicIps', 'PublicIpIds', ({publicIps}) =>
		publicIps.map(({id, address}) => [id, {PublicIp: address, PublicIpId: id, Tags: []}]),
	),
];

type Entries = readonly (readonly [id: string, entry: Json])[];

/** An action that lists. The one filter is by id; others, and paging, are taken and have no effect. */
function list(
	action: string,
	key: string,
	filter: string,
	entries: (inventory: Inventory, store: CloudStore) => Entries,
): readonly [string, OutscaleAction] {
	const read = (fields: Fields) => {
		const ids = fields.object('Filters', filters => {
			filters.othersWithoutEffect();
			return filters.texts(filter);
		});
		fields.withoutEffect('AllSubregions', 'NextPageToken', 'ResultsPerPage');
		return nonEmpty(ids);
	};
	return [
		action,
		query(read, (ids, store) => ({
			[key]: entries(store.account.inventory, store)
				.filter(([id]) => ids === undefined || ids.includes(id))
				.map(([, entry]) => entry),
		})),
	];
}

/** Those that were described, and those whose ids mean a back-end here. */
function vmsOf({vms}: Inventory, store: CloudStore): Entries {
	const described = new Set(vms.map(({id}) => id));
	const meant = [...store.account.vms.keys()]
		.filter(id => !described.has(id))
		.map(id => ({id, state: 'running'}) as const);
	return [...vms, ...meant].map(vm => [
		vm.id,
		{
			NetId: 'netId' in vm ? vm.netId : undefined,
			PrivateIp: 'privateIp' in vm ? vm.privateIp : undefined,
			SecurityGroups: [],
			State: vm.state,
			SubnetId: 'subnetId' in vm ? vm.subnetId : undefined,
			Tags: [],
			VmId: vm.id,
		},
	]);
}
