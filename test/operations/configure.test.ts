import test from 'ava';
import type {Config} from '../../src/configuration/spec.ts';
import {NOTHING_CONFIGURED, readConfigured} from '../../src/emulator/configured.ts';
import {createAuthority} from '../../src/index.ts';
import {configure, configuredPart, differences} from '../../src/operations/configure.ts';
import {touchedBetween} from '../../src/operations/touched.ts';
import {InMemoryOutscaleApi} from '../helpers/in-memory-outscale.ts';
import {newLoadBalancer} from '../helpers/outscale-api.ts';

const authority = createAuthority();
const WEB = {LoadBalancerName: 'web'};
const BEFORE = {
	backends: {app: {kind: 'echo'}, spare: {kind: 'echo'}},
	loadBalancers: {
		web: {listeners: ['http:80'], backends: ['app'], idleTimeout: '7s', draining: '1s'},
		other: {listeners: ['http:80'], backends: ['app']},
	},
} as const satisfies Config;

/** An account that follows a configuration, which can be read again. */
async function scene(config: Config = BEFORE) {
	const api = new InMemoryOutscaleApi();
	let before = NOTHING_CONFIGURED;
	const read = async (next: Config) => {
		const after = await readConfigured(next, {authority, before, onFiles: () => {}});
		api.store.apply(configure({before, after, certificates: new Map()}));
		const difference = differences(before, after).loadBalancers;
		before = after;
		return difference;
	};
	await read(config);
	return {api, read, web: () => api.store.running.get('web'), configured: () => before};
}

const withWeb = (web: object): Config => ({
	...BEFORE,
	loadBalancers: {...BEFORE.loadBalancers, web: {...BEFORE.loadBalancers.web, ...web}},
});

const registered = (one: {readonly backends: readonly {readonly name: string}[]} | undefined) =>
	one?.backends.map(({name}) => name);

test('each part that the configuration says anew is taken, and the others stay as others have left them', async t => {
	const {api, read, web} = await scene();
	await api.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: ['i-00000001']});
	await api.ok('UpdateLoadBalancer', {...WEB, SecuredCookies: true});

	await read(withWeb({listeners: ['http:80', 'http:81']}));

	t.deepEqual(
		web()?.listeners.map(({ports}) => ports.port),
		[80, 81],
	);
	t.deepEqual(registered(web()), ['app', 'i-00000001']);
	t.true(web()?.securedCookies);

	await read(withWeb({listeners: ['http:80', 'http:81'], backends: ['spare']}));
	t.deepEqual(registered(web()), ['spare']);
	t.true(web()?.securedCookies);
});

test('of the timeouts, those that the configuration says anew are taken', async t => {
	const {read, web} = await scene();

	await read(withWeb({headTimeout: '9s'}));

	t.like(web()?.timeouts, {idleMs: 7000, headMs: 9000});
});

test('a key that the configuration no longer has is its default again', async t => {
	const {read, web} = await scene();
	t.is(web()?.drainingMs, 1000);

	await read(withWeb({draining: undefined}));

	t.is(web()?.drainingMs, undefined);
});

test('a default health check is that of the start, and one that is written is taken', async t => {
	const {read, web} = await scene();

	await read(withWeb({listeners: ['http:90']}));
	t.is(web()?.healthCheck.port, 80);

	await read(withWeb({listeners: ['http:90'], healthCheck: {target: 'HTTP:91/up'}}));
	t.like(web()?.healthCheck, {port: 91, path: '/up'});
});

test('a load balancer that others have deleted comes back when its description changes, as a whole', async t => {
	const {api, read, web} = await scene();
	await api.ok('DeleteLoadBalancer', WEB);

	t.deepEqual(await read(BEFORE), {added: [], changed: [], removed: []});
	t.is(web(), undefined);

	await read(withWeb({draining: '2s'}));
	t.like(web(), {drainingMs: 2000});
	t.deepEqual(registered(web()), ['app']);
	t.is(web()?.timeouts.idleMs, 7000);
});

test('a load balancer that the configuration no longer has goes, unless others have made one of that name', async t => {
	const {api, read} = await scene();
	const without = {backends: BEFORE.backends, loadBalancers: {}};
	await api.ok('DeleteLoadBalancer', {LoadBalancerName: 'other'});
	await api.ok('CreateLoadBalancer', newLoadBalancer('other'));

	await read(without);

	t.deepEqual([...api.store.running.keys()], ['other']);
});

test('a configuration says nothing of one that it does not have', async t => {
	const {api, configured} = await scene();

	t.is(configuredPart('strange', {before: NOTHING_CONFIGURED, after: configured()}, api.store.account), undefined);
});

test('a change touches the load balancers of which something may look different, and no others', async t => {
	const {api} = await scene();
	const touched = async (action: string, body: object) => {
		const before = api.store.account;
		await api.ok(action, body);
		return [...touchedBetween(before, api.store.account)];
	};
	const [shown] = (await api.ok('ReadLoadBalancers'))['LoadBalancers'];
	const app = shown.BackendVmIds[0];
	const rule = {ListenerRuleName: 'r', Priority: 1, PathPattern: '/'};

	t.deepEqual([...touchedBetween(api.store.account, api.store.account)], []);
	t.deepEqual(await touched('CreateLoadBalancerTags', {LoadBalancerNames: ['web'], Tags: [{Key: 'k', Value: ''}]}), [
		'web',
	]);
	const Listener = {LoadBalancerName: 'other', LoadBalancerPort: 80};
	t.deepEqual(await touched('CreateListenerRule', {Listener, ListenerRule: rule, VmIds: [app]}), ['other']);
	t.deepEqual(await touched('DeleteListenerRule', {ListenerRuleName: 'r'}), ['other']);
	t.deepEqual(await touched('DeleteLoadBalancer', WEB), ['web']);
});

test('what a VM id means touches those that have it registered', async t => {
	const {api} = await scene();
	await api.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: ['i-00000001']});
	const before = api.store.account;
	const spare = {kind: 'undeclared', name: 'spare'} as const;
	const after = (id: string) => ({...before, vms: new Map(before.vms).set(id, spare)});

	t.deepEqual([...touchedBetween(before, after('i-00000001'))], ['web']);
	t.deepEqual([...touchedBetween(before, after('i-00000002'))], []);
});
