import type {inspect as Inspect, InspectOptionsStylized} from 'node:util';

/** The method that `util.inspect` and `console.log` of Node, Bun and Deno ask for. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as typeof INSPECT; // Any symbol of the registry is typed `symbol`.

/** What `util.inspect` gives such a method. */
export type InspectArguments = readonly [depth: number, options: InspectOptionsStylized, inspect: typeof Inspect];

/** Shows a handle as its name and the fields that are documented, in place of how it is made. */
export function showFields(name: string, fields: object, [depth, options, inspect]: InspectArguments): string {
	if (depth < 0) return options.stylize(`[${name}]`, 'special');
	return `${name} ${inspect(fields, options)}`;
}
