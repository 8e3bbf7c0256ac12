import test from 'ava';
import {loadBalancerState} from '../../../src/control-plane/admin/state.ts';
import {startLoadBalancer} from '../../../src/emulator.ts';

test("the library's own handle is what is shown", async t => {
	await using lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 1});
	await lb.settle();

	const state = loadBalancerState(lb);

	t.is(state.name, lb.name);
	t.is(state.dnsName, lb.dnsName);
	t.is(state.listeners[0]?.port, 443);
	t.is(state.listeners[0]?.boundPort, lb.port(443));
	t.regex(state.listeners[0]?.certificate?.notAfter ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
	t.is(state.backends[0]?.state, 'InService');
	t.is(state.backends[0]?.lastProbe?.result, 'pass');
	t.notRegex(JSON.stringify(state), /PRIVATE KEY/);
});
