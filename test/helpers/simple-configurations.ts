interface ConfiguredLoadBalancer {
	/** By their index among the ports of the options. */
	readonly listeners: readonly number[];
	readonly backends: readonly string[];
	readonly rules: readonly {readonly priority: number; readonly path: string; readonly to: readonly string[]}[];
}

const DOCS = {priority: 2, path: '/docs/*'};

/** What each configuration says of its load balancers, by name. */
export const CONFIGURED: readonly Readonly<Record<string, ConfiguredLoadBalancer>>[] = [
	{
		a: {listeners: [0, 2], backends: ['app'], rules: []},
		b: {listeners: [1], backends: ['app', 'moving'], rules: [{...DOCS, to: ['moving']}]},
	},
	{
		a: {listeners: [0], backends: ['app', 'spare', 'moving'], rules: [{...DOCS, to: ['spare']}]},
		b: {listeners: [1], backends: ['app'], rules: []},
	},
	{a: {listeners: [0, 2], backends: ['other'], rules: []}},
	{b: {listeners: [1, 2], backends: ['spare', 'app'], rules: [{...DOCS, to: ['app']}]}},
];

/** A program whose answers name it, as those of an echo back-end do. */
export function command(name: string, port: number) {
	const answer = `JSON.stringify({backend:'${name}'})`;
	const program = `require('http').createServer((_,answer)=>answer.end(${answer})).listen(process.env.PORT,'127.0.0.1')`;
	return {kind: 'command', name, run: `exec '${process.execPath}' -e "${program}"`, port};
}

/** `https` on the third of the ports. */
export function listenerText(port: number, ports: readonly number[]): string {
	return ports.indexOf(port) === 2 ? `https:${port} -> http:80` : `http:${port} -> http:80`;
}

/** Configurations, of which one after the other is read. @param commandPort where two of their commands listen. */
export function configurations(ports: readonly number[], commandPort: number): readonly object[] {
	const ofCommand = (name: string) => {
		const {name: _, ...rest} = command(name, commandPort);
		return rest;
	};
	return CONFIGURED.map((loadBalancers, index) => ({
		certificates: {site: {names: [`site-${index}.test`]}},
		backends: {app: {kind: 'echo'}, spare: {kind: 'echo'}, moving: ofCommand('moving'), other: ofCommand('other')},
		loadBalancers: Object.fromEntries(
			Object.entries(loadBalancers).map(([name, {listeners, ...rest}]) => {
				const at = listeners.flatMap(each => ports.slice(each, each + 1));
				const written = at.map(port => {
					const listen = listenerText(port, ports);
					return listen.startsWith('https') ? {listen, certificate: 'site'} : listen;
				});
				return [name, {listeners: written, ...rest}];
			}),
		),
	}));
}
