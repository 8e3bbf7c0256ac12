import test from 'ava';
import {ElbDialect} from '../../../src/control-plane/elb/dialect.ts';
import {startEmulator} from '../../../src/index.ts';
import {runProgram} from '../../helpers/programs.ts';

const REQUEST_ID = '00000000-0000-4000-8000-000000000000';
const dialect = new ElbDialect(() => REQUEST_ID);

const form = (text: string) => ({
	method: 'POST',
	path: '/',
	headers: new Map<string, string>(),
	body: Buffer.from(text),
});

test('POST / and a query with an Action are of this API, what is below /api/ is not', t => {
	const mine = [
		['POST', '/'],
		['POST', '//'],
		['GET', '/', 'Action=DescribeLoadBalancers&Version=2012-06-01'],
		['GET', '/lbu', 'Version=1&Action='],
	] as const;
	const others = [
		['GET', '/'],
		['GET', '/', 'action=x'],
		['POST', '/ReadVms'],
		['POST', '/api/v1/', 'Action=x'],
		['POST', '//api', 'Action=x'],
	] as const;

	t.deepEqual(
		mine.filter(([method, path, query]) => !dialect.claims(method, path, query)),
		[],
	);
	t.deepEqual(
		others.filter(([method, path, query]) => dialect.claims(method, path, query)),
		[],
	);
});

test('an action is refused in the shape that its clients read', async t => {
	const {answer, call} = await dialect.answer(form('Action=DescribeLoadBalancers&Version=2012-06-01'));

	t.is(answer.status, 400);
	t.deepEqual(answer.headers, [
		['Content-Type', 'text/xml'],
		['x-amzn-RequestId', REQUEST_ID],
	]);
	t.is(
		answer.body,
		`<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/">
<Error><Type>Sender</Type><Code>InvalidAction</Code><Message>lb-local does not answer "DescribeLoadBalancers": it has the OUTSCALE API alone, called with POST /api/v1/&lt;Action&gt;</Message></Error>
<RequestId>${REQUEST_ID}</RequestId>
</ErrorResponse>
`,
	);
	t.like(call, {action: 'DescribeLoadBalancers', api: 'elb', status: 400, error: {code: 'InvalidAction'}});
});

test('each version of the API has its own namespace, and one nobody knows the usual one', async t => {
	const namespaceOf = async (text: string) =>
		/xmlns="([^"]+)"/.exec((await dialect.answer(form(text))).answer.body)?.[1];

	t.is(await namespaceOf('Action=A&Version=2010-05-08'), 'https://iam.amazonaws.com/doc/2010-05-08/');
	t.is(await namespaceOf('Action=A&Version=2015-12-01'), 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/');
	t.is(await namespaceOf('Action=A&Version=2026-11-28'), 'http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/');
});

for (const [what, action] of Object.entries({
	markup: '</Message><Code>&lt;',
	'control characters': '\0\x01\x1b[2J\u{ffff}',
	'half of a pair': '\ud800',
	'a long name': 'A'.repeat(100_000),
	'a private key': '-----BEGIN RSA PRIVATE KEY-----',
	nothing: '',
})) {
	test(`${what} for an action leaves the answer well-formed`, async t => {
		const {answer, call} = await dialect.answer(form(String(new URLSearchParams({Action: action}))));

		t.regex(
			answer.body,
			/^<ErrorResponse xmlns="[^"<&]+">\n<Error><Type>Sender<\/Type><Code>[A-Za-z]+<\/Code><Message>(?:[^<>&\p{Cc}\p{Cs}]|&(?:lt|gt|amp);)+<\/Message><\/Error>\n<RequestId>[0-9a-f-]+<\/RequestId>\n<\/ErrorResponse>\n$/u,
		);
		t.true(answer.body.length < 1000);
		t.true(call.action.length <= 100);
		t.false(JSON.stringify([answer, call]).includes('PRIVATE KEY'));
	});
}

for (const [method, path] of [
	['GET', '/'],
	['PUT', '/'],
	['GET', '/favicon.ico'],
	['POST', '/lbu'],
] as const) {
	test(`${method} ${path} is nobody's, and refused in the form of the OUTSCALE API`, async t => {
		await using emulator = await startEmulator();

		const answer = await fetch(`${emulator.endpoint}${path}`, {method});

		t.is(answer.status, 404);
		const {Errors: errors} = (await answer.json()) as {readonly Errors: readonly object[]};
		t.like(errors[0], {Code: '12000', Type: 'InvalidAction'});
		t.deepEqual(emulator.calls, []);
	});
}

const BOTO3 = `
import boto3, botocore, sys
from botocore.config import Config
def sentence(call):
    try:
        call()
    except botocore.exceptions.ClientError as error:
        print(error)
common = dict(endpoint_url=sys.argv[1], region_name='eu-west-2', aws_access_key_id='a', aws_secret_access_key='b')
sentence(boto3.client('elb', **common).describe_load_balancers)
sentence(boto3.client('elbv2', **common).describe_load_balancers)
sentence(lambda: boto3.client('iam', **common).list_server_certificates())
`;

const SENTENCE = (action: string) =>
	`An error occurred (InvalidAction) when calling the ${action} operation: lb-local does not answer "${action}": it has the OUTSCALE API alone, called with POST /api/v1/<Action>`;

test('boto3 shows the sentence, and asks once', async t => {
	await using emulator = await startEmulator();
	const hasBoto = (await runProgram(t, 'python3', ['-c', 'import boto3']))?.code === 0;
	if (!hasBoto) {
		t.pass('boto3 is not installed: this part is skipped');
		return;
	}

	const ran = await runProgram(t, 'python3', ['-c', BOTO3, emulator.endpoint]);

	const actions = ['DescribeLoadBalancers', 'DescribeLoadBalancers', 'ListServerCertificates'];
	t.is(ran?.stdout, `${actions.map(SENTENCE).join('\n')}\n`);
	t.deepEqual(
		emulator.calls.map(({action, api}) => `${api} ${action}`),
		actions.map(action => `elb ${action}`),
	);
});

test('the AWS command line shows the sentence', async t => {
	await using emulator = await startEmulator();
	const env = ['AWS_ACCESS_KEY_ID=a', 'AWS_SECRET_ACCESS_KEY=b', 'AWS_DEFAULT_REGION=eu-west-2'];
	if ((await runProgram(t, 'env', ['aws', '--version']))?.code !== 0) {
		t.pass('the AWS command line is not installed: this part is skipped');
		return;
	}

	const ran = await runProgram(t, 'env', [
		...env,
		'aws',
		'--endpoint-url',
		emulator.endpoint,
		'elb',
		'describe-load-balancers',
	]);

	t.true(ran?.stderr.includes(SENTENCE('DescribeLoadBalancers')), ran?.stderr);
});
