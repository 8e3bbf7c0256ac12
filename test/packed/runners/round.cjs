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

/** The assertions hold, and say what happened where they do not. `assertions` is lb-local/assert. */
exports.assertions = async function assertions({startLoadBalancer}, {assertOrder, assertTermination, assertNoTraffic}) {
	const lb = await startLoadBalancer({name: 'web', listeners: ['https:443 -> http:80'], backends: 2});
	try {
		await (await lb.fetch('/')).text();
		assertOrder(lb, ['a']);
		assertTermination(lb);
		assertNoTraffic(lb, 'b');
		assert.throws(() => assertOrder(lb, ['b']), {
			name: 'AssertionError',
			code: 'ERR_ASSERTION',
			operator: 'assertOrder',
			message: /> web:443 #1 GET \/ 200 -> a: ok/,
		});
		assert.throws(() => assertNoTraffic(lb, 'c'), {code: 'NO_SUCH_BACKEND'});
	} finally {
		await lb.stop();
	}
};

/** Fails, for a look at what the runner shows of it. */
exports.failing = async function failing({startLoadBalancer}, {assertOrder}) {
	const lb = await startLoadBalancer({name: 'web', listeners: ['http:80'], backends: 2});
	try {
		await (await lb.fetch('/')).text();
		assertOrder(lb, ['b']);
	} finally {
		await lb.stop();
	}
};
