// Run by node:test: a test file that starts one load balancer and forgets it.
import test from 'node:test';
import {startLoadBalancer} from '../../src/index.ts';

test('is forgotten', async () => {
	const lb = await startLoadBalancer({name: 'web', listeners: ['http:80'], backends: 1});
	const response = await lb.fetch('/');
	await response.text();
});
