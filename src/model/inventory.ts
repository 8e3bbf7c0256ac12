/** A VM that the emulator was told exists. */
export interface KnownVm {
	readonly id: string;
	readonly state: 'running' | 'stopped' | 'terminated';
	readonly netId?: string | undefined;
	readonly subnetId?: string | undefined;
	readonly privateIp?: string | undefined;
}

/** What the emulator was told exists around the load balancers. What it was told nothing of is taken as it is named. */
export interface Inventory {
	readonly subregions: readonly string[];
	readonly nets: readonly {
		readonly id: string;
		readonly ipRange?: string | undefined;
		/** `false`: there is none, and no internet-facing load balancer can be made in it. */
		readonly internetService?: boolean | undefined;
	}[];
	readonly subnets: readonly {
		readonly id: string;
		readonly netId: string;
		readonly subregion: string;
		readonly ipRange?: string | undefined;
	}[];
	readonly securityGroups: readonly {
		readonly id: string;
		readonly name: string;
		/** Undefined: one of the public Cloud. */
		readonly netId?: string | undefined;
	}[];
	readonly vms: readonly KnownVm[];
	readonly publicIps: readonly {readonly id: string; readonly address: string}[];
}

export const EMPTY_INVENTORY: Inventory = {
	subregions: [],
	nets: [],
	subnets: [],
	securityGroups: [],
	vms: [],
	publicIps: [],
};
