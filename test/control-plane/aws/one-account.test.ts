import test from 'ava';
import {InMemoryAwsApi, newLoadBalancer} from '../../helpers/in-memory-aws.ts';
import {pem} from '../../helpers/project-certs.ts';

const WEB = {LoadBalancerName: 'web'};
const ORN = 'orn:ows:idauth::123456789012:server-certificate/web';
const VM = 'i-0000000a';

/** Everything that both APIs have a word for, made through the OUTSCALE API. */
async function madeByOutscale(): Promise<InMemoryAwsApi> {
	const api = new InMemoryAwsApi({accessLogFolder: '/logs'});
	const {outscale} = api;
	await outscale.ok('CreateServerCertificate', {
		Name: 'web',
		Body: pem('web.test.crt'),
		PrivateKey: pem('web.test.key'),
	});
	await outscale.ok('CreateLoadBalancer', {
		...WEB,
		Listeners: [
			{
				...{LoadBalancerPort: 443, LoadBalancerProtocol: 'HTTPS', ServerCertificateId: ORN},
				...{BackendPort: 8080, BackendProtocol: 'HTTP'},
			},
		],
		Subnets: ['subnet-12345678'],
		SecurityGroups: ['sg-12345678'],
		LoadBalancerType: 'internal',
		Tags: [{Key: 'a', Value: 'b'}],
	});
	await outscale.ok('CreateLoadBalancerPolicy', {
		...{...WEB, PolicyName: 'own', PolicyType: 'load_balancer', CookieExpirationPeriod: 60},
	});
	await outscale.ok('CreateLoadBalancerPolicy', {...WEB, PolicyName: 'app', PolicyType: 'app', CookieName: 'sid'});
	await outscale.ok('UpdateLoadBalancer', {
		...{...WEB, LoadBalancerPort: 443, PolicyNames: ['own'], SecuredCookies: true},
		AccessLog: {IsEnabled: true, OsuBucketName: 'bucket', OsuBucketPrefix: 'p', PublicationInterval: 5},
		HealthCheck: {
			...{Protocol: 'HTTP', Port: 8080, Path: '/health', CheckInterval: 20},
			...{Timeout: 4, HealthyThreshold: 3, UnhealthyThreshold: 4},
		},
	});
	await outscale.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: [VM], BackendIps: ['10.0.0.9']});
	return api;
}

test('what is made through the OUTSCALE API is read through the ELB API', async t => {
	const api = await madeByOutscale();

	const {LoadBalancerDescriptions: described} = await api.ok('DescribeLoadBalancers');
	const {LoadBalancerAttributes: attributes} = await api.ok('DescribeLoadBalancerAttributes', WEB);
	const {TagDescriptions: tags} = await api.ok('DescribeTags', {'LoadBalancerNames.member.1': 'web'});
	const {InstanceStates: health} = await api.ok('DescribeInstanceHealth', WEB);

	const read = await api.outscale.read('web');
	t.is(described.length, 1);
	t.like(described[0], {
		LoadBalancerName: 'web',
		DNSName: read?.['DnsName'],
		Scheme: 'internal',
		AvailabilityZones: read?.['SubregionNames'],
		Subnets: ['subnet-12345678'],
		VPCId: read?.['NetId'],
		SecurityGroups: ['sg-12345678'],
		SourceSecurityGroup: {OwnerAlias: '123456789012', GroupName: 'sg-12345678'},
		Instances: [{InstanceId: VM}],
		HealthCheck: {
			...{Target: 'HTTP:8080/health', Interval: '20', Timeout: '4'},
			...{HealthyThreshold: '3', UnhealthyThreshold: '4'},
		},
		ListenerDescriptions: [
			{
				Listener: {
					...{Protocol: 'HTTPS', LoadBalancerPort: '443', InstanceProtocol: 'HTTP', InstancePort: '8080'},
					SSLCertificateId: ORN,
				},
				PolicyNames: ['own'],
			},
		],
		Policies: {
			AppCookieStickinessPolicies: [{PolicyName: 'app', CookieName: 'sid'}],
			LBCookieStickinessPolicies: [{PolicyName: 'own', CookieExpirationPeriod: '60'}],
			OtherPolicies: '',
		},
		BackendServerDescriptions: '',
	});
	t.like(attributes.AccessLog, {Enabled: 'true', S3BucketName: 'bucket', S3BucketPrefix: 'p', EmitInterval: '5'});
	t.deepEqual(
		attributes.AdditionalAttributes.find(({Key}: {Key: string}) => Key === 'SecuredCookies'),
		{Key: 'SecuredCookies', Value: 'true'},
	);
	t.deepEqual(tags, [{...WEB, Tags: [{Key: 'a', Value: 'b'}]}]);
	t.deepEqual(
		health.map(({InstanceId, State}: {InstanceId: string; State: string}) => [InstanceId, State]),
		[[VM, 'OutOfService']],
	);
	const {ServerCertificate: certificate} = await api.ok('GetServerCertificate', {ServerCertificateName: 'web'});
	t.is(certificate.ServerCertificateMetadata.Arn, ORN);
	t.is(certificate.CertificateBody, pem('web.test.crt'));
});

