import test from 'ava';
import {createAuthority, type LoadBalancer, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {ControlPortApi} from '../helpers/outscale-api.ts';

const authority = createAuthority();
const LISTEN = 'https:443 -> http:80';

function namesAt(lb: LoadBalancer): (string | undefined)[] {
	return lb.listeners.map(({certificate}) => certificate?.names[0]);
}

test('setCertificate() changes one listener, also when another one shows the same certificate', async t => {
	const certificate = {names: ['old.test']};
	const lb = await startLoadBalancer({
		listeners: [
			{listen: LISTEN, certificate},
			{listen: 'ssl:1 -> tcp:80', certificate},
		],
		backends: 1,
	});
	t.teardown(() => lb.stop());

	await lb.setCertificate(443, {names: ['new.test']});

	t.deepEqual(namesAt(lb), ['new.test', 'old.test']);
});

test('what one load balancer shows stays when the one that brought it shows another', async t => {
	const emulator = await startEmulator({authority});
	t.teardown(() => emulator.stop());
	const pair = authority.issue({names: ['old.test']});
	const listeners = [{listen: LISTEN, certificate: pair}] as const;
	const a = await emulator.create({name: 'a', listeners, backends: 1});
	const b = await emulator.create({name: 'b', listeners, backends: 1});

	await a.setCertificate(443, {names: ['new.test']});

	t.deepEqual([...namesAt(a), ...namesAt(b)], ['new.test', 'old.test']);
	await a.update({listeners: [{listen: LISTEN, certificate: {names: ['newer.test']}}]});
	t.deepEqual([...namesAt(a), ...namesAt(b)], ['newer.test', 'old.test']);
	const {ServerCertificates} = await new ControlPortApi(emulator).ok('ReadServerCertificates');
	t.deepEqual(
		ServerCertificates.map(({Name}: {Name: string}) => Name),
		['a-443', 'a-443-2'],
	);
});

test('a listener that is asked for the same again keeps its certificate, also where another one has the same bytes', async t => {
	const emulator = await startEmulator({authority});
	t.teardown(() => emulator.stop());
	const pair = authority.issue({names: ['same.test']});
	for (const Name of ['up-1', 'up-2']) {
		await new ControlPortApi(emulator).ok('CreateServerCertificate', {Name, Body: pair.cert, PrivateKey: pair.key});
	}
	const listener = {LoadBalancerPort: 443, LoadBalancerProtocol: 'HTTPS', BackendPort: 80, BackendProtocol: 'HTTP'};
	const ServerCertificateId = 'orn:ows:idauth::123456789012:server-certificate/up-2';
	await new ControlPortApi(emulator).ok('CreateLoadBalancer', {
		LoadBalancerName: 'a',
		SubregionNames: ['eu-west-2a'],
		Listeners: [{...listener, ServerCertificateId}],
	});

	await emulator.get('a').update({listeners: [{listen: LISTEN, certificate: pair}]});

	const {LoadBalancers} = await new ControlPortApi(emulator).ok('ReadLoadBalancers');
	t.is(LoadBalancers[0].Listeners[0].ServerCertificateId, ServerCertificateId);
});

test('a certificate that the configuration describes anew stays when the load balancer that brought it goes', async t => {
	const config = {certificates: {site: {names: ['one.test']}}};
	const emulator = await startEmulator({config, authority});
	t.teardown(() => emulator.stop());
	await new ControlPortApi(emulator).ok('DeleteServerCertificate', {Name: 'site'});
	const lb = await emulator.create({listeners: [{listen: LISTEN, certificate: 'site'}], backends: 1});
	config.certificates = {site: {names: ['two.test']}};
	await emulator.reload();
	t.deepEqual(namesAt(lb), ['two.test']);

	await lb.stop();

	const {ServerCertificates} = await new ControlPortApi(emulator).ok('ReadServerCertificates');
	t.deepEqual(
		ServerCertificates.map(({Name}: {Name: string}) => Name),
		['site'],
	);
});
