import test, {type ExecutionContext} from 'ava';
import {createAuthority} from '../../src/index.ts';
import {FakeDataPlane} from '../helpers/fake-data-plane.ts';
import {FakeEmulator} from '../helpers/fake-emulator.ts';
import {HeldSteps} from '../helpers/held-steps.ts';
import {eventually} from '../helpers/patience.ts';

const authority = createAuthority();

/** An emulator whose ports and back-ends are no real ones, so that a test can hold each step of a change. */
async function scene(t: ExecutionContext, {lifecycleMs = 0}: {readonly lifecycleMs?: number} = {}) {
	const steps = new HeldSteps();
	const plane = new FakeDataPlane(steps);
	const emulator = new FakeEmulator({plane, ports: 'exact', lifecycleMs, authority});
	await emulator.open();
	t.teardown(() => emulator.stop());
	const names = () => emulator.loadBalancers.map(({name}) => name).toSorted();
	const running = () => [...plane.backends.values()].map(({described, isUp}) => `${described.name} ${isUp}`);
	return {emulator, steps, plane, names, running};
}

const web = (port: number, more: object = {}) => ({listeners: [`http:${port} -> http:80`], ...more});
const command = (name: string) => ({kind: 'command', name, run: 'serve', port: 9000});

test('a reset takes out what was created while it was under way', async t => {
	const {emulator, steps, plane, names} = await scene(t);
	await emulator.reload({loadBalancers: {web: web(8080)}});
	await emulator.get('web').stop();
	const bind = steps.hold('bind 127.0.0.1:8080');
	const reset = emulator.reset();
	await bind.reached;

	await emulator.create({name: 'late', ...web(8081)});
	bind.go();
	await reset;

	t.deepEqual(names(), ['web']);
	t.deepEqual([...plane.bound.keys()], ['127.0.0.1 8080']);
	t.is((await emulator.readState()).loadBalancers.length, 1);
});

test('a create that is under way when all is reset is there afterwards', async t => {
	const {emulator, steps, names} = await scene(t);
	const bind = steps.hold('bind 127.0.0.1:8081');
	const created = emulator.create({name: 'late', ...web(8081, {backends: [{kind: 'echo', name: 'x'}]})});
	await bind.reached;

	await emulator.reset();
	bind.go();

	const lb = await created;
	t.deepEqual(names(), ['late']);
	t.deepEqual(Object.keys(lb.health), ['x']);
});

test('a command that is on its way is not stopped to make room for another one', async t => {
	const {emulator, steps, running} = await scene(t);
	const bind = steps.hold('bind 127.0.0.1:8080');
	const first = emulator.create({name: 'first', ...web(8080, {backends: [command('one')]})});
	await bind.reached;

	const second = emulator.create({name: 'second', ...web(8081, {backends: [command('two')]})});
	await t.throwsAsync(second, {code: 'PORT_UNAVAILABLE'});
	bind.go();
	await first;

	t.deepEqual(running(), ['one true']);
});

test('room that was made for a command is given back when the change fails', async t => {
	const {emulator, steps, running} = await scene(t);
	await emulator.reload({
		backends: {one: {kind: 'command', run: 'serve', port: 9000}, two: {kind: 'command', run: 'other', port: 9000}},
		loadBalancers: {a: web(8080, {backends: ['one']}), b: web(8081)},
	});
	steps.failing.add('bind 127.0.0.1:8082');
	const next = {
		backends: {two: {kind: 'command', run: 'other', port: 9000}},
		loadBalancers: {a: web(8080), b: web(8082, {backends: ['two']})},
	};

	await t.throwsAsync(emulator.reload(next), {code: 'PORT_UNAVAILABLE'});
	t.deepEqual(running(), ['one true']);
	t.deepEqual(emulator.notices.texts('warning'), []);

	steps.failing.clear();
	await emulator.reload(next);
	await eventually(() => running().join() === 'two true');
	t.deepEqual(Object.keys(emulator.get('b').health), ['two']);
});

test('a command that made room and is stopped with its load balancer is not missed', async t => {
	const {emulator, steps, running} = await scene(t);
	const lb = await emulator.create({name: 'web', ...web(8080, {backends: [command('one')]})});
	const start = steps.hold('backend two');
	// A test may give what its compiler does not know to be a spec.
	const updated = lb.update({backends: [command('two')]} as Parameters<typeof lb.update>[0]);
	await start.reached;

	const stopped = lb.stop();
	start.go();

	await t.throwsAsync(updated, {code: 'STOPPED'});
	await stopped;
	t.deepEqual(running(), []);
	t.deepEqual(emulator.notices.texts('warning'), []);
});

test('create() resolves although somebody stops what it has made before it is over', async t => {
	const {emulator, steps, names} = await scene(t);
	const bind = steps.hold('bind 127.0.0.1:8080');
	const created = emulator.create({name: 'web', ...web(8080)});
	await bind.reached;
	bind.go();
	while (names().length === 0) await Promise.resolve();

	await emulator.get('web').stop();

	await t.throwsAsync((await created).update({}), {code: 'STOPPED'});
});

test('setCertificate() of a load balancer that is stopped meanwhile is an error with the code STOPPED', async t => {
	const {emulator} = await scene(t);
	const outcomes = new Set<string>();
	for (let ticks = 0; ticks < 40; ticks++) {
		const lb = await emulator.create({name: 'web', listeners: ['https:8443 -> http:80']});
		const swapped = lb.setCertificate(8443, {names: ['a.test']}).then(
			() => 'done',
			error => error.code,
		);
		for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
		await lb.stop();
		outcomes.add(await swapped);
	}
	t.deepEqual(outcomes, new Set(['STOPPED', 'done']));
});

