import type {Clock} from '../base/clock.ts';
import {madeOnce} from '../base/made-once.ts';
import type {Authority} from '../certificates/authority.ts';
import {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import type {Context} from '../operations/context.ts';
import {AccountStore} from './account-store.ts';
import type {BackendRegistry} from './backend-registry.ts';
import type {EmulatorClock} from './clock.ts';
import type {EmulatorFaults} from './emulator-faults.ts';
import {type LibraryContext, setCertificateOf, updateFromSpec} from './library-changes.ts';
import type {Live} from './live.ts';
import type {CertificateAuthority} from './load-balancer.ts';
import type {Notices} from './notices.ts';
import type {ReadOptions} from './options.ts';
import {servicesOf} from './services.ts';

/** What the account store needs of the rest of an emulator. */
export interface StoreParts {
	readonly authority: Authority;
	readonly notices: Notices;
	readonly options: ReadOptions;
	readonly clock: Clock;
	readonly clockHandle: EmulatorClock;
	readonly live: Live;
	readonly faults: EmulatorFaults;
	readonly registry: BackendRegistry;
	readonly ca: CertificateAuthority;
	readonly endpoint: () => string;
	readonly context: () => Context;
	readonly library: () => LibraryContext;
}

/** The account store of an emulator, with the data plane and the library as it sees them. */
export function openStore({clockHandle, live, faults, library, ...parts}: StoreParts): AccountStore {
	const {authority, options, clock, context} = parts;
	const {seed, record} = options;
	return new AccountStore({
		...parts,
		clock: clockHandle,
		moment: () => ({nowMs: clock.now(), lifecycleMs: context().lifecycleMs}),
		services: servicesOf({
			...{clock, seed, record, live},
			// Of the right authority, and for a name that nobody asks for.
			wrongCertificate: () => authority.issue({names: ['wrong.invalid']}),
			onFault: (...change) => faults.changed(...change),
		}),
		prepareStart: RunningLoadBalancer.prepareStart,
		// Most load balancers write none.
		openAccessLog: async (...of) => (await import('./access-log.ts')).openAccessLog(...of),
		faultReader: madeOnce(() => import('../configuration/describe-faults.ts')),
		onExchange: exchange => live.events.emit('exchange', exchange),
		update: (managed, spec) => updateFromSpec(managed, spec, library()),
		setCertificate: (managed, port, certificate) => setCertificateOf(managed, port, certificate, library()),
	});
}
