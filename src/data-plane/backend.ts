import {type BackendDescription, portOfBackend} from '../model/load-balancer.ts';
import type {Candidate} from '../model/selection.ts';

/** The state told to users, spelled as AWS Classic ELB's `DescribeInstanceHealth`. */
export type HealthState = 'InService' | 'OutOfService' | 'Unknown';

/** One registered back-end at run time. */
export class Backend implements Candidate {
	readonly order: number;
	inService = true;
	readonly description: BackendDescription;

	constructor(description: BackendDescription, order: number) {
		this.description = description;
		this.order = order;
	}

	get name(): string {
		return this.description.name;
	}

	get host(): string {
		return this.description.host;
	}

	/** Where traffic of a listener with this back-end port goes. */
	portFor(backendPort: number): number {
		return portOfBackend(this.description, backendPort);
	}
}
