// One round of an HTTPS load balancer, for every test runner. The runner's file has required lb-local in its own way.
const assert = require('node:assert/strict');

exports.round = async function round({startLoadBalancer, EmulatorError}) {
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
	// What is lazy is reached, too: the control plane, and a configuration file's reader.
	await assert.rejects(startLoadBalancer({listeners: ['htps:443']}), error => error instanceof EmulatorError);
};
