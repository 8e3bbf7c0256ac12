import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';

test('results in a row count from the moment another target is asked for, before its first probe too', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['http:80 -> http:80'],
		backends: 1,
		healthCheck: {target: 'TCP:80', interval: '10s', healthy: 2, unhealthy: 2},
		clock: 'manual',
	});
	for (let beat = 0; beat < 3; beat++) await lb.clock.advance('10s');
	t.like(lb.backends[0]?.health, {state: 'InService', passes: 3, failures: 0, probes: 3});

	await lb.update({healthCheck: {target: 'HTTP:80/', interval: '10s', healthy: 2, unhealthy: 2}});

	t.like(lb.backends[0]?.health, {state: 'InService', passes: 0, failures: 0, probes: 3});
	t.is(lb.backends[0]?.health.lastProbe?.target, 'TCP:80');
	await lb.clock.advance('10s');
	t.like(lb.backends[0]?.health, {passes: 1, probes: 4});
	await lb.update({healthCheck: {target: 'HTTP:80/', interval: '20s', healthy: 2, unhealthy: 2}});
	t.like(lb.backends[0]?.health, {passes: 1, probes: 4});
});
