import test from 'ava';
import {startWithApi} from '../helpers/emulator-scene.ts';
import {type Answered, httpListener, newLoadBalancer} from '../helpers/outscale-api.ts';
import {freePorts, heldPort, refusalAt} from '../helpers/ports.ts';

const WEB = {LoadBalancerName: 'web'};

const HELD = /^409 9016: Cannot listen on 127\.0\.0\.1:\d+, which listener http:.* needs: (this|another) process holds/;

test.serial(
	'a listener of the API takes another port where a stranger has its own, and the notices say so',
	async t => {
		const {emulator, api} = await startWithApi(t, {ports: 'fallback'});
		const {port: held} = await heldPort(t);

		await api.ok('CreateLoadBalancer', newLoadBalancer('web', [httpListener(held)]));

		const bound = emulator.get('web').port(held);
		t.not(bound, held);
		t.is((await fetch(`http://127.0.0.1:${bound}/`)).status, 503);
		const notice = `web, http:${held} -> http:${held}: bound to ${bound} in place of ${held} (somebody holds it)`;
		t.deepEqual(emulator.notices, [notice]);
		const {loadBalancers, notices} = await api.own('GET', 'state');
		t.like(loadBalancers[0].listeners[0], {port: held, boundPort: bound});
		t.deepEqual(notices, [notice]);
		t.like((await api.read('web'))?.['Listeners'][0], {LoadBalancerPort: held});
	},
);

test.serial('so does a listener that the API adds to a load balancer of the configuration', async t => {
	const [written = 0] = await freePorts(1);
	const loadBalancers = {web: {listeners: [{listen: `http:${written}`}]}} as const;
	const {emulator, api} = await startWithApi(t, {ports: 'fallback', config: {loadBalancers}} as object);
	const {port: held} = await heldPort(t);

	await api.ok('CreateLoadBalancerListeners', {...WEB, Listeners: [httpListener(held)]});

	t.is(emulator.get('web').port(written), written);
	t.not(emulator.get('web').port(held), held);
	t.is(emulator.notices.length, 1);
	const {port: taken} = await heldPort(t);
	await t.throwsAsync(emulator.get('web').update({listeners: [`http:${taken}` as 'http:80']}), {
		code: 'PORT_UNAVAILABLE',
	});
});

test.serial('with exact ports a held one is a conflict, and the call has bound nothing', async t => {
	const {emulator, api} = await startWithApi(t, {ports: 'exact'});
	const {port: held} = await heldPort(t);
	const [free = 0, other = 0] = await freePorts(2);

	const refused = await api.refusal(
		'CreateLoadBalancer',
		newLoadBalancer(
			'web',
			[free, held].map(p => httpListener(p)),
		),
	);

	t.regex(refused, HELD);
	t.is(await refusalAt(free), 'ECONNREFUSED');
	t.deepEqual(emulator.loadBalancers, []);
	t.deepEqual((await api.ok('ReadLoadBalancers'))['LoadBalancers'], []);

	await api.ok('CreateLoadBalancer', newLoadBalancer('web', [httpListener(free)]));
	const added = await api.refusal('CreateLoadBalancerListeners', {
		...WEB,
		Listeners: [other, held].map(p => httpListener(p)),
	});

	t.regex(added, HELD);
	t.is(await refusalAt(other), 'ECONNREFUSED');
	t.is((await fetch(`http://127.0.0.1:${free}/`)).status, 503, 'what there was goes on');
	const ports = (await api.read('web'))?.['Listeners'].map((each: Answered) => each['LoadBalancerPort']);
	t.deepEqual(ports, [free]);
	await api.ok('DeleteLoadBalancer', WEB);
	await api.ok('CreateLoadBalancer', newLoadBalancer('again', [httpListener(free)]));
	t.is(emulator.get('again').port(free), free, 'a port is free as soon as the deletion has been answered');
});

test.serial('a call that is refused leaves no port bound', async t => {
	const {emulator, api} = await startWithApi(t, {ports: 'exact'});
	const [port = 0] = await freePorts(1);
	const listener = httpListener(port);
	const [free = 0] = await freePorts(1);
	await api.ok('CreateLoadBalancer', newLoadBalancer('web', [httpListener(free)]));

	const refusals = [
		await api.refusal('CreateLoadBalancer', {...newLoadBalancer('new', [listener]), LoadBalancerType: 'internal'}),
		await api.refusal('CreateLoadBalancer', newLoadBalancer('new', [listener, listener])),
		await api.refusal('CreateLoadBalancer', {...newLoadBalancer('new', [listener]), Unknown: 1}),
		await api.refusal('CreateLoadBalancer', {...newLoadBalancer('new', [listener]), PublicIp: 'nowhere'}),
		await api.refusal('CreateLoadBalancer', newLoadBalancer('web', [listener])),
		await api.refusal('CreateLoadBalancerListeners', {LoadBalancerName: 'no', Listeners: [listener]}),
		await api.refusal('CreateLoadBalancerListeners', {...WEB, Listeners: [listener, {...listener, BackendPort: 0}]}),
	];

	for (const refusal of refusals) t.regex(refusal, /^4\d\d \d+: /);
	t.is(await refusalAt(port), 'ECONNREFUSED');
	t.is(await api.refusal('CreateLoadBalancer', {...newLoadBalancer('new', [listener]), DryRun: true}), '200');
	t.is(await refusalAt(port), 'ECONNREFUSED');
	t.deepEqual(
		emulator.loadBalancers.map(({listeners}) => listeners.length),
		[1],
	);
});
