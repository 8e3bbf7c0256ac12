import {show} from '../base/quote.ts';
import type {
	NormalisedBackend,
	NormalisedCertificate,
	NormalisedConfig,
	NormalisedLoadBalancer,
} from '../model/normalised.ts';
import {allRead, describeCommon, validateLoadBalancerName} from './describe.ts';
import {describeAddress, describeBackend, validateBackendName} from './describe-backend.ts';
import {describeNames} from './describe-backend-tls.ts';
import {describeAccount, describeControl, describeVms} from './describe-control.ts';
import {describeFaults, faultTarget} from './describe-faults.ts';
import {describeRules} from './describe-rules.ts';
import {type Findings, presentable} from './finding.ts';
import {unknownName} from './host-names.ts';
import {find, type Place, within} from './place.ts';
import {NAME_FOR_ADDRESS, type Origin, type Partly, readShape} from './read-shape.ts';
import {configSchema} from './schema.ts';
import type {BackendConfig, CertificateConfig, LoadBalancerConfig} from './spec.ts';
import type {AddressBackend} from './spec-backend.ts';

/**
 * Validates a whole configuration and fills in its defaults: certificates, back-ends, and the load balancers that use them.
 *
 * Nothing is bound, started or read from disk. Every broken rule of every section is reported.
 *
 * @param config of unknown shape. Nothing at all is the empty configuration, and so is an empty section.
 * @returns `partly`: what could be read beside what is wrong, good only to look for more that is wrong.
 */
export function describeConfig(
	config: unknown,
	options: {readonly origin?: Origin} = {},
): {config: NormalisedConfig} | {violations: Findings; partly: NormalisedConfig | undefined} {
	const {value: shape, findings} = readShape(configSchema, sectionsOf(config), options);
	if (shape === undefined) return {violations: presentable(findings), partly: undefined};

	const certificates = new Map<string, NormalisedCertificate>();
	for (const [name, certificate] of Object.entries(shape.certificates ?? {})) {
		const described = describeCertificate(certificate, {path: ['certificates', name], findings});
		// A broken certificate still has its name: who uses it is not at fault.
		certificates.set(name, described ?? {kind: 'issue', names: [], key: 'ec'});
	}

	const backends = describeBackends(shape.backends ?? {}, {path: ['backends'], findings});

	const control = describeControl(shape.control ?? {}, {path: ['control'], findings});
	const account = describeAccount(shape.account ?? {}, {path: ['account'], findings});
	const vms = describeVms(shape.vms ?? {}, backends, {path: ['vms'], findings});

	const loadBalancers = new Map<string, NormalisedLoadBalancer>();
	for (const [name, loadBalancer] of Object.entries(shape.loadBalancers ?? {})) {
		const place: Place = {path: ['loadBalancers', name], findings};
		validateLoadBalancerName(name, place, 'key');
		if (loadBalancer === undefined) continue;
		const common = describeCommon(loadBalancer, place, new Set(certificates.keys()));
		const own = registered(loadBalancer, place, backends);
		const context = {
			listeners: allRead(loadBalancer.listeners, common.listeners),
			backends: own,
			groups: backends,
			mayBeBroken: (one: string) => isOfBroken(one, backends),
		};
		const rules = describeRules(loadBalancer.rules, context, within(place, 'rules'));
		const faults = describeFaults(loadBalancer.faults, faultTarget(context), within(place, 'faults'));
		loadBalancers.set(name, {name, source: {...loadBalancer, name}, ...common, backends: own, rules, faults});
	}
	const described = {control, account, vms, certificates, backends, loadBalancers};
	return findings.length > 0 ? {violations: presentable(findings), partly: described} : {config: described};
}

/**
 * What is there to read. `backends:` with all its entries commented out is `null` in YAML; keys that begin with `x-` are
 * the user's own, as in compose files: what they hold is for aliases, or for other programs.
 */
function sectionsOf(config: unknown): unknown {
	if (config === null || config === undefined) return {};
	if (typeof config !== 'object' || Array.isArray(config)) return config;
	return Object.fromEntries(
		Object.entries(config).filter(([key, section]) => section !== null && !key.startsWith('x-')),
	);
}

function describeCertificate(
	shape: Partly<CertificateConfig> | undefined,
	place: Place,
): NormalisedCertificate | undefined {
	if (place.path.at(-1) === '') find(place, [], {message: 'the name of this certificate is empty', at: 'key'});
	if (shape === undefined) return undefined;
	if ('names' in shape) {
		const names = describeNames(shape.names, {path: [...place.path, 'names'], findings: place.findings});
		return {kind: 'issue', names: names ?? [], key: shape.key === 'rsa' ? 'rsa' : 'ec'};
	}
	if (!('cert' in shape || 'chain' in shape)) return undefined;
	const {cert, key, chain} = shape;
	for (const [name, file] of Object.entries({cert, key, chain})) validatePath(file, name, place);
	// An empty path is one that could not be read, which has been told.
	return {kind: 'files', cert: cert ?? '', key: key ?? '', chain};
}

