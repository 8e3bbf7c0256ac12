import process from 'node:process';
import {EmulatorError} from './errors.ts';

/** Other runtimes that can load this package, by their key in `process.versions`. */
const OTHERS: Readonly<Record<string, string>> = {bun: 'Bun', deno: 'Deno'};

/**
 * Refuses to start in Bun and Deno. They have the same functions, but their half-closes, resets and TLS differ from
 * Node's, so tests could pass that must fail.
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
