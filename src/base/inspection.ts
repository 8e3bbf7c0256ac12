import type {inspect as Inspect, InspectOptionsStylized} from 'node:util';

/** The method that `util.inspect` and `console.log` of Node, Bun and Deno call. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as typeof INSPECT; // Any symbol of the registry is typed `symbol`.

/** The arguments that `util.inspect` passes to it. */
export type InspectArguments = readonly [depth: number, options: InspectOptionsStylized, inspect: typeof Inspect];

/** Shows an object as its name and its documented fields, without its internals. */
export function showFields(name: string, fields: object, [depth, options, inspect]: InspectArguments): string {
	if (depth < 0) return options.stylize(`[${name}]`, 'special');
	return `${name} ${inspect(fields, options)}`;
}
