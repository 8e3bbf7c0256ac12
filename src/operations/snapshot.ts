import {below, tell, type WritePlace} from '../configuration/write-values.ts';
import {type Account, runningIn} from '../model/account.ts';
import {isHttp} from '../model/listener.ts';
import type {NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {ConfigurationContent} from './configure.ts';
import type {Identifiers} from './identifiers.ts';
import {SnapshotBackends, vmsOf} from './snapshot-backends.ts';
import {SnapshotCertificates} from './snapshot-certificates.ts';
import {snapshotOfLoadBalancer} from './snapshot-load-balancer.ts';

/** An account as a configuration. */
export interface Snapshot {
	readonly config: NormalisedConfig;
	/** What a configuration has no word for, one sentence each, with its place in the configuration. */
	readonly notWritten: readonly string[];
	/** The ids of its certificates in the account, by name. */
	readonly certificateIds: ReadonlyMap<string, string>;
}

export interface SnapshotOptions {
	/** The configuration as it was read last. Its `control` and `account` are taken as they are. */
	readonly configured: ConfigurationContent;
	readonly identifiers: Identifiers;
}

/**
 * What is described in an account, whoever has described it, as the configuration that describes the same: the inverse of
 * `configure`. There is no private key in it.
 */
export function snapshotOf(account: Account, {configured, identifiers}: SnapshotOptions): Snapshot {
	const notWritten: string[] = [];
	const place: WritePlace = {path: [], notWritten};
	const {described} = configured;
	const certificates = new SnapshotCertificates(account, configured, place);
	const backends = new SnapshotBackends(configured);
	const loadBalancers = new Map<string, NormalisedLoadBalancer>();
	for (const name of account.loadBalancers.keys()) {
		// One that is being deleted has gone already.
		const loadBalancer = runningIn(account, name);
		if (loadBalancer === undefined) continue;
		const at = below(place, 'loadBalancers', name);
		const context = {account, identifiers, certificates, backends};
		const snapshot = snapshotOfLoadBalancer(loadBalancer, context, at);
		if (snapshot !== undefined) loadBalancers.set(name, snapshot);
		tellOfIdleRules(account, name, below(at, 'rules'));
	}
	const vms = vmsOf(account, backends, {described, identifiers, place: below(place, 'vms')});
	const {control, account: section} = described;
	return {
		config: {
			control,
			account: section,
			vms,
			certificates: certificates.described,
			backends: backends.described,
			loadBalancers,
		},
		notWritten,
		certificateIds: certificates.ids,
	};
}

/** An API takes rules for TCP and SSL listeners, where none can ever match. */
function tellOfIdleRules({rules, loadBalancers}: Account, name: string, place: WritePlace): void {
	const listeners = loadBalancers.get(name)?.listeners ?? [];
	for (const {loadBalancer, scope, priority} of rules) {
		if (loadBalancer !== name || scope.kind === 'all') continue;
		const listener = listeners.find(({port}) => port === scope.port);
		if (listener === undefined || isHttp(listener.protocol)) continue;
		tell(
			place,
			`the rule of priority ${priority} is not written: the listener of port ${scope.port} reads no requests`,
		);
	}
}
