import test from 'ava';
import {startEmulator} from '../../../src/index.ts';
import {readXml} from '../../helpers/aws-xml.ts';
import {formOf, InMemoryAwsApi, newLoadBalancer} from '../../helpers/in-memory-aws.ts';

const ELB = 'http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/';
const IAM = 'https://iam.amazonaws.com/doc/2010-05-08/';

test('POST / and a query with an Action are of this API, what is below /api/ is not', t => {
	const {dialect} = new InMemoryAwsApi();
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

test('an answer has its request id in the body and in a header, another in each', async t => {
	const api = new InMemoryAwsApi();

	const answers = [await api.call('DescribeLoadBalancers'), await api.call('Foo')].map(({answer}) => answer);

	const ids = answers.map(({body}) => {
		const {value} = readXml(body);
		return value.ResponseMetadata?.RequestId ?? value.RequestId;
	});
	t.deepEqual(
		answers.map(({headers}) => headers),
		ids.map(id => [
			['Content-Type', 'text/xml'],
			['x-amzn-RequestId', id],
		]),
	);
	t.is(new Set(ids).size, 2);
});

test('parameters of the query and of the body are read together', async t => {
	const api = new InMemoryAwsApi();
	const {Listeners: _, ...parameters} = newLoadBalancer('web');
	const [action = '', version = '', ...rest] = formOf('CreateLoadBalancer', parameters).split('&');

	const {answer} = await api.dialect.answer({
		method: 'POST',
		path: '/',
		query: `${action}&${version}&Description=${'%41+%2B'}`,
		headers: new Map(),
		body: Buffer.from(`${action}&${rest.join('&')}`),
	});

	t.is(answer.status, 200, answer.body);
	t.true(api.store.account.loadBalancers.has('web'));
});

test('a GET is answered as a POST is', async t => {
	const api = new InMemoryAwsApi();
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	const get = {method: 'GET', path: '/', headers: new Map(), body: Buffer.alloc(0)};

	const {answer} = await api.dialect.answer({...get, query: formOf('DescribeLoadBalancers', {})});

	t.is(readXml(answer.body).value.DescribeLoadBalancersResult.LoadBalancerDescriptions[0].LoadBalancerName, 'web');
});

test('today as Version is taken, other APIs with actions of the same name are refused', async t => {
	const api = new InMemoryAwsApi();
	const answerTo = async (version: string) => {
		const {answer} = await api.send(`Action=DescribeLoadBalancers&Version=${version}`);
		const {namespace, value} = readXml(answer.body);
		return [answer.status, value.Error?.Code, namespace];
	};

	t.deepEqual(await answerTo('2026-11-28'), [200, undefined, ELB]);
	t.deepEqual(await answerTo(''), [200, undefined, ELB]);
	t.deepEqual(await answerTo('2016-11-15'), [400, 'InvalidAction', ELB]);
	t.deepEqual(await answerTo('2015-12-01'), [400, 'InvalidAction', ELB.replace('2012-06-01', '2015-12-01')]);
});

test('an unknown action is refused in the namespace of the service that the request is signed for', async t => {
	const api = new InMemoryAwsApi();
	const namespaceFor = async (service: string) => {
		const scope = `AWS4-HMAC-SHA256 Credential=AK/20261128/eu-west-2/${service}/aws4_request, SignedHeaders=host`;
		const headers = new Map(service === '' ? [] : [['authorization', scope]]);
		const body = Buffer.from('Action=Foo&Version=2026-11-28');
		return readXml((await api.dialect.answer({method: 'POST', path: '/', headers, body})).answer.body).namespace;
	};

	t.is(await namespaceFor('iam'), IAM);
	t.is(await namespaceFor('eim'), IAM);
	t.is(await namespaceFor('elasticloadbalancing'), ELB);
	t.is(await namespaceFor('lbu'), ELB);
	t.is(await namespaceFor(''), ELB);
});

test('an unknown action has the sentence of the cloud, and the log a hint', async t => {
	const api = new InMemoryAwsApi();

	const {answer, call} = await api.call('DescribeLoadBalancer');

	t.like(readXml(answer.body).value.Error, {
		Type: 'Sender',
		Code: 'InvalidAction',
		Message: 'Action is not valid for this web service: DescribeLoadBalancer',
	});
	t.deepEqual(call, {
		action: 'DescribeLoadBalancer',
		api: 'elb',
		status: 400,
		unread: [],
		error: {
			code: 'InvalidAction',
			details: 'DescribeLoadBalancer is not an action of the ELB or IAM API here; did you mean DescribeLoadBalancers?',
		},
	});
});

test('what has no effect here is told in the log of calls', async t => {
	const api = new InMemoryAwsApi();
	const parameters = newLoadBalancer('web', {
		'Subnets.member.1': 'subnet-12345678',
		'SecurityGroups.member.1': 'sg-12345678',
		X: 1,
	});
	const {'AvailabilityZones.member.1': _, ...inNet} = parameters as Record<string, string>;

	const {call} = await api.call('CreateLoadBalancer', inNet);

	t.deepEqual(call.unread, ['SecurityGroups', 'X']);
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
		const {answer, call} = await new InMemoryAwsApi().call(action);

		const {root, value} = readXml(answer.body);
		t.is(root, 'ErrorResponse');
		t.is(value.Error.Type, 'Sender');
		t.regex(value.Error.Code, /^(?:Invalid|Missing)Action$/);
		t.notRegex(answer.body, /[^\P{Cc}\n]|\p{Cs}/u);
		t.true(answer.body.length < 1000);
		t.true(call.action.length <= 100);
		t.false(JSON.stringify([answer, call]).includes('PRIVATE KEY-----'));
	});
}

test('what the control port refuses has the form of this API', async t => {
	const {dialect} = new InMemoryAwsApi();
	const refused = (status: number) => {
		const {body, status: answered} = dialect.refuse({status, reason: 'it is <so>'});
		const {Type, Code, Message} = readXml(body).value.Error;
		return [answered, Type, Code, Message];
	};

	t.deepEqual(refused(403), [403, 'Sender', 'AccessDenied', 'it is <so>']);
	t.deepEqual(refused(413), [413, 'Sender', 'ValidationError', 'it is <so>']);
	t.deepEqual(refused(500), [500, 'Receiver', 'InternalFailure', 'it is <so>']);
});

test('a bug of ours is answered as one, with nothing of it', async t => {
	const api = new InMemoryAwsApi();
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	api.store.failures.set('web', new TypeError('secret'));

	const {answer, call} = await api.call('CreateLoadBalancerListeners', {
		LoadBalancerName: 'web',
		'Listeners.member.1.Protocol': 'TCP',
		'Listeners.member.1.LoadBalancerPort': 81,
		'Listeners.member.1.InstancePort': 81,
	});

	t.is(answer.status, 500);
	t.like(readXml(answer.body).value.Error, {Type: 'Receiver', Code: 'InternalFailure'});
	t.false(answer.body.includes('secret'));
	t.is(call.error?.details, 'secret');
});

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
