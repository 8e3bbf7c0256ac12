// One round of an HTTPS load balancer, for every test runner. The runner's file has required lb-local in its own way.
const assert = require('node:assert/strict');

exports.round = async function round({startLoadBalancer, startEmulator, EmulatorError}) {
	const lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 2});
	try {
		for (const expected of ['a', 'b', 'a']) {
			const response = await lb.fetch('/');
			assert.equal((await response.json()).backend, expected);
		}
		assert.deepEqual(lb.traffic.order(), ['a', 'b', 'a']);
	} finally {
		await lb.stop();
	}
	// What is lazy is reached, too: the APIs, and a configuration file's reader.
	const emulator = await startEmulator();
	try {
		const answer = await fetch(`${emulator.endpoint}/?Action=DescribeLoadBalancers`);
		assert.match(await answer.text(), /<LoadBalancerDescriptions\/>/);
		assert.equal((await fetch(`${emulator.endpoint}/_lb/config`)).status, 200);
	} finally {
		await emulator.stop();
	}
	await assert.rejects(startLoadBalancer({listeners: ['htps:443']}), error => error instanceof EmulatorError);
};