test('a load balancer that is stopped while a reload takes it out has gone, as the reload would have it', async t => {
	const {emulator, steps, names, plane} = await scene(t);
	await emulator.reload({loadBalancers: {old: web(8080)}});
	const bind = steps.hold('bind 127.0.0.1:8081');
	const reloaded = emulator.reload({loadBalancers: {fresh: web(8081)}});
	await bind.reached;

	await emulator.get('old').stop();
	bind.go();

	await t.notThrowsAsync(reloaded);
	t.deepEqual(names(), ['fresh']);
	t.deepEqual([...plane.bound.keys()], ['127.0.0.1 8081']);
});

test('what a reload that fails has started does not go on, even if the configuration has it', async t => {
	const {emulator, steps, running} = await scene(t);
	const backends = {app: {kind: 'echo'}, spare: {kind: 'echo'}};
	await emulator.reload({backends, loadBalancers: {web: web(8080, {backends: ['app']})}});
	steps.failing.add('bind 127.0.0.1:8081');

	const next = {backends, loadBalancers: {web: web(8081, {backends: ['app', 'spare']})}};
	await t.throwsAsync(emulator.reload(next), {code: 'PORT_UNAVAILABLE'});
	t.deepEqual(running(), ['app true']);

	steps.failing.clear();
	await emulator.reload(next);
	await emulator.get('web').drain('spare');
	await emulator.get('web').stop();
	t.deepEqual(running(), ['app true', 'spare true'], 'the configuration keeps what has been in use');
});

test('a certificate that changes under a create is validated again', async t => {
	const {emulator, steps, names} = await scene(t);
	const site = (key: string) => ({certificates: {site: {names: ['a.test'], key}}});
	await emulator.reload({...site('ec'), loadBalancers: {web: web(8080)}});
	const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256';
	const listener = {listen: 'https:8443 -> http:80', certificate: 'site', tls: {ciphers}};
	const bind = steps.hold('bind 127.0.0.1:8443');
	const created = emulator.create({name: 'shop', listeners: [listener]});
	await bind.reached;

	await emulator.reload({...site('rsa'), loadBalancers: {web: web(8080)}});
	bind.go();

	await t.throwsAsync(created, {
		code: 'INVALID_DESCRIPTION',
		message: /no cipher of this listener goes with its RSA key/,
	});
	t.deepEqual(names(), ['web']);
});

test('a create shows the certificate that its name stands for by the time it is made', async t => {
	const {emulator, steps} = await scene(t);
	const site = (name: string) => ({certificates: {site: {names: [name]}}, loadBalancers: {web: web(8080)}});
	await emulator.reload(site('old.test'));
	const bind = steps.hold('bind 127.0.0.1:8443');
	const created = emulator.create({name: 'shop', listeners: [{listen: 'https:8443 -> http:80', certificate: 'site'}]});
	await bind.reached;

	await emulator.reload(site('new.test'));
	bind.go();

	t.deepEqual((await created).listeners[0]?.certificate?.names, ['new.test']);
	const {ServerCertificates: all} = await emulator.api('ReadServerCertificates');
	t.deepEqual(
		all.map(({Name}: {Name: string}) => Name),
		['site'],
	);
});

test('a back-end that is drained while an update brings it in again stays away, from rules too', async t => {
	const {emulator, steps} = await scene(t);
	const [a, b] = ['a', 'b'].map(name => ({kind: 'echo' as const, name}));
	const lb = await emulator.create({name: 'web', ...web(8080, {backends: [a, b]})});
	const start = steps.hold('backend c');
	const rules = [{priority: 1, path: '/b', to: ['b']}];
	const all = [a, b, {kind: 'echo', name: 'c'}];
	// A test may give what its compiler does not know to be a spec.
	const updated = lb.update({backends: all, rules} as Parameters<typeof lb.update>[0]);
	await start.reached;

	await lb.drain('b');
	start.go();
	await updated;

	t.deepEqual(Object.keys(lb.health), ['a', 'c']);
	t.deepEqual(emulator.store.managed.get('web')?.running.description.rules[0]?.to, []);
});

test('a call about a load balancer that is stopped meanwhile is refused in the form of the API', async t => {
	const {emulator, steps, plane} = await scene(t);
	const Listeners = [{LoadBalancerPort: 8081, LoadBalancerProtocol: 'HTTP', BackendPort: 80}];
	const lb = await emulator.create({name: 'web', ...web(8080)});
	const bind = steps.hold('bind 127.0.0.1:8081');
	const called = emulator.api('CreateLoadBalancerListeners', {LoadBalancerName: 'web', Listeners});
	await bind.reached;

	await lb.stop();
	bind.go();

	await t.throwsAsync(called, {message: /^400 5030: /});
	t.deepEqual([...plane.bound.keys()], []);
});

test('a deletion waits for the update of the library, and what has taken the name since is another one', async t => {
	const {emulator, steps, plane} = await scene(t, {lifecycleMs: 1000});
	const lb = await emulator.create({name: 'web', ...web(8080)});
	const bind = steps.hold('bind 127.0.0.1:8081');
	const updated = lb.update({listeners: ['http:8081 -> http:80']});
	await bind.reached;
	const deleted = emulator.api('DeleteLoadBalancer', {LoadBalancerName: 'web'});
	bind.go();
	await Promise.all([updated, deleted]);

	t.is((await emulator.api('ReadLoadBalancers')).LoadBalancers[0].State, 'deleting');
	t.deepEqual([...plane.bound.keys()], []);
	const next = await emulator.create({name: 'web', ...web(8080)});
	await lb.stop();
	await emulator.pass();

	t.deepEqual(emulator.loadBalancers, [next]);
	t.is((await emulator.api('ReadLoadBalancers')).LoadBalancers[0].State, 'active');
});
