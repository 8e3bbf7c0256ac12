import test from 'ava';
import {startEmulator} from '../../../src/index.ts';
import {call, creation, done} from '../../helpers/cloud-api.ts';
import {OutscaleHouse, pem} from '../../helpers/outscale-house.ts';

// What a request of 4 MiB may hold. A test that fails here takes minutes, or the memory of the machine.

const LISTENER = {LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP', BackendPort: 80};

async function house(): Promise<OutscaleHouse> {
	const made = new OutscaleHouse();
	await made.ok('CreateLoadBalancer', {
		LoadBalancerName: 'web',
		SubregionNames: ['eu-west-2a'],
		Listeners: [LISTENER],
	});
	return made;
}

test('a name that is given 200,000 times is one load balancer', async t => {
	const cloud = await house();
	const LoadBalancerNames = Array(200_000).fill('web');
	const Tags = Array.from({length: 1000}, (_, index) => ({Key: `key-${index}`, Value: 'v'}));

	await cloud.ok('CreateLoadBalancerTags', {LoadBalancerNames, Tags});
	t.is((await cloud.ok('ReadLoadBalancerTags', {LoadBalancerNames}))['Tags'].length, 1000);

	await cloud.ok('DeleteLoadBalancerTags', {LoadBalancerNames, Tags: Tags.map(({Key}) => ({Key}))});
	t.deepEqual((await cloud.ok('ReadLoadBalancerTags', {LoadBalancerNames}))['Tags'], []);
});

test('20,000 VMs are registered and taken away, and calls between cost what they touch', async t => {
	await using emulator = await startEmulator();
	await done(emulator, 'CreateLoadBalancer', creation('web'));
	const ids = Array.from({length: 20_000}, (_, index) => `i-${index.toString(16).padStart(8, '0')}`);
	const [first = '', ...others] = ids;
	const LoadBalancerName = 'web';

	await done(emulator, 'LinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds: [...ids, ...ids]});
	await done(emulator, 'UnlinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds: [first, first]});
	await done(emulator, 'LinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds: [first]});
	t.is(emulator.get('web').backends.length, 20_000);
	await done(emulator, 'UnlinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds: others});

	t.deepEqual(
		emulator.get('web').backends.map(({name}) => name),
		[first],
	);
});

const LINES = '\n'.repeat(1_900_000);
const BLOCK = '-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n';
const BAD_PEM = {
	'one block of empty lines': [`-----BEGIN CERTIFICATE-----${LINES}-----END CERTIFICATE-----`, /line 1 is empty$/],
	'60,000 blocks': [BLOCK.repeat(60_000), /holds no certificate but "NOTHING"$/],
	'2,000 certificates': [pem('web.test.crt').repeat(2000), /^Body holds 2000 certificates; allowed are at most 100$/],
} as const;

for (const [title, [Body, details]] of Object.entries(BAD_PEM)) {
	test(`PEM text of 4 MiB is judged in one pass: ${title}`, async t => {
		await using emulator = await startEmulator();

		const {status, body} = await call(emulator, 'CreateServerCertificate', {
			Name: 'web',
			Body,
			PrivateKey: pem('web.test.key'),
		});

		t.is(status, 400);
		t.regex(body.Errors[0].Details, details);
	});
}

test('a body that is too large is refused in the form of the cloud', async t => {
	await using emulator = await startEmulator();

	const {status, body} = await call(emulator, 'CreateServerCertificate', {Body: 'x'.repeat(10 * 1024 * 1024)});

	t.is(status, 413);
	t.like(body.Errors[0], {
		Code: '4045',
		Type: 'InvalidParameterValue',
		Details: 'the body is too large; allowed are 4194304 bytes',
	});
	t.regex(body.ResponseContext.RequestId, /^[0-9a-f-]{36}$/);
});

test('what is kept of a call is bounded, whatever its fields are called', async t => {
	await using emulator = await startEmulator();
	const names = Array.from({length: 9000}, (_, index) => `${index}-${'x'.repeat(400)}`);
	const Filters = Object.fromEntries(['-----BEGIN PRIVATE KEY-----', ...names].map(name => [name, []]));

	await done(emulator, 'ReadVms', {Filters});

	const unread = emulator.calls.at(-1)?.unread ?? [];
	t.is(unread.length, 50);
	t.true(unread.every(path => path.length <= 101));
	t.true(unread.includes('(private key)'));
	t.notRegex(JSON.stringify(emulator.calls), /BEGIN/);
});