test('what is made through the ELB and IAM APIs is read through the OUTSCALE API', async t => {
	const api = new InMemoryAwsApi({accessLogFolder: '/logs'});
	await api.ok('UploadServerCertificate', {
		ServerCertificateName: 'web',
		CertificateBody: pem('web.test.crt'),
		PrivateKey: pem('web.test.key'),
	});
	await api.ok(
		'CreateLoadBalancer',
		newLoadBalancer('web', {
			...{'Listeners.member.2.Protocol': 'https', 'Listeners.member.2.LoadBalancerPort': 443},
			...{'Listeners.member.2.InstancePort': 80, 'Listeners.member.2.InstanceProtocol': 'http'},
			...{'Listeners.member.2.SSLCertificateId': ORN, 'Tags.member.1.Key': 'a', 'Tags.member.1.Value': 'b'},
		}),
	);
	await api.ok('RegisterInstancesWithLoadBalancer', {...WEB, 'Instances.member.1.InstanceId': VM});
	await api.ok('ConfigureHealthCheck', {
		...{...WEB, 'HealthCheck.Target': 'HTTP:80/health', 'HealthCheck.Interval': 20, 'HealthCheck.Timeout': 4},
		...{'HealthCheck.HealthyThreshold': 3, 'HealthCheck.UnhealthyThreshold': 4},
	});
	await api.ok('CreateLBCookieStickinessPolicy', {...WEB, PolicyName: 'own'});
	await api.ok('CreateAppCookieStickinessPolicy', {...WEB, PolicyName: 'app', CookieName: 'sid'});
	await api.ok('SetLoadBalancerPoliciesOfListener', {
		...{...WEB, LoadBalancerPort: 443, 'PolicyNames.member.1': 'app'},
	});
	await api.ok('ModifyLoadBalancerAttributes', {
		...{...WEB, 'LoadBalancerAttributes.AccessLog.Enabled': true},
		...{'LoadBalancerAttributes.AccessLog.S3BucketName': 'bucket', 'LoadBalancerAttributes.AccessLog.EmitInterval': 5},
		...{'LoadBalancerAttributes.AdditionalAttributes.member.1.Key': 'SecuredCookies'},
		...{'LoadBalancerAttributes.AdditionalAttributes.member.1.Value': 'true'},
	});

	const read = await api.outscale.read('web');

	t.like(read, {
		LoadBalancerName: 'web',
		LoadBalancerType: 'internet-facing',
		SubregionNames: ['eu-west-2a'],
		BackendVmIds: [VM],
		SecuredCookies: true,
		AccessLog: {IsEnabled: true, OsuBucketName: 'bucket', PublicationInterval: 5},
		ApplicationStickyCookiePolicies: [{CookieName: 'sid', PolicyName: 'app'}],
		LoadBalancerStickyCookiePolicies: [{CookieExpirationPeriod: 1, PolicyName: 'own'}],
		HealthCheck: {
			...{CheckInterval: 20, HealthyThreshold: 3, Path: '/health', Port: 80},
			...{Protocol: 'HTTP', Timeout: 4, UnhealthyThreshold: 4},
		},
		Listeners: [
			{BackendPort: 80, BackendProtocol: 'HTTP', LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP'},
			{
				...{BackendPort: 80, BackendProtocol: 'HTTP', LoadBalancerPort: 443, LoadBalancerProtocol: 'HTTPS'},
				...{PolicyNames: ['app'], ServerCertificateId: ORN},
			},
		],
		Tags: [{Key: 'a', Value: 'b'}],
	});
	t.deepEqual(
		Object.keys(read?.['Listeners'][0] ?? {}).includes('PolicyNames'),
		false,
		'absent where nothing is enabled',
	);
	const {ServerCertificates: certificates} = await api.outscale.ok('ReadServerCertificates');
	t.like(certificates, [{Name: 'web', Orn: ORN, Path: '/'}]);
	t.is(
		await api.outscale.refusal('CreateLoadBalancer', {
			...WEB,
			SubregionNames: ['eu-west-2a'],
			Listeners: [{LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP', BackendPort: 80}],
		}),
		'409 9013: load balancer "web" exists already',
	);
});
