import {invalidDescription} from '../base/errors.ts';
import type {Authority} from '../certificates/authority.ts';
import type {NormalisedLoadBalancer} from '../model/normalised.ts';
import {normalisedOf} from '../model/resolve.ts';
import {putLoadBalancer} from '../operations/put-load-balancer.ts';
import {setCertificate} from '../operations/set-certificate.ts';
import type {AccountStore} from './account-store.ts';
import {loadBalancerStopped, nameTaken} from './change.ts';
import type {Configured} from './configured.ts';
import {certificateFor, certificatesOf, type GivenCertificate} from './listener-certificates.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';
import {type Describing, refuseLoadBalancer, validateSpec, validateUpdate} from './validate-spec.ts';

/** What changes of the library go by. */
export interface LibraryContext {
	readonly store: AccountStore;
	readonly authority: Authority;
	/** The configuration as it was read last: what descriptions may name. */
	readonly configured: () => Configured;
	readonly describing: Describing;
	/** The name that a load balancer is told to have. */
	readonly dnsNameOf: (loadBalancer: Pick<NormalisedLoadBalancer, 'name' | 'internal'>) => string;
}

/** What `create()` does. @param stop see `Change.stop`. */
export async function createFromSpec(
	spec: unknown,
	library: LibraryContext,
	stop?: (drainMs: number) => Promise<void>,
): Promise<ManagedLoadBalancer> {
	const {store} = library;
	const normalised = await validateSpec(spec, namesIn(library), library.describing);
	const {name} = normalised;
	let made: ManagedLoadBalancer | undefined;
	await store.change([name], () => {
		if (store.managed.has(name)) throw nameTaken(name);
		const certificates = listenerCertificates(normalised, library);
		const operation = putLoadBalancer({normalised, certificates});
		const onCommit = () => {
			// Somebody may stop it before the change is over.
			made = store.get(name);
		};
		return {operation, ownBackends: () => normalised.backends, onCommit, ...(stop === undefined ? {} : {stop})};
	});
	return made ?? store.get(name);
}

/** What `update()` does: the whole description is validated again, and what differs changes. */
export async function updateFromSpec(
	managed: ManagedLoadBalancer,
	spec: unknown,
	library: LibraryContext,
): Promise<void> {
	const {store} = library;
	const {name} = managed;
	// Those that were there when it was asked for and are no longer have been drained meanwhile.
	let registeredAtFirst: readonly string[] | undefined;
	await store.change([name], async () => {
		store.refuseUnless(managed);
		const current = normalisedOf(managed.described, store.account);
		registeredAtFirst ??= current.backends.map(backend => backend.name);
		const asked = registeredAtFirst;
		const {normalised, parts} = await validateUpdate(current, spec, namesIn(library), library.describing);
		const before = {described: current, certificates: managed.certificates};
		const certificates = parts.has('listeners') ? listenerCertificates(normalised, library, before) : new Map();
		return {
			ownBackends: () => normalised.backends,
			operation: (account, context) => {
				const now = account.loadBalancers.get(name);
				if (now === undefined) throw loadBalancerStopped(name);
				const registered = new Set(normalisedOf(now, account).backends.map(backend => backend.name));
				const drained = new Set(asked.filter(backend => !registered.has(backend)));
				return putLoadBalancer({normalised, parts, certificates, drained})(account, context);
			},
		};
	});
}

/** What `setCertificate()` does. */
export async function setCertificateOf(
	managed: ManagedLoadBalancer,
	port: number,
	certificate: GivenCertificate,
	{store, authority, configured}: LibraryContext,
): Promise<void> {
	const {name} = managed;
	await store.change([name], () => {
		store.refuseUnless(managed);
		managed.client.listener(port);
		const listener = managed.described.listeners.find(each => each.port === port);
		if (listener?.certificateId === undefined) {
			throw invalidDescription(`The certificate for port ${port}`, [
				{path: ['certificate'], message: 'a certificate goes with https and ssl listeners only', hint: undefined},
			]);
		}
		const known = configured().certificates;
		const {reference, resolved} = certificateFor(certificate, listener.tls, {known, authority});
		const swap = setCertificate({loadBalancer: name, port, reference, certificate: resolved});
		return {
			operation: (account, context) => {
				if (!account.loadBalancers.has(name)) throw loadBalancerStopped(name);
				return swap(account, context);
			},
		};
	});
}

/** What descriptions may refer to by name. */
function namesIn({configured}: LibraryContext) {
	const {certificates, described} = configured();
	return {certificateNames: certificates.keys(), backends: described.backends};
}

function listenerCertificates(
	normalised: NormalisedLoadBalancer,
	{authority, configured, dnsNameOf}: LibraryContext,
	before?: Parameters<typeof certificatesOf>[1]['before'],
) {
	const sources = {known: configured().certificates, authority, dnsName: dnsNameOf(normalised), before};
	return certificatesOf(normalised, sources, {path: [], refuse: refuseLoadBalancer});
}
