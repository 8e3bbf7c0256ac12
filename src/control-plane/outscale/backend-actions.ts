import {loadBalancerNamed} from '../../model/account.ts';
import {backendOf} from '../../model/resolve.ts';
import {type Backends, deregisterBackends, registerBackends, validateRegistered} from '../../operations/backends.ts';
import type {CloudStore} from '../../operations/context.ts';
import {validateId} from '../../operations/validate.ts';
import {mutation, ofLoadBalancer, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {AnswerFields, OutscaleAction} from './encode.ts';
import {encodeHealth} from './encode.ts';
import {nonEmpty} from './load-balancer-actions.ts';

/** OUTSCALE API 1.40: back-ends of load balancers. */
export const BACKEND_ACTIONS: readonly (readonly [string, OutscaleAction])[] = [
	['LinkLoadBalancerBackendMachines', mutation(readBackends, registerBackends, ofLoadBalancer)],
	['UnlinkLoadBalancerBackendMachines', mutation(readBackends, deregisterBackends, ofLoadBalancer)],
	['RegisterVmsInLoadBalancer', mutation(readVms, registerBackends, ofLoadBalancer)],
	['DeregisterVmsInLoadBalancer', mutation(readVms, deregisterBackends, ofLoadBalancer)],
	['ReadVmsHealth', query(readHealth, answerToHealth)],
];

function readBackends(fields: Fields): Backends {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		vmIds: fields.texts('BackendVmIds') ?? [],
		ips: fields.texts('BackendIps') ?? [],
	};
}

function readVms(fields: Fields): Backends {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		vmIds: fields.requiredTexts('BackendVmIds'),
		ips: [],
	};
}

interface HealthAsked {
	readonly loadBalancer: string;
	/** Undefined: all that are registered. */
	readonly vmIds: readonly string[] | undefined;
}

function readHealth(fields: Fields): HealthAsked {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		vmIds: nonEmpty(fields.texts('BackendVmIds')),
	};
}

/** In registration order, or in the order asked for. Addresses have no entry (*guess*: the API has no field for them). */
function answerToHealth({loadBalancer: name, vmIds}: HealthAsked, store: CloudStore): AnswerFields {
	for (const id of vmIds ?? []) validateId('i', id);
	const loadBalancer = loadBalancerNamed(store.account, name);
	validateRegistered(loadBalancer, vmIds ?? []);
	const registered = loadBalancer.backends.flatMap(backend => (backend.kind === 'vm' ? [backend.id] : []));
	const {account} = store;
	const healths = new Map(store.healthOf(name).map(health => [health.name, health]));
	return {
		BackendVmHealth: (vmIds ?? registered).map(id =>
			encodeHealth(id, healths.get(backendOf({kind: 'vm', id}, account).name)),
		),
	};
}
