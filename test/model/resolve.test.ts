import test from 'ava';
import {type Account, emptyAccount, type ServerCertificate} from '../../src/model/account.ts';
import type {AccountListener, AccountLoadBalancer, Rule} from '../../src/model/account-load-balancer.ts';
import type {NormalisedBackend} from '../../src/model/normalised.ts';
import {backendOf, backendsOf, certificatesOf, normalisedOf, resolve} from '../../src/model/resolve.ts';
import {newLoadBalancer} from '../../src/operations/new-load-balancer.ts';
import {InMemoryOutscaleApi} from '../helpers/in-memory-outscale.ts';

const {identifiers, ...context} = new InMemoryOutscaleApi().store.context();

const address = (name: string, port: number): NormalisedBackend => ({
	kind: 'address',
	name,
	host: '127.0.0.1',
	port,
	ports: new Map(),
});

function listener(port: number, more: Partial<AccountListener> = {}): AccountListener {
	return {
		protocol: 'http',
		port,
		backendProtocol: 'http',
		backendPort: 80,
		id: 1,
		certificateId: undefined,
		policies: [],
		certificate: undefined,
		tls: {minVersion: 'TLSv1.2', ciphers: undefined},
		proxyProtocol: false,
		verifyBackend: undefined,
		...more,
	};
}

function loadBalancer(more: Partial<AccountLoadBalancer>): AccountLoadBalancer {
	const given = {
		name: 'web',
		scheme: 'internet-facing',
		placement: {kind: 'public', subregions: ['eu-west-2a'], securityGroups: []},
		publicIp: undefined,
		life: {phase: 'changing', sinceMs: 0},
		creation: {serial: 0, wallMs: 0, asked: undefined},
	} as const;
	return {...newLoadBalancer(given, {...context, identifiers}), listeners: [listener(80)], ...more};
}

const vm = (id: string, isPending = false) => ({kind: 'vm', id, isPending}) as const;

function accountOf(more: Partial<Account>): Account {
	return {...emptyAccount(), ...more};
}

/** Back-ends that listen where they say. */
function resolved(one: AccountLoadBalancer, account: Account, leftOut: readonly string[] = []) {
	return resolve(one, account, {
		host: '127.0.0.1',
		authorityPem: 'the authority',
		addressOf: ({name}) => (leftOut.includes(name) ? undefined : {name, host: '127.0.0.1', port: 1, ports: new Map()}),
		bindingOf: (host, port) => ({host, port: port + 1000, fallbackPorts: [], fallsBackWhenTaken: false}),
	});
}

test('a VM id means what it was declared to be, and itself where nobody has said so', t => {
	const account = {vms: new Map([['i-1', address('app', 3000)]])};

	t.deepEqual(backendOf({kind: 'vm', id: 'i-1'}, account), address('app', 3000));
	t.deepEqual(backendOf({kind: 'vm', id: 'i-2'}, account), {kind: 'undeclared', name: 'i-2'});
	t.deepEqual(backendOf({kind: 'address', ip: '10.0.0.1'}, account), {
		kind: 'address',
		name: '10.0.0.1',
		host: '10.0.0.1',
		port: undefined,
		ports: new Map(),
	});
});

test('two ids of one back-end are one back-end, in the order of registration', t => {
	const app = address('app', 3000);
	const account = accountOf({
		vms: new Map([
			['i-1', app],
			['i-2', app],
		]),
	});

	const names = backendsOf(loadBalancer({backends: [vm('i-3'), vm('i-2'), vm('i-1')]}), account).map(({name}) => name);

	t.deepEqual(names, ['i-3', 'app']);
});

test('a back-end is pending unless it has been registered otherwise too', t => {
	const app = address('app', 3000);
	const account = accountOf({
		vms: new Map([
			['i-1', app],
			['i-2', app],
		]),
	});
	const pendingOf = (...backends: AccountLoadBalancer['backends']) =>
		resolved(loadBalancer({backends}), account).backends.map(({name, startsPending = false}) => [name, startsPending]);

	t.deepEqual(pendingOf(vm('i-1', true), vm('i-3', true)), [
		['app', true],
		['i-3', true],
	]);
	t.deepEqual(pendingOf(vm('i-1', true), vm('i-2', false)), [['app', false]]);
});

