import test from 'ava';
import {type LoadBalancerSpec, startLoadBalancer} from '../../src/index.ts';

test('a description in a variable compiles with `as const` or `satisfies`, and not without', async t => {
	const listeners = ['http:80', 'https:443 -> http:80'] as const;
	const spec = {listeners: ['http:80'], backends: [3000, '127.0.0.1:3001']} satisfies LoadBalancerSpec;
	const anyText = {listeners: ['http:80']};
	// @ts-expect-error: these listeners are any text.
	const untyped: LoadBalancerSpec = anyText;

	for (const each of [{listeners, backends: 1}, spec, untyped]) {
		const lb = await startLoadBalancer(each);
		t.is(lb.listeners[0]?.spec, 'http:80 -> http:80');
		await lb.stop();
	}
});
