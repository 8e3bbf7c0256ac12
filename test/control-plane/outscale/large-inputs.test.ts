import test from 'ava';
import {OutscaleHouse} from '../../helpers/outscale-house.ts';

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
