import test from 'ava';
import fc from 'fast-check';
import {readXml} from '../../helpers/aws-xml.ts';
import {runs} from '../../helpers/depth.ts';
import {formOf, InMemoryAwsApi, newLoadBalancer} from '../../helpers/in-memory-aws.ts';

async function someAccount(): Promise<InMemoryAwsApi> {
	const api = new InMemoryAwsApi();
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	return api;
}

const KEY = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----';
const CREATE = 'Action=CreateLoadBalancer&LoadBalancerName=api';

/** Each is refused with 400 in the API's form, and nothing is changed. */
const REFUSED: Readonly<Record<string, string>> = {
	nothing: '',
	'an empty action': 'Action=',
	'an action that is a structure': 'Action.x=CreateLoadBalancer',
	'the name of a method of every object': 'Action=constructor',
	'__proto__ as an action': 'Action=__proto__',
	'two actions': 'Action=DeleteLoadBalancer&Action=CreateLoadBalancer',
	'JSON in place of a form': '{"LoadBalancerName":"api"}',
	'bytes that are no UTF-8': `${CREATE}&Listeners.member.1.Protocol=%ff%fe`,
	'a lone percent sign': `${CREATE}%&Listeners=%%%`,
	'more parameters than anybody sends': `${CREATE}&${Array.from({length: 10_001}, (_, n) => `x${n}=1`).join('&')}`,
	'a name of 100,000 parts': `${CREATE}&${'a.'.repeat(100_000)}b=1`,
	'a list in a list': `${CREATE}&Listeners.member.1.member.1.Protocol=HTTP`,
	'a list without its word': `${CREATE}&Listeners.1.Protocol=HTTP`,
	'a list with more than its word': `${CREATE}&Listeners.member.1.Protocol=HTTP&Listeners.entry.1.Protocol=HTTP`,
	'an item without a number': `${CREATE}&Listeners.member.first.Protocol=HTTP`,
	'a negative item': `${CREATE}&Listeners.member.-1.Protocol=HTTP`,
	'an item that is text': `${CREATE}&Listeners.member.1=HTTP`,
	'a list of structures where text is wanted': 'Action=DescribeLoadBalancers&LoadBalancerNames.member.1.Name=web',
	'text and a structure': `${CREATE}&Listeners=x&Listeners.member.1.Protocol=HTTP`,
	'a structure and text': `${CREATE}&Listeners.member.1.Protocol=HTTP&Listeners.member.1=x`,
	'a number beyond all numbers': `${CREATE}&Listeners.member.1.LoadBalancerPort=${'9'.repeat(400)}`,
	'a fraction': `${CREATE}&Listeners.member.1.LoadBalancerPort=80.5`,
	'a number in words': `${CREATE}&Listeners.member.1.LoadBalancerPort=0x50`,
	'a private key as a name': `Action=DescribeLoadBalancers&LoadBalancerNames.member.1=${encodeURIComponent(KEY)}`,
	'a private key as a parameter': `${CREATE}&${encodeURIComponent(KEY)}=1&${encodeURIComponent(KEY)}=2`,
	'markup as a name': `Action=DescribeLoadBalancers&LoadBalancerNames.member.1=${encodeURIComponent(']]></Message><Code>&x;')}`,
	'a name of 100,000 characters': `Action=DescribeLoadBalancers&LoadBalancerNames.member.1=${'x'.repeat(100_000)}`,
	'a marker of 100,000 characters': `Action=DescribeLoadBalancers&Marker=${'x'.repeat(100_000)}`,
};

for (const [what, form] of Object.entries(REFUSED)) {
	test(`${what} is refused, and changes nothing`, async t => {
		const api = await someAccount();
		const before = api.store.account;

		const {answer, call} = await api.send(form);

		t.is(answer.status, 400, answer.body);
		const {root, value} = readXml(answer.body);
		t.is(root, 'ErrorResponse');
		t.is(value.Error.Type, 'Sender');
		t.true(value.Error.Message.length > 0 && value.Error.Code.length > 0);
		t.true(answer.body.length < 4000, `${answer.body.length} characters`);
		t.notRegex(JSON.stringify([answer, call]), /MIIE|BEGIN RSA/);
		t.is(api.store.account, before);
	});
}