/** Paths only: what is in the files is read, and validated, by who serves them. */
function validatePath(file: string | undefined, name: string, place: Place): void {
	if (file === undefined) return;
	if (file.trim() === '') find(place, [name], {message: 'the path is empty; write the path of a PEM file'});
	else if (file.includes('-----BEGIN')) {
		find(place, [name], {
			message: 'PEM text is not a path; write the path of a PEM file',
			hint: 'PEM text itself goes into a listener: {listen, certificate: {cert, key}}',
		});
	}
}

type BackendShapes = Readonly<Record<string, Partly<BackendConfig> | undefined>>;

/** Back-ends by every name they may be called; `app` with a count of 2 is `app-1`, `app-2`, and `app` for both. */
function describeBackends(shapes: BackendShapes, place: Place): Map<string, readonly NormalisedBackend[]> {
	const byName = new Map<string, readonly NormalisedBackend[]>();
	const owners = new Map<string, string>();
	for (const [key, shape] of Object.entries(shapes)) {
		const here: Place = {path: [...place.path, key], findings: place.findings};
		validateBackendName(key, here, 'key');
		const expanded = expand(key, shape, here);
		const names = [
			[key, expanded] as const,
			...expanded.filter(({name}) => name !== key).map(one => [one.name, [one]] as const),
		];
		for (const [name, backends] of names) {
			const owner = owners.get(name);
			if (owner !== undefined) {
				find(here, [], {
					message: `the name ${show(name)} is taken: ${show(owner)} stands for it as well`,
					hint: 'a back-end with a count is called by its name, "-" and a number; rename one of the two',
					at: 'key',
				});
			}
			owners.set(name, key);
			byName.set(name, backends);
		}
	}
	return byName;
}

function expand(key: string, shape: Partly<BackendConfig> | undefined, place: Place): NormalisedBackend[] {
	if (shape === undefined) return [];
	if (typeof shape === 'string' || typeof shape === 'number') return present(describeBackend(shape, key, place));
	if ('kind' in shape && shape.kind !== undefined) return expandKind(shape, key, place);
	// An address is the one shape without a `kind`.
	return [describeAddress(shape as Partly<Omit<AddressBackend, 'kind'>>, key, place)];
}

type KindShape = Extract<Partly<BackendConfig>, {readonly kind?: unknown}>;

function expandKind(shape: KindShape, key: string, place: Place): NormalisedBackend[] {
	if (!('count' in shape)) return present(describeBackend(shape, key, place));
	const {count, ...one} = shape;
	if (one.kind === 'command' && one.port !== undefined && count !== undefined && count > 1) {
		find(place, ['port'], {
			message: `${count} commands cannot listen on one port`,
			hint: 'leave it away: each has a free one in PORT',
		});
	}
	// The schema of the configuration lets no `name` through, so the key is the name.
	const described = describeBackend(one, key, place);
	if (count === undefined || described === undefined) return present(described);
	return Array.from({length: count}, (_, index) => ({...described, name: `${key}-${index + 1}`}));
}

function present(backend: NormalisedBackend | undefined): NormalisedBackend[] {
	return backend === undefined ? [] : [backend];
}

/** The back-ends a load balancer names, once each: registering one twice changes nothing, as in the cloud. */
function registered(
	{backends}: Partly<LoadBalancerConfig>,
	place: Place,
	known: ReadonlyMap<string, readonly NormalisedBackend[]>,
): NormalisedBackend[] {
	const found = new Set<NormalisedBackend>();
	for (const [index, name] of (backends ?? []).entries()) {
		if (name === undefined) continue;
		const named = known.get(name);
		if (named === undefined && !isOfBroken(name, known)) {
			find(place, ['backends', index], () => {
				const {message, hint} = unknownName('back-end', name, known.keys());
				const isAddress = /[:.]|^\d+$/.test(name);
				return {message, hint: hint ?? (isAddress ? NAME_FOR_ADDRESS : undefined)};
			});
		}
		for (const backend of named ?? []) found.add(backend);
	}
	return [...found];
}

/** `app-1` while `app` could not be read: the fault is `app`'s alone. */
function isOfBroken(name: string, known: ReadonlyMap<string, readonly NormalisedBackend[]>): boolean {
	const group = /^(.*)-\d+$/s.exec(name)?.[1];
	return group !== undefined && known.get(group)?.length === 0;
}
