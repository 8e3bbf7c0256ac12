import test from 'ava';
import {type Emulator, startEmulator} from '../../src/index.ts';

async function call(emulator: Emulator, action: string, body: unknown = {}) {
	const response = await fetch(`${emulator.endpoint}/api/v1/${action}`, {
		method: 'POST',
		body: typeof body === 'string' ? body : JSON.stringify(body),
	});
	// biome-ignore lint/suspicious/noExplicitAny: answers have many shapes.
	return {status: response.status, answer: (await response.json()) as any};
}

test('a load balancer of the API is one of the library, under the name and Region that the API tells', async t => {
	await using emulator = await startEmulator({config: {account: {region: 'us-east-2'}}});
	const create = (LoadBalancerName: string, more: object) =>
		call(emulator, 'CreateLoadBalancer', {
			LoadBalancerName,
			Listeners: [{LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP', BackendPort: 80}],
			...more,
		});

	const outside = await create('outside', {SubregionNames: ['us-east-2a']});
	const inside = await create('inside', {Subnets: ['subnet-12345678'], LoadBalancerType: 'internal'});

	for (const {status, answer} of [outside, inside]) {
		t.is(status, 200);
		const {LoadBalancerName: name, DnsName: dnsName} = answer.LoadBalancer;
		t.is(emulator.get(name).dnsName, dnsName);
	}
	t.regex(emulator.get('outside').dnsName, /^outside-\d{9}\.us-east-2\.lbu\.outscale\.com$/);
	t.regex(emulator.get('inside').dnsName, /^internal-inside-\d{9}\.us-east-2\.lbu\.outscale\.com$/);
});

test('what the door turns away is answered in the form of the API', async t => {
	await using emulator = await startEmulator();

	const large = await call(emulator, 'ReadLoadBalancers', `{"a":"${'x'.repeat(5 * 1024 * 1024)}"}`);

	t.is(large.status, 413);
	t.like(large.answer.Errors[0], {Code: '4045', Type: 'InvalidParameterValue'});
	t.regex(large.answer.Errors[0].Details, /allowed are 4194304 bytes/);
	t.regex(large.answer.ResponseContext.RequestId, /^[0-9a-f-]{36}$/);
});
