import type {Config} from './spec.ts';

/** Returns its argument: it is there for the types, so that an editor completes a configuration and checks it. */
export function defineConfig(config: Config): Config {
	return config;
}
