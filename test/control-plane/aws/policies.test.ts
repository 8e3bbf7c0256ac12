import test from 'ava';
import {InMemoryAwsApi, type InMemoryAwsOptions, type Parameters} from '../../helpers/in-memory-aws.ts';
import {pem} from '../../helpers/project-certs.ts';

const WEB = {LoadBalancerName: 'web'};
const POLICIES = 'SetLoadBalancerPoliciesOfListener';

/** `web` with an HTTPS listener that shows a certificate with an RSA key. */
async function withHttps(options: InMemoryAwsOptions = {}): Promise<InMemoryAwsApi> {
	const api = new InMemoryAwsApi(options);
	const {ServerCertificate: certificate} = await api.outscale.ok('CreateServerCertificate', {
		Name: 'site',
		Body: pem('rsa.web.test.crt'),
		PrivateKey: pem('rsa.web.test.key'),
	});
	await api.outscale.ok('CreateLoadBalancer', {
		...WEB,
		SubregionNames: ['eu-west-2a'],
		Listeners: [
			{
				LoadBalancerPort: 443,
				LoadBalancerProtocol: 'HTTPS',
				BackendPort: 80,
				BackendProtocol: 'HTTP',
				ServerCertificateId: certificate.Orn,
			},
		],
	});
	return api;
}

/** The parameters of attributes, all of them `true` unless a value is given. */
function attributes(...given: readonly (string | readonly [string, string])[]): Parameters {
	const entries = given.flatMap((each, index) => {
		const [name, value] = typeof each === 'string' ? [each, 'true'] : each;
		const at = `PolicyAttributes.member.${index + 1}`;
		return [
			[`${at}.AttributeName`, name],
			[`${at}.AttributeValue`, value],
		];
	});
	return Object.fromEntries(entries);
}

function negotiation(name: string, ...given: readonly (string | readonly [string, string])[]): Parameters {
	return {...WEB, PolicyName: name, PolicyTypeName: 'SSLNegotiationPolicyType', ...attributes(...given)};
}

function onListener(...names: readonly string[]): Parameters {
	const members = names.map((name, index) => [`PolicyNames.member.${index + 1}`, name]);
	return {...WEB, LoadBalancerPort: 443, ...(names.length === 0 ? {PolicyNames: ''} : Object.fromEntries(members))};
}

async function shown(api: InMemoryAwsApi) {
	const [web] = (await api.ok('DescribeLoadBalancers')).LoadBalancerDescriptions;
	return {
		listener: web.ListenerDescriptions[0].PolicyNames,
		others: web.Policies.OtherPolicies,
		sticky: web.Policies.LBCookieStickinessPolicies,
	};
}

test('a policy of AWS is enabled by its name, and is one of the load balancer from then on', async t => {
	const api = await withHttps();

	await api.ok(POLICIES, onListener('ELBSecurityPolicy-TLS-1-2-2017-01'));

	const name = 'ELBSecurityPolicy-TLS-1-2-2017-01';
	t.deepEqual(await shown(api), {listener: [name], others: [name], sticky: ''});
	const {PolicyDescriptions: described} = await api.ok('DescribeLoadBalancerPolicies', WEB);
	t.is(described[0].PolicyTypeName, 'SSLNegotiationPolicyType');
	t.deepEqual(described[0].PolicyAttributeDescriptions[0], {
		AttributeName: 'Reference-Security-Policy',
		AttributeValue: name,
	});
	await api.ok(POLICIES, onListener());
	t.deepEqual(await shown(api), {listener: '', others: [name], sticky: ''});
});

test('the OUTSCALE API shows policies of stickiness alone, and changes those alone', async t => {
	const api = await withHttps();
	await api.ok('CreateLBCookieStickinessPolicy', {...WEB, PolicyName: 'sticky'});
	await api.ok(POLICIES, onListener('ELBSecurityPolicy-2016-08', 'sticky'));
	const listenerOf = async () => (await api.outscale.read('web'))?.['Listeners'][0];

	t.deepEqual((await listenerOf()).PolicyNames, ['sticky']);
	await api.outscale.ok('UpdateLoadBalancer', {...WEB, LoadBalancerPort: 443, PolicyNames: []});

	t.is((await listenerOf()).PolicyNames, undefined);
	t.deepEqual((await shown(api)).listener, ['ELBSecurityPolicy-2016-08']);
	const update = {...WEB, LoadBalancerPort: 443, PolicyNames: ['ELBSecurityPolicy-2016-08']};
	t.regex(await api.outscale.refusal('UpdateLoadBalancer', update), /^400 5056/);
});