test('items of a list stand in the order of their numbers, with gaps, and in any order of the request', async t => {
	const api = new InMemoryAwsApi();
	const numbers = [10, 9, 300, 1];
	const listeners = numbers.map(n => [
		[`Listeners.member.${n}.Protocol`, 'tcp'],
		[`Listeners.member.${n}.LoadBalancerPort`, 1000 + n],
		[`Listeners.member.${n}.InstancePort`, 80],
	]);
	await api.ok('CreateLoadBalancer', {
		...{LoadBalancerName: 'web', 'AvailabilityZones.member.1': 'eu-west-2a'},
		...Object.fromEntries(listeners.flat()),
	});

	const {LoadBalancerDescriptions: described} = await api.ok('DescribeLoadBalancers');

	t.deepEqual(
		described[0].ListenerDescriptions.map(
			({Listener}: {Listener: {LoadBalancerPort: string}}) => Listener.LoadBalancerPort,
		),
		['1001', '1009', '1010', '1300'],
	);
});

test('a name that is asked for 9,000 times is described once', async t => {
	const api = await someAccount();
	const names = Array.from({length: 9000}, (_, n) => [`LoadBalancerNames.member.${n + 1}`, 'web']);

	const {LoadBalancerDescriptions: described} = await api.ok('DescribeLoadBalancers', Object.fromEntries(names));

	t.is(described.length, 1);
});

const word = fc.constantFrom(
	...[
		'LoadBalancerName',
		'Listeners',
		'member',
		'1',
		'2',
		'Protocol',
		'LoadBalancerPort',
		'InstancePort',
		'Tags',
		'Key',
	],
	...[
		'Instances',
		'InstanceId',
		'PolicyNames',
		'HealthCheck',
		'Target',
		'',
		'__proto__',
		'constructor',
		'Marker',
		'DryRun',
	],
);
const value = fc.oneof(
	fc.constantFrom('web', 'HTTP', '80', '0', '-1', '', 'true', 'i-00000001', 'eu-west-2a', 'HTTP:80/'),
	fc.string({unit: 'binary', maxLength: 20}),
);
const parameter = fc.tuple(fc.array(word, {minLength: 1, maxLength: 5}), value);
const action = fc.constantFrom(
	...['CreateLoadBalancer', 'DescribeLoadBalancers', 'DeleteLoadBalancer', 'CreateLoadBalancerListeners'],
	...['DeleteLoadBalancerListeners', 'SetLoadBalancerListenerSSLCertificate', 'RegisterInstancesWithLoadBalancer'],
	...['ConfigureHealthCheck', 'AddTags', 'CreateLoadBalancerPolicy', 'SetLoadBalancerPoliciesOfListener'],
	...['ModifyLoadBalancerAttributes', 'UploadServerCertificate', 'UpdateServerCertificate', 'Foo'],
);

test('whatever is sent is answered with well-formed XML, never as a bug, and a refusal changes nothing', async t => {
	const api = await someAccount();
	await fc.assert(
		fc.asyncProperty(action, fc.array(parameter, {maxLength: 8}), async (name, parameters) => {
			const before = api.store.account;
			const pairs = parameters.map(([path, text]): [string, string] => [path.join('.'), text]);
			const form = new URLSearchParams([['Action', name], ...pairs]);

			const {answer, call} = await api.send(form.toString());

			readXml(answer.body);
			t.true(answer.status < 500, `${form}: ${answer.body}`);
			t.is(call.status, answer.status);
			if (answer.status !== 200) t.is(api.store.account, before);
		}),
		{numRuns: runs(3000)},
	);
});

test('what is written into an answer is read back as it was sent', async t => {
	await fc.assert(
		fc.asyncProperty(fc.string({unit: 'grapheme', minLength: 1, maxLength: 60}), async text => {
			const api = new InMemoryAwsApi();
			const tags = {'Tags.member.1.Key': 'a', 'Tags.member.1.Value': text};
			await api.ok('CreateLoadBalancer', newLoadBalancer('web', tags));
			t.is(api.store.account.loadBalancers.get('web')?.tags.get('a'), text);
			t.true(formOf('X', tags).length > 0);
		}),
		{numRuns: runs(500)},
	);
});
