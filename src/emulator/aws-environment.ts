import {devNull} from 'node:os';
import path from 'node:path';
import {ACCESS_KEY, SECRET_KEY} from './client-environment.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where AWS's clients are to be led. */
export interface AwsPointing {
	readonly endpoint: string;
	readonly region: string;
	/** Whether credentials are configured: then they are the client's own to set. */
	readonly isVerified: boolean;
	/** Whether an access key is among those, as far as that is known. */
	readonly isConfigured?: (accessKey: string) => boolean;
}

/**
 * Variables that lead to somebody's own account whatever keys stand beside them: the AWS SDK for JavaScript prefers
 * AWS_PROFILE to keys, AWS_DEFAULT_PROFILE comes first in botocore, and a session token belongs to other keys.
 */
export const AWS_UNSET = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN'] as const;

/**
 * The variables that point AWS's clients at a control port, and keep what does not follow them from anybody's account.
 *
 * - botocore from 1.31 on (boto3 1.28, aws 1.29 and 2.13) and the SDKs of 2023 and later read AWS_ENDPOINT_URL_*.
 * - botocore 1.29 and 1.30 (boto3 1.26 and 1.27, aws 1.27, 1.28 and 2.9 to 2.12: Debian 12) read their rules for
 *   endpoints in AWS_DATA_PATH.
 * - Older ones have to be told with `--endpoint-url`. Else they ask AWS itself: with keys that are nobody's, because keys
 *   in the environment come first and the files of profiles are ours.
 *
 * @param folder where the files of `awsFiles()` are; undefined: nowhere.
 * @param env AWS_DATA_PATH stays behind ours.
 * @see AWS SDKs and Tools Reference Guide, Service-specific endpoints; botocore, loaders.py and credentials.py
 */
export function awsEnvironment(
	{endpoint, region, isVerified, isConfigured = () => false}: AwsPointing,
	folder: string | undefined,
	env: Environment,
): Record<string, string> {
	return {
		AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING: endpoint,
		AWS_ENDPOINT_URL_IAM: endpoint,
		// `true` would have botocore ask AWS.
		AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
		AWS_REGION: region,
		AWS_DEFAULT_REGION: region,
		// Without keys it would be asked for some, which takes seconds where there is none.
		AWS_EC2_METADATA_DISABLED: 'true',
		...(!isVerified || leadsToAws(env, isConfigured)
			? {AWS_ACCESS_KEY_ID: ACCESS_KEY, AWS_SECRET_ACCESS_KEY: SECRET_KEY}
			: {}),
		...(folder === undefined
			? {AWS_CONFIG_FILE: devNull, AWS_SHARED_CREDENTIALS_FILE: devNull}
			: {
					AWS_CONFIG_FILE: path.join(folder, CONFIG),
					AWS_SHARED_CREDENTIALS_FILE: path.join(folder, CREDENTIALS),
					AWS_DATA_PATH: dataPath(path.join(folder, DATA), env),
				}),
	};
}

/** For readers that can set variables and not take them away: values that lead nowhere, of those that are set. */
export function awsStandIns(env: Environment): Record<string, string> {
	const set = AWS_UNSET.filter(name => env[name] !== undefined);
	// botocore looks for a profile without a name when it is empty; our file has this one.
	return Object.fromEntries(set.map(name => [name, name.endsWith('PROFILE') ? 'default' : '']));
}

/**
 * Whether an environment has keys of AWS, or has a client ask for some. Keys that begin like this are AWS's own: IAM User
 * Guide, IAM identifiers, unique ID prefixes.
 */
function leadsToAws(env: Environment, isConfigured: (accessKey: string) => boolean): boolean {
	const {AWS_ACCESS_KEY_ID: key = ''} = env;
	if (key !== '') return /^A[KS]IA[A-Z0-9]{16}$/.test(key) && !isConfigured(key);
	const roles = ['WEB_IDENTITY_TOKEN_FILE', 'CONTAINER_CREDENTIALS_RELATIVE_URI', 'CONTAINER_CREDENTIALS_FULL_URI'];
	return roles.some(name => (env[`AWS_${name}`] ?? '') !== '');
}

function dataPath(own: string, {AWS_DATA_PATH: before = ''}: Environment): string {
	const others = before.split(path.delimiter).filter(folder => folder !== '' && folder !== own);
	return [own, ...others].join(path.delimiter);
}

const CONFIG = 'config';
const CREDENTIALS = 'credentials';
const DATA = 'data';

/** The folders in which botocore looks for the rules of the two services, by their names and versions in its data. */
const RULES = ['elb/2012-06-01', 'iam/2010-05-08'];

/** The files that the variables name, by their paths in the folder. */
export function awsFiles({endpoint, region, isVerified}: AwsPointing): ReadonlyMap<string, string> {
	const keys = isVerified ? [] : [`aws_access_key_id = ${ACCESS_KEY}`, `aws_secret_access_key = ${SECRET_KEY}`];
	const rules = JSON.stringify(rulesFor(endpoint));
	return new Map([
		[CONFIG, `[default]\nregion = ${region.replaceAll(/[\r\n]/g, ' ')}\n`],
		[CREDENTIALS, keys.length === 0 ? '' : `[default]\n${keys.join('\n')}\n`],
		...RULES.map(service => [path.join(DATA, service, 'endpoint-rule-set-1.json'), rules] as const),
	]);
}

/** That an endpoint which was asked for is taken, and ours otherwise. @see botocore, endpoint_provider.py */
function rulesFor(endpoint: string): object {
	const parameter = (builtIn: string, type: 'String' | 'Boolean') => {
		const common = {builtIn, type, documentation: builtIn};
		return type === 'Boolean' ? {...common, required: true, default: false} : {...common, required: false};
	};
	const rule = (conditions: readonly object[], url: unknown) => ({
		conditions,
		endpoint: {url, properties: {}, headers: {}},
		type: 'endpoint',
	});
	return {
		version: '1.0',
		parameters: {
			Region: parameter('AWS::Region', 'String'),
			UseDualStack: parameter('AWS::UseDualStack', 'Boolean'),
			UseFIPS: parameter('AWS::UseFIPS', 'Boolean'),
			Endpoint: parameter('SDK::Endpoint', 'String'),
		},
		rules: [rule([{fn: 'isSet', argv: [{ref: 'Endpoint'}]}], {ref: 'Endpoint'}), rule([], endpoint)],
	};
}
