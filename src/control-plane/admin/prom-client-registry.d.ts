/** The part of prom-client that writes the text format; the rest of it counts, which the emulator does itself. */
declare module 'prom-client/lib/registry.js' {
	interface Metric {
		readonly name: string;
		readonly help: string;
		readonly type: 'counter' | 'gauge';
		readonly values: readonly {readonly labels: Readonly<Record<string, string>>; readonly value: number}[];
	}

	export default class Registry {
		readonly contentType: string;
		registerMetric(metric: Pick<Metric, 'name'> & {readonly get: () => Promise<Metric>}): void;
		metrics(): Promise<string>;
	}
}
