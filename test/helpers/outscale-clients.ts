import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import {AwsClient} from 'aws4fetch';
import type {Answered} from './outscale-api.ts';

/** What a client is told. */
export interface Target {
	/** `http://127.0.0.1:8089` */
	readonly endpoint: string;
	readonly accessKey: string;
	readonly secretKey: string;
}

/** Calls an action, which must succeed: its answer. */
export type Call = (action: string, body?: object) => Promise<Answered>;

export interface OutscaleClient {
	readonly name: string;
	/** Why it cannot be used on this machine. */
	readonly missing: string | undefined;
	start(t: ExecutionContext, target: Target): Promise<Call>;
}

const REGION = 'eu-west-2';
const PYTHON_CLIENT = fileURLToPath(new URL('outscale-client.py', import.meta.url));

/** Every client that the API is tried with, installed or not. */
export async function outscaleClients(): Promise<readonly OutscaleClient[]> {
	const sdk = await javaScriptSdk();
	const curl = curlIsMissing();
	const python = (module: string) => pythonIsMissing(module);
	return [
		{name: 'fetch signed by aws4fetch', missing: undefined, start: async (_, target) => fetchSigned(target)},
		{
			name: "OUTSCALE's SDK for JavaScript",
			missing: sdk === undefined ? 'the package outscale-api is not installed' : undefined,
			start: async (_, target) => throughSdk(sdk, target),
		},
		{name: 'curl that signs as osc', missing: curl, start: async (t, target) => throughCurl(t, target, 'osc:osc')},
		{name: 'curl that signs as aws', missing: curl, start: async (t, target) => throughCurl(t, target, 'aws:amz')},
		{
			name: 'Python and botocore',
			missing: python('botocore'),
			start: async (t, target) => throughPython(t, target, 'botocore'),
		},
		{
			name: "OUTSCALE's SDK for Python",
			missing: python('osc_sdk_python'),
			start: async (t, target) => throughPython(t, target, 'sdk'),
		},
	];
}

/** The global `fetch`, signed as OUTSCALE's SDK for JavaScript does it: with aws4fetch, for the service `api`. */
export function fetchSigned({endpoint, accessKey, secretKey}: Target): Call {
	const aws = new AwsClient({accessKeyId: accessKey, secretAccessKey: secretKey, region: REGION, service: 'api'});
	return async (action, body = {}) => {
		const request = await aws.sign(`${endpoint}/api/v1/${action}`, {
			method: 'POST',
			headers: {'Content-Type': 'application/json'},
			body: JSON.stringify(body),
		});
		const response = await fetch(request);
		const text = await response.text();
		if (response.status !== 200) throw new Error(`${action}: ${response.status} ${text}`);
		return JSON.parse(text);
	};
}

/** Not a dependency: it is not in every registry. */
async function javaScriptSdk(): Promise<Answered | undefined> {
	const name: string = 'outscale-api';
	try {
		return await import(name);
	} catch {
		return undefined;
	}
}

/**
 * Each action is a method of one of the SDK's classes, and takes `{readVmsRequest: {…}}` with keys in camel case.
 *
 * @see outscale/osc-sdk-js, dist/cjs/apis
 */
function throughSdk(sdk: Answered = {}, {endpoint, accessKey, secretKey}: Target): Call {
	const configuration = new sdk['Configuration']({
		basePath: `${endpoint}/api/v1`,
		awsV4SignParameters: {accessKeyId: accessKey, secretAccessKey: secretKey, region: REGION, service: 'api'},
	});
	const apis = Object.values(sdk).filter(value => typeof value === 'function' && /Api$/.test(value.name));
	return async (action, body = {}) => {
		const method = lowerFirst(action);
		const api = apis.find(({prototype}) => typeof prototype[method] === 'function');
		const parameters = {[`${method}Request`]: withKeys(body, lowerFirst)};
		// Its answers are JSON values, and dates in some of them.
		return withKeys(await new api(configuration)[method](parameters), upperFirst) as Answered;
	};
}

function curlIsMissing(): string | undefined {
	const {stdout} = spawnSync('curl', ['--version'], {encoding: 'utf8'});
	const [, major, minor] = /^curl (\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
	if (major === undefined) return 'curl is not installed';
	// --aws-sigv4: since curl 7.75.
	return Number(major) * 1000 + Number(minor) < 7075 ? `curl ${major}.${minor} does not sign` : undefined;
}

function throughCurl(t: ExecutionContext, {endpoint, accessKey, secretKey}: Target, providers: string): Call {
	return async (action, body = {}) => {
		const child = spawn('curl', [
			...['--silent', '--show-error', '--fail-with-body', '--noproxy', '*', '--max-time', '30'],
			...['--aws-sigv4', `${providers}:${REGION}:api`, '--user', `${accessKey}:${secretKey}`],
			...['--header', 'Content-Type: application/json', '--data-binary', JSON.stringify(body)],
			`${endpoint}/api/v1/${action}`,
		]);
		const [stdout, stderr] = [child.stdout, child.stderr].map(stream => {
			const chunks: Buffer[] = [];
			stream.on('data', chunk => chunks.push(chunk));
			return chunks;
		});
		const [code] = await once(child, 'close');
		const text = Buffer.concat(stdout ?? []).toString();
		t.is(code, 0, `${action}: ${text} ${Buffer.concat(stderr ?? [])}`);
		return JSON.parse(text);
	};
}

function pythonIsMissing(module: string): string | undefined {
	const {status, error} = spawnSync('python3', ['-c', `import ${module}`]);
	if (error !== undefined) return 'python3 is not installed';
	return status === 0 ? undefined : `the Python package ${module} is not installed`;
}

async function throughPython(
	t: ExecutionContext,
	{endpoint, accessKey, secretKey}: Target,
	way: string,
): Promise<Call> {
	const child = spawn('python3', [PYTHON_CLIENT, way], {
		stdio: ['pipe', 'pipe', 'inherit'],
		env: {
			...process.env,
			OSC_ENDPOINT_API: `${endpoint}/api/v1`,
			OSC_ACCESS_KEY: accessKey,
			OSC_SECRET_KEY: secretKey,
			OSC_REGION: REGION,
		},
	});
	t.teardown(async () => {
		child.stdin.end();
		if (child.exitCode === null) await once(child, 'close');
	});
	const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
	t.is((await lines.next()).value, 'ready');
	return async (action, body = {}) => {
		child.stdin.write(`${JSON.stringify({action, body})}\n`);
		const {answer, error} = JSON.parse((await lines.next()).value);
		if (error !== undefined) throw new Error(`${action}: ${error}`);
		return answer;
	};
}

function lowerFirst(text: string): string {
	return text.charAt(0).toLowerCase() + text.slice(1);
}

function upperFirst(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The same value with every key of every object in it renamed; the SDK has keys for what is not there, too. */
function withKeys(value: unknown, rename: (key: string) => string): unknown {
	if (Array.isArray(value)) return value.map(each => withKeys(each, rename));
	if (typeof value !== 'object' || value === null || value instanceof Date) return value;
	const there = Object.entries(value).filter(([, each]) => each !== undefined);
	return Object.fromEntries(there.map(([key, each]) => [rename(key), withKeys(each, rename)]));
}
