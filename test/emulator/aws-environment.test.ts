import path from 'node:path';
import test from 'ava';
import {awsEnvironment, awsFiles, awsStandIns} from '../../src/emulator/aws-environment.ts';

const POINTING = {endpoint: 'http://127.0.0.1:8089', region: 'eu-west-2', isVerified: false};
const FOLDER = path.resolve('files');
const KEYS = {
	AWS_ACCESS_KEY_ID: 'LBLOCALACCESSKEY0000',
	AWS_SECRET_ACCESS_KEY: 'LBLOCALSECRETKEY000000000000000000000000',
};

test('AWS clients are led to the control port, with keys that are nobody’s', t => {
	t.deepEqual(awsEnvironment(POINTING, FOLDER, {}), {
		AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING: POINTING.endpoint,
		AWS_ENDPOINT_URL_IAM: POINTING.endpoint,
		AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
		AWS_REGION: 'eu-west-2',
		AWS_DEFAULT_REGION: 'eu-west-2',
		AWS_EC2_METADATA_DISABLED: 'true',
		...KEYS,
		AWS_CONFIG_FILE: path.join(FOLDER, 'config'),
		AWS_SHARED_CREDENTIALS_FILE: path.join(FOLDER, 'credentials'),
		AWS_DATA_PATH: path.join(FOLDER, 'data'),
	});
});

test('every variable that is set has a file, and without files no profile is read', t => {
	const files = [...awsFiles(POINTING).keys()].map(file => path.join(FOLDER, file));
	const set = awsEnvironment(POINTING, FOLDER, {});
	const without = awsEnvironment(POINTING, undefined, {});

	t.true(files.includes(set['AWS_CONFIG_FILE'] ?? ''));
	t.true(files.includes(set['AWS_SHARED_CREDENTIALS_FILE'] ?? ''));
	t.true(files.some(file => file.startsWith(`${set['AWS_DATA_PATH']}${path.sep}elb`)));
	t.is(without['AWS_CONFIG_FILE'], without['AWS_SHARED_CREDENTIALS_FILE']);
	t.is(without['AWS_DATA_PATH'], undefined);
});

test('a data path that is there stays, behind ours, and ours stands there once', t => {
	const ours = path.join(FOLDER, 'data');
	const before = ['/models', ours, ''].join(path.delimiter);

	t.is(
		awsEnvironment(POINTING, FOLDER, {AWS_DATA_PATH: before})['AWS_DATA_PATH'],
		[ours, '/models'].join(path.delimiter),
	);
});

const ROLE = 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI';
for (const [what, env, isReplaced] of [
	['none are there', {}, false],
	['they are those of the configuration', {AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE'}, false],
	['they are those of the configuration, and there is a role', {AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', [ROLE]: '/r'}, false],
	['they are a key of AWS', {AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE'}, true],
	['they are a temporary key of AWS', {AWS_ACCESS_KEY_ID: 'ASIAIOSFODNN7EXAMPLE'}, true],
	['a container has a role', {[ROLE]: '/r'}, true],
	['a web identity has a role', {AWS_ACCESS_KEY_ID: '', AWS_WEB_IDENTITY_TOKEN_FILE: '/t'}, true],
] as const) {
	test(`where credentials are configured, keys are the client's own, ${isReplaced ? 'but not' : 'also'} when ${what}`, t => {
		const set = awsEnvironment({...POINTING, isVerified: true}, FOLDER, env);

		t.deepEqual(
			{AWS_ACCESS_KEY_ID: set['AWS_ACCESS_KEY_ID'], AWS_SECRET_ACCESS_KEY: set['AWS_SECRET_ACCESS_KEY']},
			isReplaced ? KEYS : {AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined},
		);
	});
}

test('a configured key is left alone, whatever it looks like', t => {
	const pointing = {...POINTING, isVerified: true, isConfigured: (key: string) => key === 'AKIAIOSFODNN7EXAMPLE'};
	const set = (key: string) => awsEnvironment(pointing, FOLDER, {AWS_ACCESS_KEY_ID: key})['AWS_ACCESS_KEY_ID'];

	t.is(set('AKIAIOSFODNN7EXAMPLE'), undefined);
	t.is(set('AKIAIOSFODNN7ANOTHER'), KEYS.AWS_ACCESS_KEY_ID);
});

test('what cannot be taken away leads nowhere', t => {
	t.deepEqual(awsStandIns({AWS_PROFILE: 'work', AWS_SESSION_TOKEN: 'x', PATH: '/bin'}), {
		AWS_PROFILE: 'default',
		AWS_SESSION_TOKEN: '',
	});
	t.deepEqual(awsStandIns({AWS_DEFAULT_PROFILE: ''}), {AWS_DEFAULT_PROFILE: 'default'});
	t.deepEqual(awsStandIns({}), {});
});

test('the files have no more keys than the variables, and one profile', t => {
	const verified = awsFiles({...POINTING, isVerified: true, region: 'a\n[profile b]'});

	t.is(verified.get('config'), '[default]\nregion = a [profile b]\n');
	t.is(verified.get('credentials'), '');
	t.true(awsFiles(POINTING).get('credentials')?.includes(KEYS.AWS_ACCESS_KEY_ID));
});
