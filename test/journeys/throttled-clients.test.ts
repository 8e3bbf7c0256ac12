import test, {type ExecutionContext} from 'ava';
import {type FaultRule, startEmulator} from '../../src/index.ts';
import {type AwsClientUnderTest, awsClients} from '../helpers/aws-clients.ts';
import {IS_FULL} from '../helpers/depth.ts';
import {authority} from '../helpers/emulator-scene.ts';

const KEYS = {accessKey: 'AKIDEXAMPLE000000000', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'};
const WEB = {
	LoadBalancerName: 'web',
	AvailabilityZones: ['eu-west-2a'],
	Listeners: [{Protocol: 'HTTP', LoadBalancerPort: 80, InstanceProtocol: 'HTTP', InstancePort: 80}],
};

for (const dialect of ['lbu', 'aws'] as const) {
	for (const client of awsClients().filter(({isSlow}) => IS_FULL || !isSlow)) {
		const title = `${client.name} gets through where ${dialect} throttles it`;
		if (client.missing === undefined) test(title, t => getThrough(t, client, dialect));
		else test.skip(`${title}: ${client.missing}`, t => getThrough(t, client, dialect));
	}
}

/** The retries that the client makes by itself, and what it says when they are not enough. */
async function getThrough(t: ExecutionContext, client: AwsClientUnderTest, dialect: 'lbu' | 'aws'): Promise<void> {
	const emulator = await startEmulator({port: 0, authority, config: dialect === 'aws' ? {control: {dialect}} : {}});
	t.teardown(() => emulator.stop());
	const api = await client.start(t, {endpoint: emulator.endpoint, ...KEYS});
	const inject = (rule: Omit<FaultRule, 'on'>) => emulator.inject({on: 'api', ...rule});

	const throttled = inject({do: {throttle: true}, operation: 'CreateLoadBalancer', times: 1});
	const {DNSName} = await api.call('elb', 'CreateLoadBalancer', WEB);
	t.regex(DNSName, /^web-/);
	t.is(throttled.hits, 1);
	t.deepEqual(
		emulator.calls.map(({action, status}) => `${action} ${status}`),
		[`CreateLoadBalancer ${dialect === 'aws' ? 400 : 503}`, 'CreateLoadBalancer 200'],
	);

	const unavailable = inject({do: {status: 503}, operation: 'ListServerCertificates', times: 1});
	await api.call('iam', 'ListServerCertificates');
	t.is(unavailable.hits, 1);

	// What is no fault of the moment is not tried again.
	const refused = inject({do: {status: 400, code: 'TooManyLoadBalancers', body: 'Exceeded quota'}});
	await t.throwsAsync(api.call('elb', 'CreateLoadBalancer', {...WEB, LoadBalancerName: 'shop'}), {
		message: /TooManyLoadBalancers|TooManyAccessPoints/,
	});
	t.is(refused.hits, 1);
	refused.remove();
}