test('a back-end without an address is left out of what runs, and not of what is described', t => {
	const one = loadBalancer({backends: [vm('i-1'), vm('i-2')]});

	t.deepEqual(
		resolved(one, accountOf({}), ['i-1']).backends.map(({name}) => name),
		['i-2'],
	);
	t.deepEqual(
		normalisedOf(one, accountOf({})).backends.map(({name}) => name),
		['i-1', 'i-2'],
	);
});

test('listeners are bound at the address of their load balancer, or at that of the emulator', t => {
	const hostOf = (own: string | undefined) => resolved(loadBalancer({address: own}), accountOf({})).listeners[0]?.bind;

	t.like(hostOf(undefined), {host: '127.0.0.1', port: 1080});
	t.like(hostOf('127.0.0.9'), {host: '127.0.0.9', port: 1080});
});

test('a listener shows the certificate whose id it holds, whatever that is called by now', t => {
	const pair = {cert: 'cert', key: 'key'};
	// What else a certificate has is nothing to what runs.
	const certificate = {id: 'C', name: 'renamed', path: '/', pair} as unknown as ServerCertificate;
	const one = loadBalancer({
		listeners: [
			listener(443, {protocol: 'https', certificateId: 'C'}),
			listener(444, {protocol: 'https', certificateId: 'gone'}),
		],
	});
	const account = accountOf({certificates: new Map([['C', certificate]])});

	t.is(resolved(one, account).listeners[0]?.certificate, pair);
	t.is(resolved(one, account).listeners[1]?.certificate, undefined);
	t.deepEqual([...certificatesOf(one, account).keys()], [443]);
});

test('"authority" stands for the authority of the emulator, and other text for itself', t => {
	const verifying = (ca: string) =>
		resolved(loadBalancer({listeners: [listener(80, {verifyBackend: {ca, servername: 'a.test'}})]}), accountOf({}))
			.listeners[0]?.verifyBackend;

	t.deepEqual(verifying('authority'), {ca: 'the authority', servername: 'a.test'});
	t.deepEqual(verifying('PEM'), {ca: 'PEM', servername: 'a.test'});
});

test('stickiness is the policy that is enabled, on HTTP and HTTPS listeners alone', t => {
	const stickiness = {kind: 'duration', cookie: 'C', seconds: 1} as const;
	const policies = [{name: 'p', kind: 'stickiness', stickiness}] as const;
	const of = (protocol: 'http' | 'tcp', enabled: readonly string[]) =>
		resolved(loadBalancer({policies, listeners: [listener(80, {protocol, policies: enabled})]}), accountOf({}))
			.listeners[0]?.stickiness;

	t.deepEqual(of('http', ['p']), stickiness);
	t.is(of('http', []), undefined);
	t.is(of('http', ['deleted']), undefined);
	t.is(of('tcp', ['p']), undefined);
});

test('a rule runs where it has an effect, and names what is registered', t => {
	const rule = (priority: number, scope: Rule['scope'], loadBalancerName = 'web'): Rule => ({
		loadBalancer: loadBalancerName,
		scope,
		name: undefined,
		priority,
		host: undefined,
		path: '/',
		vmIds: ['i-1', 'i-2', 'i-3'],
	});
	const shown = {name: 'r', id: 1};
	const app = address('app', 3000);
	const account = accountOf({
		vms: new Map([
			['i-1', app],
			['i-2', app],
		]),
		rules: [
			rule(1, {kind: 'all', shown: new Map()}),
			rule(2, {kind: 'listener', port: 80, shown}),
			rule(3, {kind: 'listener', port: 25, shown}),
			rule(4, {kind: 'listener', port: 81, shown}),
			rule(5, {kind: 'all', shown: new Map()}, 'other'),
		],
	});
	const one = loadBalancer({backends: [vm('i-1')], listeners: [listener(80), listener(25, {protocol: 'tcp'})]});

	t.deepEqual(
		resolved(one, account).rules.map(({priority, listener: at, to}) => [priority, at, to]),
		[
			[1, undefined, ['app']],
			[2, 80, ['app']],
		],
	);
});

test('what is described reads in the words of the library, with the access log as it is written', t => {
	const logTarget = {kind: 'file', file: '/var/log/web.log'} as const;
	const one = loadBalancer({scheme: 'internal', logTarget, backends: [vm('i-1', true)], drainingMs: 5});

	t.like(normalisedOf(one, accountOf({})), {
		name: 'web',
		internal: true,
		accessLog: logTarget,
		pendingBackends: new Set(['i-1']),
		drainingMs: 5,
	});
});
