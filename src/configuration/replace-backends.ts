import type {NormalisedBackend, NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';

/** A configuration with other back-ends. What stood in several places still is one and the same there. */
export function replaceBackends(
	config: NormalisedConfig,
	other: (backend: NormalisedBackend, key: string) => NormalisedBackend,
): NormalisedConfig {
	const others = new Map<NormalisedBackend, NormalisedBackend>();
	for (const [name, backends] of config.backends) {
		for (const backend of backends) {
			if (!others.has(backend)) others.set(backend, other(backend, name));
		}
	}
	const replace = (backend: NormalisedBackend) => others.get(backend) ?? backend;
	const loadBalancers = [...config.loadBalancers].map(([name, each]): [string, NormalisedLoadBalancer] => [
		name,
		{...each, backends: each.backends.map(replace)},
	]);
	return {
		...config,
		vms: new Map([...config.vms].map(([id, backend]) => [id, replace(backend)])),
		backends: new Map([...config.backends].map(([name, backends]) => [name, backends.map(replace)])),
		loadBalancers: new Map(loadBalancers),
	};
}
