import {ACCESS_KEY, clientEnvironment, proxyEnvironment, SECRET_KEY} from '../../emulator/client-environment.ts';
import type {CommandContext} from '../command-context.ts';
import {ControlClient} from '../control-client.ts';
import {EXIT, usageError} from '../exit-codes.ts';
import {findEndpoint} from '../find-endpoint.ts';
import type {Output} from '../output.ts';
import {ownCommand} from '../own-command.ts';
import {readRunningState} from '../running-state.ts';

export interface EnvOptions {
	readonly endpoint?: string;
	/** Waits for an instance that is starting. */
	readonly wait?: boolean;
	/** Also what makes the instance the proxy of every client. */
	readonly proxy?: boolean;
	/** An alias of `--format json`. */
	readonly json?: boolean;
	readonly format?: EnvFormat;
}

const ENV_FORMATS = ['shell', 'json', 'dotenv', 'powershell'] as const;

type EnvFormat = (typeof ENV_FORMATS)[number];

/**
 * Prints the variables that point the cloud's clients at the running instance: `eval "$(lb-local env)"`.
 *
 * @throws EmulatorError `USAGE`, `CONTROL_UNREACHABLE`, `CONTROL_STRANGER`; then nothing is printed.
 */
export async function env(
	{endpoint, wait: waits = false, proxy = false, json = false, format: given}: EnvOptions,
	{output}: CommandContext,
): Promise<number> {
	if (json && given !== undefined && given !== 'json')
		throw usageError(`--json and --format ${given} contradict each other`);
	const format = json ? 'json' : (given ?? 'shell');
	const client = new ControlClient(await findEndpoint({given: endpoint, waits}));
	const {state} = await readRunningState(client);
	const isVerified = state.credentials === 'verified';
	const variables = {
		...clientEnvironment({endpoint: client.endpoint, region: state.region, isVerified}),
		...(proxy ? proxyEnvironment(client.endpoint, process.env) : {}),
	};
	for (const line of linesIn(format, variables)) output.data(line);
	if (format === 'shell') hint({endpoint: client.endpoint, region: state.region, isVerified}, output);
	return EXIT.ok;
}

function linesIn(format: EnvFormat, variables: Readonly<Record<string, string>>): string[] {
	const all = Object.entries(variables);
	switch (format) {
		case 'shell':
			return all.map(([name, value]) => `export ${name}=${quoted(value)}`);
		case 'json':
			return [JSON.stringify(variables)];
		case 'dotenv':
			// `docker --env-file`, GITHUB_ENV and GitLab's dotenv reports take quotes as part of the value.
			return all.map(([name, value]) => `${name}=${value.replaceAll(/[\r\n]/g, ' ')}`);
		case 'powershell':
			return all.map(([name, value]) => `$env:${name} = '${value.replaceAll("'", "''")}'`);
	}
}

/** Any text as one word of `sh`. */
function quoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

interface Pointed {
	readonly endpoint: string;
	readonly region: string;
	readonly isVerified: boolean;
}

function hint({endpoint, region, isVerified}: Pointed, output: Output): void {
	output.say(`# To set these in your shell: eval "$(${ownCommand()} env)"`);
	if (isVerified) output.say('# Credentials are configured: set OSC_ACCESS_KEY and OSC_SECRET_KEY to them yourself.');
	const profile = {
		access_key: isVerified ? '…' : ACCESS_KEY,
		secret_key: isVerified ? '…' : SECRET_KEY,
		region,
		endpoints: {api: endpoint},
	};
	output.say(`# osc-cli reads ~/.osc/config.json instead: ${JSON.stringify({default: profile})}`);
	output.say(
		'# osc-sdk-js has no variables of its own: new Configuration({basePath: process.env.OSC_ENDPOINT_API, …})',
	);
	const proxy = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'].find(name => isSet(process.env[name]));
	const {no_proxy, NO_PROXY} = process.env;
	if (proxy !== undefined && !`${no_proxy},${NO_PROXY}`.includes(new URL(endpoint).hostname)) {
		output.say(`# ${proxy} is set: add ${new URL(endpoint).hostname} to NO_PROXY, or clients ask the proxy.`);
	}
}

function isSet(value: string | undefined): boolean {
	return value !== undefined && value !== '';
}
