import test, {type ExecutionContext} from 'ava';
import {type Emulator, startEmulator} from '../../src/index.ts';
import {type AwsCalls, type AwsClientUnderTest, awsClients} from '../helpers/aws-clients.ts';
import {IS_FULL} from '../helpers/depth.ts';
import {startVm, type Upload, upload} from '../helpers/journey-vms.ts';
import type {Answered} from '../helpers/outscale-api.ts';
import {fetchSigned} from '../helpers/outscale-clients.ts';
import {sample} from '../helpers/pem-samples.ts';
import {refusalAt} from '../helpers/ports.ts';
import {type Asked, getOverTls} from '../helpers/tls-clients.ts';

const KEYS = {accessKey: 'AKIDEXAMPLE000000000', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'};
const [FIRST, SECOND] = ['i-0000000a', 'i-0000000b'];
const WEB = {LoadBalancerName: 'web'};

const root = sample({name: 'root', ca: true});
const made = {old: upload('web.test', root), fresh: upload('web.test', root)};

for (const client of awsClients().filter(({isSlow}) => IS_FULL || !isSlow)) {
	const title = `the whole life of a load balancer, through ${client.name}`;
	if (client.missing === undefined) test(title, t => live(t, client));
	else test.skip(`${title}: ${client.missing}`, t => live(t, client));
}

interface Life extends AwsCalls {
	readonly emulator: Emulator;
}

/** Everything a user does with the APIs, in the order of a life, each step seen in the traffic. */
async function live(t: ExecutionContext, client: AwsClientUnderTest): Promise<void> {
	const [first, second] = [await startVm(t, 'first'), await startVm(t, 'second')];
	const emulator = await startEmulator({
		port: 0,
		config: {
			control: {credentials: {[KEYS.accessKey]: KEYS.secretKey}},
			backends: {first: {host: '127.0.0.1', ports: first.ports}, second: {host: '127.0.0.1', ports: second.ports}},
			vms: {[FIRST]: 'first', [SECOND]: 'second'},
		},
	});
	t.teardown(() => emulator.stop());
	const calls = await client.start(t, {endpoint: emulator.endpoint, ...KEYS});
	const life = {...calls, emulator};

	const arns = {old: await uploadCertificate(t, life, 'old'), fresh: await uploadCertificate(t, life, 'fresh')};
	await createLoadBalancer(t, life, arns.old);
	await registerInstances(t, life);
	const port = emulator.get('web').listeners.find(listener => listener.port === 443)?.boundPort ?? 0;
	const web: Asked = {port, ca: root.cert, name: 'web.test'};
	await trafficFlows(t, web, made.old);
	await readsAlike(t, life, arns.old);
	await staysWithCookie(t, life, web);
	await swapsCertificate(t, life, web, arns.fresh);
	await changesAttributes(t, life);
	await deregisters(t, life, web);
	await leaves(t, life, port);
}

async function uploadCertificate(t: ExecutionContext, {call}: Life, name: 'old' | 'fresh'): Promise<string> {
	const {Body: CertificateBody, PrivateKey, Chain: CertificateChain} = made[name];
	const ServerCertificateName = name;
	const uploaded = await call('iam', 'UploadServerCertificate', {
		...{ServerCertificateName, CertificateBody, PrivateKey, CertificateChain},
	});
	t.notRegex(JSON.stringify(uploaded), /PRIVATE KEY/);

	const {ServerCertificate: read} = await call('iam', 'GetServerCertificate', {ServerCertificateName});

	t.is(read.CertificateBody, CertificateBody);
	t.is(read.CertificateChain, CertificateChain);
	t.notRegex(JSON.stringify(read), /PRIVATE KEY/);
	t.deepEqual(read.ServerCertificateMetadata, uploaded['ServerCertificateMetadata']);
	return read.ServerCertificateMetadata.Arn;
}

async function createLoadBalancer(t: ExecutionContext, {call}: Life, SSLCertificateId: string): Promise<void> {
	const creation = {
		...WEB,
		AvailabilityZones: ['eu-west-2a'],
		Listeners: [
			{
				...{Protocol: 'HTTPS', LoadBalancerPort: 443, SSLCertificateId},
				...{InstanceProtocol: 'HTTP', InstancePort: 80},
			},
		],
		Tags: [{Key: 'project', Value: 'ä & <b> + "c"'}],
	};
	const created = await call('elb', 'CreateLoadBalancer', creation);
	t.regex(created['DNSName'], /^web-\d{9}\.eu-west-2\.lbu\.outscale\.com$/);
	t.deepEqual(await call('elb', 'CreateLoadBalancer', creation), created, 'the same again is no error');
	await t.throwsAsync(call('elb', 'CreateLoadBalancer', {...creation, Tags: [{Key: 'other', Value: ''}]}), {
		message: /^DuplicateLoadBalancerName|^DuplicateAccessPointNameException/,
	});
	const HealthCheck = {
		...{Target: 'HTTP:80/health', Interval: 5, Timeout: 2, HealthyThreshold: 2, UnhealthyThreshold: 2},
	};
	const configured = await call('elb', 'ConfigureHealthCheck', {...WEB, HealthCheck});
	t.deepEqual(configured['HealthCheck'], HealthCheck);
	const {TagDescriptions: tags} = await call('elb', 'DescribeTags', {LoadBalancerNames: ['web']});
	t.deepEqual(tags, [{...WEB, Tags: creation.Tags}]);
}

async function registerInstances(t: ExecutionContext, {call, wait}: Life): Promise<void> {
	const Instances = [{InstanceId: FIRST}, {InstanceId: SECOND}];
	const registered = await call('elb', 'RegisterInstancesWithLoadBalancer', {...WEB, Instances});
	t.deepEqual(registered['Instances'], Instances);

	await wait('InstanceInService', {...WEB, Instances});

	const {InstanceStates: states} = await call('elb', 'DescribeInstanceHealth', WEB);
	t.deepEqual(
		states.map(({InstanceId, State, ReasonCode}: Answered) => [InstanceId, State, ReasonCode]),
		[
			[FIRST, 'InService', 'N/A'],
			[SECOND, 'InService', 'N/A'],
		],
	);
}

async function trafficFlows(t: ExecutionContext, web: Asked, {fingerprint}: Upload): Promise<void> {
	const answers = [await getOverTls(web, '/a'), await getOverTls(web, '/b')];
	t.deepEqual(answers.map(({body}) => body).sort(), ['first https /a', 'second https /b']);
	t.deepEqual(new Set(answers.map(each => each.fingerprint)), new Set([fingerprint]));
}

/** The same load balancer, read through both APIs; the OUTSCALE API's is signed with the same keys. */
async function readsAlike(t: ExecutionContext, {call, emulator}: Life, arn: string): Promise<void> {
	const {LoadBalancerDescriptions: all} = await call('elb', 'DescribeLoadBalancers', {LoadBalancerNames: ['web']});
	t.like(all[0], {
		...WEB,
		AvailabilityZones: ['eu-west-2a'],
		Instances: [{InstanceId: FIRST}, {InstanceId: SECOND}],
		HealthCheck: {Target: 'HTTP:80/health', Interval: 5, Timeout: 2, HealthyThreshold: 2, UnhealthyThreshold: 2},
		ListenerDescriptions: [
			{
				Listener: {
					...{Protocol: 'HTTPS', LoadBalancerPort: 443, InstanceProtocol: 'HTTP', InstancePort: 80},
					SSLCertificateId: arn,
				},
				PolicyNames: [],
			},
		],
	});
	const outscale = fetchSigned({endpoint: emulator.endpoint, ...KEYS});
	const {LoadBalancers: read} = await outscale('ReadLoadBalancers');
	t.is(read.length, 1);
	t.like(read[0], {
		...WEB,
		DnsName: all[0].DNSName,
		SubregionNames: ['eu-west-2a'],
		BackendVmIds: [FIRST, SECOND],
		HealthCheck: {Protocol: 'HTTP', Port: 80, Path: '/health', CheckInterval: 5},
		Tags: [{Key: 'project', Value: 'ä & <b> + "c"'}],
		Listeners: [
			{
				...{LoadBalancerProtocol: 'HTTPS', LoadBalancerPort: 443, BackendProtocol: 'HTTP', BackendPort: 80},
				ServerCertificateId: arn,
			},
		],
	});
	const {ServerCertificates: certificates} = await outscale('ReadServerCertificates');
	t.deepEqual(
		certificates.map(({Name}: Answered) => Name),
		['old', 'fresh'],
	);
}

async function staysWithCookie(t: ExecutionContext, {call}: Life, web: Asked): Promise<void> {
	const PolicyName = 'sticky';
	await call('elb', 'CreateLBCookieStickinessPolicy', {...WEB, PolicyName, CookieExpirationPeriod: 300});
	const listener = {...WEB, LoadBalancerPort: 443};
	await call('elb', 'SetLoadBalancerPoliciesOfListener', {...listener, PolicyNames: [PolicyName]});

	const {body, cookies} = await getOverTls(web, '/');

	t.regex(cookies[0] ?? '', /^AWSELB=.+Max-Age=300/i);
	const cookie = (cookies[0] ?? '').split(';', 1)[0] ?? '';
	for (let i = 0; i < 3; i++) t.is((await getOverTls(web, '/', {Cookie: cookie})).body, body);
	await call('elb', 'SetLoadBalancerPoliciesOfListener', {...listener, PolicyNames: []});
	t.deepEqual((await getOverTls(web, '/')).cookies, []);
	await call('elb', 'DeleteLoadBalancerPolicy', {...WEB, PolicyName});
}

async function swapsCertificate(t: ExecutionContext, {call}: Life, web: Asked, arn: string): Promise<void> {
	await call('elb', 'SetLoadBalancerListenerSSLCertificate', {...WEB, LoadBalancerPort: 443, SSLCertificateId: arn});
	t.is((await getOverTls(web, '/')).fingerprint, made.fresh.fingerprint);
	await call('iam', 'DeleteServerCertificate', {ServerCertificateName: 'old'});
	await t.throwsAsync(call('iam', 'DeleteServerCertificate', {ServerCertificateName: 'fresh'}), {
		message: /^DeleteConflict/,
	});
}

async function changesAttributes(t: ExecutionContext, {call}: Life): Promise<void> {
	const LoadBalancerAttributes = {
		ConnectionSettings: {IdleTimeout: 30},
		ConnectionDraining: {Enabled: true, Timeout: 20},
	};
	await call('elb', 'ModifyLoadBalancerAttributes', {...WEB, LoadBalancerAttributes});
	const {LoadBalancerAttributes: read} = await call('elb', 'DescribeLoadBalancerAttributes', WEB);
	t.like(read, {...LoadBalancerAttributes, CrossZoneLoadBalancing: {Enabled: false}});
}

async function deregisters(t: ExecutionContext, {call, wait}: Life, web: Asked): Promise<void> {
	const Instances = [{InstanceId: FIRST}];
	const left = await call('elb', 'DeregisterInstancesFromLoadBalancer', {...WEB, Instances});
	t.deepEqual(left['Instances'], [{InstanceId: SECOND}]);
	await wait('InstanceDeregistered', {...WEB, Instances});
	t.is((await getOverTls(web, '/c')).body, 'second https /c');
}

async function leaves(t: ExecutionContext, {call, emulator}: Life, port: number): Promise<void> {
	await call('elb', 'DeleteLoadBalancer', WEB);
	await call('elb', 'DeleteLoadBalancer', WEB);
	t.deepEqual((await call('elb', 'DescribeLoadBalancers'))['LoadBalancerDescriptions'], []);
	t.is(await refusalAt(port), 'ECONNREFUSED');
	t.deepEqual(emulator.loadBalancers, []);
}
