import {invalidDescription} from '../base/errors.ts';
import {show} from '../base/quote.ts';

/** Which load balancers and certificates belong to one of several who share an emulator. */
export interface NameScope {
	/** Ends with a hyphen: `worker-3-`. */
	readonly prefix: string;
	has(name: string): boolean;
}

/**
 * The names that begin with a prefix: `worker-3` has `worker-3-web`, and not `worker-30-web`.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION`
 */
export function nameScope(given: unknown): NameScope {
	// A name has at most 32 characters, and one of them has to come after the hyphen: OUTSCALE API, LoadBalancerName.
	if (
		typeof given !== 'string' ||
		!/^[A-Za-z0-9][A-Za-z0-9-]{0,30}$/.test(given) ||
		given.replace(/-$/, '').length > 30
	) {
		const message = `${show(given)} cannot begin the name of a load balancer; use 1 to 30 of A-Z, a-z, 0-9 and "-"`;
		throw invalidDescription('The scope', [{path: ['prefix'], message}]);
	}
	const prefix = given.endsWith('-') ? given : `${given}-`;
	return {prefix, has: name => name.startsWith(prefix)};
}