const OF_2014 = ['RC4-SHA', 'ECDHE-RSA-RC4-SHA'];
const UNREAD: readonly (readonly [string, string, Parameters, readonly string[]])[] = [
	[
		'attributes',
		'CreateLoadBalancerPolicy',
		negotiation('own', 'Protocol-TLSv1', 'Protocol-SSLv3', 'RC4-SHA', 'AES128-SHA', ['DES-CBC3-SHA', 'false']),
		['PolicyAttributes.member.2.AttributeName (SSLv3)', 'PolicyAttributes.member.3.AttributeName (RC4-SHA)'],
	],
	[
		'a reference',
		'CreateLoadBalancerPolicy',
		negotiation('own', ['Reference-Security-Policy', 'ELBSecurityPolicy-2014-10']),
		OF_2014.toReversed().map(
			cipher => `PolicyAttributes.member.1.AttributeValue (${cipher} of ELBSecurityPolicy-2014-10)`,
		),
	],
	[
		'a name',
		POLICIES,
		onListener('ELBSecurityPolicy-2014-10'),
		OF_2014.toReversed().map(cipher => `PolicyNames (${cipher} of ELBSecurityPolicy-2014-10)`),
	],
];
for (const [what, action, parameters, unread] of UNREAD) {
	test(`what OpenSSL lacks is told as without effect: ${what}`, async t => {
		const api = await withHttps();

		const {answer, call} = await api.call(action, parameters);

		t.is(answer.status, 200, answer.body);
		t.deepEqual(call.unread, unread);
	});
}

const REFUSED: readonly (readonly [string, readonly Parameters[], readonly string[], RegExp])[] = [
	[
		'nothing to negotiate with the certificate',
		[negotiation('ecdsa', 'Protocol-TLSv1.2', 'ECDHE-ECDSA-AES128-SHA256')],
		['ecdsa'],
		/^409 InvalidConfigurationRequest: policy "ecdsa" leaves nothing to negotiate on the listener of port 443/,
	],
	[
		'a protocol that OpenSSL lacks',
		[negotiation('ssl3', 'Protocol-SSLv3', 'AES128-SHA')],
		['ssl3'],
		/^409 InvalidConfigurationRequest: policy "ssl3" leaves nothing/,
	],
	[
		'two of SSL negotiation',
		[],
		['ELBSecurityPolicy-2016-08', 'ELBSecurityPolicy-2015-05'],
		/^409 InvalidConfigurationRequest: a listener has one SSL negotiation policy, and "ELBSecurityPolicy-2015-05"/,
	],
	[
		'a policy that AWS does not have',
		[],
		['ELBSecurityPolicy-2020-01'],
		/^400 PolicyNotFound: There is no policy with name/,
	],
];
for (const [what, policies, names, expected] of REFUSED) {
	test(`a listener is refused ${what}, and has what it had`, async t => {
		const api = await withHttps({dialect: 'aws'});
		for (const policy of policies) await api.ok('CreateLoadBalancerPolicy', policy);
		await api.ok(POLICIES, onListener('ELBSecurityPolicy-TLS-1-1-2017-01'));
		const {account} = api.store;

		t.regex(await api.refusal(POLICIES, onListener(...names)), expected);

		t.is(api.store.account.loadBalancers.get('web'), account.loadBalancers.get('web'));
		t.deepEqual((await shown(api)).listener, ['ELBSecurityPolicy-TLS-1-1-2017-01']);
	});
}

test('the types of policies are those that can be created', async t => {
	const api = new InMemoryAwsApi();

	const {PolicyTypeDescriptions: types} = await api.ok('DescribeLoadBalancerPolicyTypes');

	t.deepEqual(types.map(({PolicyTypeName: name}: {PolicyTypeName: string}) => name).sort(), [
		'AppCookieStickinessPolicyType',
		'BackendServerAuthenticationPolicyType',
		'LBCookieStickinessPolicyType',
		'ProxyProtocolPolicyType',
		'PublicKeyPolicyType',
		'SSLNegotiationPolicyType',
	]);
});

test('without a load balancer AWS’s own policies are described', async t => {
	const {PolicyDescriptions: described} = await new InMemoryAwsApi().ok('DescribeLoadBalancerPolicies');

	const names: string[] = described.map(({PolicyName: name}: {PolicyName: string}) => name);
	t.is(names[0], 'ELBSecurityPolicy-2016-08');
	t.is(names.filter(name => name.startsWith('ELBSecurityPolicy-')).length, 9);
	t.is(names.filter(name => name.startsWith('ELBSample-')).length, 4);
});
