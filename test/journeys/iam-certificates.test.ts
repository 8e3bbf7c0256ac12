import test, {type ExecutionContext} from 'ava';
import {startEmulator} from '../../src/index.ts';
import {type AwsCalls, type AwsClientUnderTest, awsClients} from '../helpers/aws-clients.ts';
import {pem} from '../helpers/project-certs.ts';

const KEYS = {accessKey: 'AKIDEXAMPLE000000000', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'};
const PAIR = {CertificateBody: pem('web.test.crt'), PrivateKey: pem('web.test.key')};
const NAME = {ServerCertificateName: 'site'};
const ORN = 'orn:ows:idauth::123456789012:server-certificate';

// Each call of the command line is a program that starts; it lives through aws-life.test.ts.
for (const client of awsClients().filter(({name}) => name !== 'the AWS command line')) {
	const title = `the whole life of server certificates, through ${client.name}`;
	if (client.missing === undefined) test(title, t => live(t, client));
	else test.skip(`${title}: ${client.missing}`, t => live(t, client));
}

/** Each answer as the client understands it, signed, with credentials that are verified. */
async function live(t: ExecutionContext, client: AwsClientUnderTest): Promise<void> {
	const emulator = await startEmulator({
		port: 0,
		config: {control: {credentials: {[KEYS.accessKey]: KEYS.secretKey}}},
	});
	t.teardown(() => emulator.stop());
	const {call} = await client.start(t, {endpoint: emulator.endpoint, ...KEYS});

	await uploadsAndReads(t, call);
	await lists(t, call);
	await movesUnderListeners(t, call);
	await isRefused(t, call);

	await call('elb', 'DeleteLoadBalancer', {LoadBalancerName: 'web'});
	await call('iam', 'DeleteServerCertificate', {ServerCertificateName: 'moved'});
	await t.throwsAsync(call('iam', 'GetServerCertificate', {ServerCertificateName: 'moved'}), {
		message: /^NoSuchEntity(Exception)?: The Server Certificate with name moved cannot be found\.$/,
	});
}

type Call = AwsCalls['call'];

async function uploadsAndReads(t: ExecutionContext, call: Call): Promise<void> {
	const Tags = [{Key: 'env', Value: 'test + more'}];
	const chain = `# of the authority\r\n${pem('authority.pem')}`;

	const {ServerCertificateMetadata: made, Tags: tags} = await call('iam', 'UploadServerCertificate', {
		...NAME,
		...PAIR,
		CertificateChain: chain,
		Path: '/team/',
		Tags,
	});
	const {ServerCertificate: read} = await call('iam', 'GetServerCertificate', NAME);

	t.is(made.Arn, `${ORN}/team/site`);
	t.deepEqual(tags, Tags);
	t.deepEqual(read.ServerCertificateMetadata, made);
	t.regex(read.ServerCertificateMetadata.ServerCertificateId, /^ASCA[A-Z0-9]{17}$/);
	t.is(read.CertificateBody, PAIR.CertificateBody);
	t.is(read.CertificateChain, chain);
	t.deepEqual(read.Tags, Tags);
	t.true(new Date(read.ServerCertificateMetadata.Expiration).getTime() > Date.now());
	t.false(JSON.stringify([made, read]).includes('PRIVATE KEY'));
}

async function lists(t: ExecutionContext, call: Call): Promise<void> {
	await call('iam', 'UploadServerCertificate', {ServerCertificateName: 'other', ...PAIR});
	const namesIn = (list: readonly Named[]) => list.map(({ServerCertificateName: name}) => name);

	const {ServerCertificateMetadataList: all, IsTruncated: isTruncated} = await call('iam', 'ListServerCertificates', {
		MaxItems: 1000,
	});
	const {ServerCertificateMetadataList: team} = await call('iam', 'ListServerCertificates', {PathPrefix: '/team/'});
	const {ServerCertificateMetadataList: none} = await call('iam', 'ListServerCertificates', {PathPrefix: '/nobody/'});

	t.deepEqual(namesIn(all), ['other', 'site']);
	t.deepEqual(namesIn(team), ['site']);
	t.deepEqual(namesIn(none), []);
	t.is(isTruncated ?? false, false);
}

interface Named {
	readonly ServerCertificateName: string;
}

async function movesUnderListeners(t: ExecutionContext, call: Call): Promise<void> {
	const listener = {Protocol: 'HTTPS', LoadBalancerPort: 443, InstanceProtocol: 'HTTP', InstancePort: 80};
	const byArn = `arn:aws:iam::123456789012:server-certificate/team/site`;
	await call('elb', 'CreateLoadBalancer', {
		LoadBalancerName: 'web',
		AvailabilityZones: ['eu-west-2a'],
		Listeners: [{...listener, SSLCertificateId: byArn}],
	});

	await call('iam', 'UpdateServerCertificate', {...NAME, NewServerCertificateName: 'moved', NewPath: '/new/'});

	const {LoadBalancerDescriptions: shown} = await call('elb', 'DescribeLoadBalancers', {});
	t.is(shown[0].ListenerDescriptions[0].Listener.SSLCertificateId, `${ORN}/new/moved`);
}

async function isRefused(t: ExecutionContext, call: Call): Promise<void> {
	const refusal = async (action: string, parameters: object) =>
		(await t.throwsAsync(call('iam', action, parameters)))?.message.replace(/^(\w+?)(?:Exception)?:/, '$1:') ?? '';

	t.is(
		await refusal('UploadServerCertificate', {ServerCertificateName: 'moved', ...PAIR}),
		'EntityAlreadyExists: The Server Certificate with name moved already exists.',
	);
	t.regex(
		await refusal('UploadServerCertificate', {...NAME, ...PAIR, PrivateKey: pem('shop.test.key')}),
		/^KeyPairMismatch: PrivateKey does not belong to the certificate/,
	);
	t.regex(
		await refusal('UploadServerCertificate', {...NAME, ...PAIR, CertificateBody: 'nothing'}),
		/^MalformedCertificate: CertificateBody is not PEM/,
	);
	t.regex(
		await refusal('DeleteServerCertificate', {ServerCertificateName: 'moved'}),
		/^DeleteConflict: Certificate: ASCA[A-Z0-9]{17} is currently in use by arn:aws:elasticloadbalancing:eu-west-2:123456789012:loadbalancer\/web\. /,
	);
	t.is(
		await refusal('UpdateServerCertificate', {ServerCertificateName: 'other', NewServerCertificateName: 'MOVED'}),
		'EntityAlreadyExists: The Server Certificate with name MOVED already exists.',
	);
}
