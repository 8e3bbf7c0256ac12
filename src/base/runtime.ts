import process from 'node:process';
import {EmulatorError} from './errors.ts';

/** Other runtimes that load this package, by the name under which `process.versions` has them. */
const OTHERS: Readonly<Record<string, string>> = {bun: 'Bun', deno: 'Deno'};

/**
 * Refuses to start where sockets are not Node's own: Bun and Deno have the same functions, but not the same half-closes,
 * resets and TLS, and a load balancer that is nearly right would make tests pass that must not.
 *
 * @throws EmulatorError `RUNTIME_UNSUPPORTED`
 */
export function assertNode(): void {
	for (const [key, name] of Object.entries(OTHERS)) {
		const version = process.versions[key];
		if (version === undefined) continue;
		throw new EmulatorError(
			'RUNTIME_UNSUPPORTED',
			`lb-local needs the sockets of Node, and this is ${name} ${version}`,
			{
				hint: `Run these tests with Node 20.19 or later, or start \`npx lb-local up\` beside them and send their requests there: ${name} is a client like any other.`,
			},
		);
	}
}
