import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import * as elb from '@aws-sdk/client-elastic-load-balancing';
import * as iam from '@aws-sdk/client-iam';
import type {ExecutionContext} from 'ava';
import type {Answered} from './outscale-api.ts';
import type {Target} from './outscale-clients.ts';
import {runIn} from './programs.ts';

export type Service = 'elb' | 'iam';

/** A client of the ELB and IAM APIs, pointed at a control port. */
export interface AwsCalls {
	/** Calls an action, which must succeed. @throws Error `Code: message` */
	call(service: Service, action: string, parameters?: object): Promise<Answered>;
	/** Waits as the client's own waiter does: `AnyInstanceInService`. */
	wait(waiter: Waiter, parameters: object): Promise<void>;
}

export type Waiter = 'AnyInstanceInService' | 'InstanceInService' | 'InstanceDeregistered';

export interface AwsClientUnderTest {
	readonly name: string;
	/** Why it cannot be used on this machine. */
	readonly missing: string | undefined;
	/** Whether each call is a program that starts, which takes seconds: for a full run. */
	readonly isSlow: boolean;
	start(t: ExecutionContext, target: Target): Promise<AwsCalls>;
}

const REGION = 'eu-west-2';
const PYTHON_CLIENT = fileURLToPath(new URL('aws-client.py', import.meta.url));

/** Every client that these APIs are tried with, installed or not. */
export function awsClients(): readonly AwsClientUnderTest[] {
	const boto = spawnSync('python3', ['-c', 'import boto3']).status === 0;
	const cli = spawnSync('aws', ['--version']).status === 0;
	return [
		{
			name: 'the AWS SDK for JavaScript',
			missing: undefined,
			isSlow: false,
			start: async (_, target) => throughSdk(target),
		},
		{
			name: 'boto3',
			missing: boto ? undefined : 'boto3 is not installed',
			isSlow: false,
			start: throughBoto,
		},
		{
			name: 'the AWS command line',
			missing: cli ? undefined : 'the AWS command line is not installed',
			isSlow: true,
			start: async (t, target) => throughCommandLine(t, target),
		},
	];
}

/** Its warning about the versions of Node to come is for those who run it in production. */
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

function throughSdk({endpoint, accessKey, secretKey}: Target): AwsCalls {
	const options = {
		endpoint,
		region: REGION,
		credentials: {accessKeyId: accessKey, secretAccessKey: secretKey},
	};
	const client = {elb: new elb.ElasticLoadBalancingClient(options), iam: new iam.IAMClient(options)};
	const commands: Readonly<Record<Service, Answered>> = {elb, iam};
	return {
		async call(service, action, parameters = {}) {
			const Command = commands[service][`${action}Command`];
			try {
				// The two clients take their own commands only, which the type of neither knows.
				const {$metadata, ...answer} = await (client[service] as Answered)['send'](new Command(parameters));
				if (!/^[0-9a-f-]{36}$/.test($metadata.requestId)) throw new Error(`${action}: no request id`);
				return answer;
			} catch (error) {
				throw error instanceof Error ? new Error(`${error.name}: ${error.message}`, {cause: error}) : error;
			}
		},
		async wait(waiter, parameters) {
			// Faster than it would wait by itself, which is 15 s between two looks.
			const wait = (elb as Answered)[`waitUntil${waiter}`];
			await wait({client: client.elb, maxWaitTime: 120, minDelay: 1, maxDelay: 1}, parameters);
		},
	};
}

async function throughBoto(t: ExecutionContext, {endpoint, accessKey, secretKey}: Target): Promise<AwsCalls> {
	const child = spawn('python3', [PYTHON_CLIENT], {
		stdio: ['pipe', 'pipe', 'inherit'],
		env: {...process.env, TEST_ENDPOINT: endpoint, TEST_ACCESS_KEY: accessKey, TEST_SECRET_KEY: secretKey},
	});
	t.teardown(async () => {
		child.stdin.end();
		if (child.exitCode === null) await once(child, 'close');
	});
	const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
	t.is((await lines.next()).value, 'ready');
	const ask = async (question: object) => {
		child.stdin.write(`${JSON.stringify(question)}\n`);
		const {answer, error} = JSON.parse((await lines.next()).value);
		if (error !== undefined) throw new Error(error);
		return answer;
	};
	return {
		call: (service, action, parameters = {}) => ask({service, method: words(action, '_'), parameters}),
		wait: (waiter, parameters) => ask({service: 'elb', method: '', waiter: words(waiter, '_'), parameters}),
	};
}

function throughCommandLine(t: ExecutionContext, {endpoint, accessKey, secretKey}: Target): AwsCalls {
	const env = {
		AWS_ACCESS_KEY_ID: accessKey,
		AWS_SECRET_ACCESS_KEY: secretKey,
		AWS_DEFAULT_REGION: REGION,
		AWS_EC2_METADATA_DISABLED: 'true',
		AWS_PAGER: '',
		AWS_CONFIG_FILE: '/dev/null',
		AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
	};
	const run = async (...args: readonly string[]) => {
		const ran = await runIn(t, 'aws', ['--endpoint-url', endpoint, '--output', 'json', ...args], {env});
		const [, code, message] = /An error occurred \((\w+)\)[^:]*: (.*)/.exec(ran?.stderr ?? '') ?? [];
		if (code !== undefined) throw new Error(`${code}: ${message}`);
		if (ran?.code !== 0) throw new Error(`aws ${args.join(' ')}: ${ran?.stderr}`);
		return ran.stdout.trim() === '' ? {} : JSON.parse(ran.stdout);
	};
	return {
		call: (service, action, parameters = {}) =>
			run(service, words(action, '-'), '--cli-input-json', JSON.stringify(parameters)),
		wait: (waiter, parameters) =>
			run('elb', 'wait', words(waiter, '-'), '--cli-input-json', JSON.stringify(parameters)),
	};
}

/** `CreateLBCookieStickinessPolicy` as Python and the command line write it: `create_lb_cookie_stickiness_policy`. */
function words(name: string, between: string): string {
	return name
		.replaceAll(/([a-z0-9])([A-Z])/g, `$1${between}$2`)
		.replaceAll(/([A-Z]+)([A-Z][a-z])/g, `$1${between}$2`)
		.toLowerCase();
}
