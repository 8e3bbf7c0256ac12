import path from 'node:path';
import {messageOf} from '../../base/errors.ts';
import {exportLine} from '../../base/shell-word.ts';
import {defaultAuthorityDirectory} from '../../certificates/authority-directory.ts';
import {AWS_UNSET, type AwsPointing, awsEnvironment, awsStandIns} from '../../emulator/aws-environment.ts';
import {ACCESS_KEY, clientEnvironment, proxyEnvironment, SECRET_KEY} from '../../emulator/client-environment.ts';
import type {CommandContext} from '../command-context.ts';
import {ControlClient} from '../control-client.ts';
import {EXIT, usageError} from '../exit-codes.ts';
import {findEndpoint} from '../find-endpoint.ts';
import type {Output} from '../output.ts';
import {ownCommand} from '../own-command.ts';
import {readRunningState} from '../running-state.ts';
import {printable} from '../text.ts';

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
	const pointing = {endpoint: client.endpoint, region: state.region, isVerified};
	const variables = {
		...clientEnvironment(pointing),
		...awsEnvironment(pointing, await awsFolder(pointing, output), process.env),
		...(proxy ? proxyEnvironment(client.endpoint, process.env) : {}),
	};
	for (const line of linesIn(format, variables)) output.data(line);
	if (format === 'shell') hint(pointing, output);
	return EXIT.ok;
}

/** Writes the files that the variables for AWS's clients name, beside the authority, and for each endpoint once. */
async function awsFolder(pointing: AwsPointing, output: Output): Promise<string | undefined> {
	const {host} = new URL(pointing.endpoint);
	const folder = path.join(defaultAuthorityDirectory(), 'aws', host.replaceAll(/[^\w.-]/g, '-'));
	try {
		const {writeAwsFiles} = await import('../../emulator/aws-files.ts');
		writeAwsFiles(folder, pointing);
		return folder;
	} catch (error) {
		output.warn(`${printable(messageOf(error))}; boto3 1.26 and 1.27 and aws 2.9 to 2.12 need --endpoint-url then`);
		return undefined;
	}
}

function linesIn(format: EnvFormat, variables: Readonly<Record<string, string>>): string[] {
	const unset = AWS_UNSET.filter(name => process.env[name] !== undefined);
	// These readers can take no variable away.
	const all = Object.entries(
		format === 'json' || format === 'dotenv' ? {...variables, ...awsStandIns(process.env)} : variables,
	);
	switch (format) {
		case 'shell':
			return [...all.map(exportLine), ...unset.map(name => `unset ${name}`)];
		case 'json':
			return [JSON.stringify(Object.fromEntries(all))];
		case 'dotenv':
			// `docker --env-file`, GITHUB_ENV and GitLab's dotenv reports take quotes as part of the value.
			return all.map(([name, value]) => `${name}=${value.replaceAll(/[\r\n]/g, ' ')}`);
		case 'powershell':
			return [
				...all.map(([name, value]) => `$env:${name} = '${value.replaceAll("'", "''")}'`),
				...unset.map(name => `Remove-Item Env:${name}`),
			];
	}
}

function hint({endpoint, region, isVerified}: AwsPointing, output: Output): void {
	output.say(`# To set these in your shell: eval "$(${ownCommand()} env)"`);
	if (isVerified) {
		output.say('# Credentials are configured: set OSC_ACCESS_KEY and OSC_SECRET_KEY to them yourself.');
		output.say('# AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY likewise, after this: keys of AWS itself are replaced.');
	}
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
	output.say(
		'# AWS_ENDPOINT_URL_* is for aws from 1.29 and 2.13 on, boto3 from 1.28, JavaScript from 3.428; AWS_DATA_PATH for aws from 2.9, boto3 from 1.26.',
	);
	output.say(
		'# Older ones need --endpoint-url "$LB_LOCAL_ENDPOINT", else they ask AWS, with nobody\'s keys: your profiles are not read.',
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
