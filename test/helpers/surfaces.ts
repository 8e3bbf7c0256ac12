import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {type ListenerSpec, startLoadBalancer} from '../../src/index.ts';
import {startCli} from '../cli/helpers/command-line.ts';
import {temporaryFolder} from './temporary-folder.ts';

/** A load balancer that a user started, in whichever way. */
export interface Started {
	/** The bound port of its one listener. */
	readonly port: number;
	readonly dnsName: string;
	/** The file with the certificate to trust. */
	readonly caFile: string;
	/** What was recorded, once `count` exchanges have ended. */
	exchanges(count: number): Promise<ExchangeJson[]>;
	stop(): Promise<void>;
}

/** The fields of an exchange as they are printed. */
export interface ExchangeJson {
	readonly kind: string;
	readonly listener: number;
	readonly outcome: string;
	readonly backend?: {readonly name: string};
	readonly client: {readonly tls?: {readonly version: string}};
	readonly request?: {readonly method: string; readonly target: string; readonly rawHeaders: readonly string[]};
	readonly response?: {readonly status: number};
	readonly added: readonly (readonly [string, string])[];
}

export type Start = (
	t: ExecutionContext,
	what: {readonly listener: ListenerSpec; readonly backends: readonly string[]},
) => Promise<Started>;

/** The three ways to start a load balancer, by the name a test's title gives them. */
export const SURFACES: ReadonlyMap<string, Start> = new Map([
	['through the library', startInProcess],
	['through a configuration file', startFromFile],
	['on the command line', startInline],
]);

async function startInProcess(t: ExecutionContext, what: Parameters<Start>[1]): Promise<Started> {
	const lb = await startLoadBalancer({listeners: [what.listener], backends: what.backends});
	t.teardown(() => lb.stop());
	const logical = lb.listeners[0]?.port ?? 0;
	const printed: ExchangeJson[] = [];
	return {
		port: lb.port(logical),
		dnsName: lb.dnsName,
		caFile: lb.ca.file,
		async exchanges(count) {
			while ([...lb.traffic].filter(({outcome}) => outcome !== 'open').length < count) await lb.traffic.next();
			// Through JSON, as the other surfaces print it.
			printed.push(...(JSON.parse(JSON.stringify([...lb.traffic])) as ExchangeJson[]));
			return printed;
		},
		stop: () => lb.stop(),
	};
}

async function startFromFile(t: ExecutionContext, {listener, backends}: Parameters<Start>[1]): Promise<Started> {
	const folder = await temporaryFolder(t);
	const config = {
		backends: Object.fromEntries(backends.map((address, index) => [`own-${index}`, address])),
		loadBalancers: {journey: {listeners: [listener], backends: backends.map((_, index) => `own-${index}`)}},
	};
	// JSON is YAML.
	await writeFile(path.join(folder, 'lb-local.yaml'), JSON.stringify(config));
	return up(t, folder, ['lb-local.yaml']);
}

async function startInline(t: ExecutionContext, {listener, backends}: Parameters<Start>[1]): Promise<Started> {
	const folder = await temporaryFolder(t);
	return up(t, folder, [listener, ...backends.flatMap(address => ['--backend', address])]);
}

async function up(t: ExecutionContext, folder: string, args: readonly string[]): Promise<Started> {
	const running = startCli(t, ['up', ...args, '--json', '--ports', 'free'], {folder});
	const [, caFile = ''] = await running.shows('stderr', /authority: (.+)\n/);
	const [, dnsName = ''] = await running.shows('stderr', /(\S+\.lbu\.outscale\.com)/);
	const [, port] = await running.shows('stderr', / on 127\.0\.0\.1:(\d+)/);
	await running.shows('stderr', /Ctrl-C stops/);
	return {
		port: Number(port),
		dnsName,
		caFile,
		async exchanges(count) {
			await running.shows('stdout', new RegExp(`^(?:.*\\n){${count}}`));
			return running.stdout
				.trimEnd()
				.split('\n')
				.map(line => JSON.parse(line) as ExchangeJson);
		},
		async stop() {
			const {code} = await running.end('SIGTERM');
			t.is(code, 0, running.stderr);
		},
	};
}
